package timetable_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/timetable"
)

// jump moves the clock, at this time of the story.
type jump struct{ at, by time.Duration }

// ticks runs a task on a schedule for some hours, and moves its clock meanwhile. It
// returns when the task ran, by the time that really passed. The story begins at
// midnight.
func ticks(t *testing.T, spec string, during time.Duration, jumps ...jump) string {
	t.Helper()
	schedule, err := cron.ParseStandard("TZ=UTC " + spec)
	if strings.HasPrefix(spec, "@every") {
		schedule, err = cron.ParseStandard(spec)
	}
	if err != nil {
		t.Fatal(err)
	}
	var ran []string
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), during+time.Second)
		defer stop()
		began := time.Now()
		var ahead atomic.Int64 // of the clock, in nanoseconds
		table := timetable.New(ctx, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
		table.Set([]timetable.Task{{Name: "x", Schedule: schedule, Log: zerolog.Nop(), Do: func(context.Context) {
			ran = append(ran, fmt.Sprint(time.Since(began).Round(time.Second)))
		}}})
		table.Start()
		for _, j := range jumps {
			time.Sleep(j.at - time.Since(began))
			synctest.Wait()
			ahead.Add(int64(j.by))
		}
		<-ctx.Done()
		table.Stop()
	})
	return strings.Join(ran, " ")
}

func TestTasksFindTheirWayBackWhenTheClockIsMended(t *testing.T) {
	const day, year = 24 * time.Hour, 366 * 24 * time.Hour
	for _, row := range []struct {
		story, schedule string
		during          time.Duration
		jumps           []jump
		want            string
	}{
		{"no jump", "0 * * * *", 3 * time.Hour, nil, "1h0m0s 2h0m0s 3h0m0s"},
		{"no jump, with an interval", "@every 90s", 5 * time.Minute, nil, "1m30s 3m0s 4m30s"},
		{
			"a year ahead for five minutes: what became due runs once, and then the schedule goes on", "0 * * * *", 3 * time.Hour,
			[]jump{{30 * time.Minute, year}, {35 * time.Minute, -year}},
			"30m15s 1h0m0s 2h0m0s 3h0m0s",
		},
		{
			"a year ahead for five minutes, with an interval", "@every 1h", 3 * time.Hour,
			[]jump{{30 * time.Minute, year}, {35*time.Minute + time.Second, -year}},
			"30m15s 1h35m15s 2h35m15s",
		},
		{
			"a year back for five minutes: to the task, its tick has passed when the clock comes back", "0 * * * *", 3 * time.Hour,
			[]jump{{30 * time.Minute, -year}, {35 * time.Minute, year}},
			"35m15s 1h0m0s 2h0m0s 3h0m0s",
		},
		{
			"a year back for good", "0 3 * * *", 28 * time.Hour,
			[]jump{{30 * time.Minute, -year}},
			"3h0m0s 27h0m0s",
		},
		{
			"an hour ahead: what became due runs once", "*/5 * * * *", 20 * time.Minute,
			[]jump{{7 * time.Minute, time.Hour}},
			"5m0s 7m15s 10m0s 15m0s 20m0s",
		},
		{
			"an hour back: the day's run is not repeated", "0 3 * * *", 28 * time.Hour,
			[]jump{{3*time.Hour + 30*time.Minute, -time.Hour}},
			"3h0m0s 28h0m0s",
		},
		{
			"ten seconds back, just after the tick", "*/5 * * * *", 15 * time.Minute,
			[]jump{{5*time.Minute + 5*time.Second, -10 * time.Second}},
			"5m0s 10m10s",
		},
		{
			"a second back, again and again", "@every 1m", 5 * time.Minute,
			[]jump{{30 * time.Second, -time.Second}, {90 * time.Second, -time.Second}, {150 * time.Second, -time.Second}},
			"1m1s 2m2s 3m3s 4m3s",
		},
		{"days that never come", "0 0 30 2 *", 3 * time.Hour, []jump{{time.Hour, -year}}, ""},
	} {
		t.Run(row.story, func(t *testing.T) {
			if got := ticks(t, row.schedule, row.during, row.jumps...); got != row.want {
				t.Errorf("it ran at %s, want %s", got, row.want)
			}
		})
	}
}
