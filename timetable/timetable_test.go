package timetable_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	_ "importarchive/longtest"
	"importarchive/timetable"
)

func TestATaskThatPanicsKeepsItsSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		ctx, stop := context.WithTimeout(t.Context(), 210*time.Second)
		defer stop()
		table, n := timetable.New(ctx, time.Now), 0
		table.Set([]timetable.Task{{
			Name: "x", Schedule: cron.Every(time.Minute), Log: zerolog.New(&log),
			Do: func(context.Context) {
				if n++; n == 2 {
					panic("out of coffee")
				}
			},
		}})
		table.Start()
		<-ctx.Done()
		table.Stop()
		if n != 3 || strings.Count(log.String(), "out of coffee") != 1 {
			t.Errorf("it ran %d times\n%s", n, log.String())
		}
	})
}

func TestATickThatComesTooSoonIsSkippedAndLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		ctx, stop := context.WithTimeout(t.Context(), 210*time.Second)
		defer stop()
		table, n := timetable.New(ctx, time.Now), 0
		table.Set([]timetable.Task{{
			Name: "x", Schedule: cron.Every(time.Minute), Log: zerolog.New(&log).With().Str("task", "x").Logger().Level(zerolog.WarnLevel),
			Do: func(context.Context) { n++; time.Sleep(90 * time.Second) },
		}})
		table.Start()
		<-ctx.Done()
		table.Stop()
		const want = `{"level":"warn","task":"x","message":"the run before is still going on; this one is skipped"}` + "\n"
		if n != 2 || log.String() != want {
			t.Errorf("it ran %d times\n%s", n, log.String())
		}
	})
}
