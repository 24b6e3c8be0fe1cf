package service

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/notify"
	"importarchive/timetable"
	"importarchive/web/metrics"
)

func TestEachRunOfATaskIsLoggedAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		counts, n := metrics.NewTasks(), 0
		export := &task{
			name: "export", schedule: cron.Every(time.Hour), now: time.Now, log: zerolog.New(&log).Level(zerolog.InfoLevel), counts: counts,
			do: func(ctx context.Context, _ time.Time) (func(*zerolog.Event), error) {
				n++
				switch n {
				case 2:
					return nil, errors.New("disk full")
				case 3:
					panic("out of coffee")
				case 5: // the service stops meanwhile
					<-ctx.Done()
					return nil, ctx.Err()
				}
				time.Sleep(time.Second)
				return func(event *zerolog.Event) { event.Int("files", n) }, nil
			},
		}
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Hour+time.Minute)
		defer stop()
		table := timetable.New(ctx, time.Now)
		table.Set([]timetable.Task{export.task()})
		table.Start()
		<-ctx.Done()
		table.Stop()
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		for i, line := range lines {
			if at := strings.Index(line, `,"stack"`); at >= 0 {
				lines[i] = line[:at]
			}
		}
		want := []string{
			`{"level":"info","files":1,"seconds":1,"message":"export: done"}`,
			`{"level":"error","error":"disk full","message":"export: failed"}`,
			`{"level":"error","task":"export","error":"out of coffee"`,
			`{"level":"info","files":4,"seconds":1,"message":"export: done"}`,
			`{"level":"info","message":"export: given up, the service stops"}`,
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Error(diff)
		}
	})
}

// A tick that comes while a task still runs is skipped. The log names the task,
// but says nothing of notices: they look for work every few seconds, and a
// webhook that does not answer holds them up for longer.
func TestASkippedTickNamesItsTaskUnlessItIsOfNotices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		logger := zerolog.New(&log).Level(zerolog.InfoLevel)
		slow := func(context.Context) { time.Sleep(90 * time.Minute) }
		prune := (&task{name: "prune", schedule: cron.Every(time.Hour), log: logger}).task()
		news := notices(&notify.Notifier{Log: logger})
		prune.Do, news.Do, news.Start = slow, slow, nil
		ctx, stop := context.WithTimeout(t.Context(), 2*time.Hour+time.Minute)
		defer stop()
		table := timetable.New(ctx, time.Now)
		table.Set([]timetable.Task{prune, news})
		table.Start()
		<-ctx.Done()
		table.Stop()
		const want = `{"level":"warn","task":"prune","message":"the run before is still going on; this one is skipped"}` + "\n"
		if diff := cmp.Diff(want, log.String()); diff != "" {
			t.Error(diff)
		}
	})
}
