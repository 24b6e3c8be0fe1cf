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
		table := timetable.New(ctx)
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
			`{"level":"error","error":"out of coffee"`,
			`{"level":"info","files":4,"seconds":1,"message":"export: done"}`,
			`{"level":"info","message":"export: given up, the service stops"}`,
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Error(diff)
		}
	})
}
