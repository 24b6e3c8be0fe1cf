package service

import (
	"context"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/timetable"
	"importarchive/web/metrics"
)

// task is an export, a backup or a prune: work beside the syncs that is logged
// and counted each time.
type task struct {
	name     string // such as "export", in the log and in metrics
	schedule cron.Schedule
	now      func() time.Time
	log      zerolog.Logger
	counts   *metrics.Tasks

	// do does the work once. done adds the result to the log line.
	do func(ctx context.Context, now time.Time) (done func(*zerolog.Event), err error)
}

func (t *task) task() timetable.Task {
	log := t.log.With().Str("task", t.name).Logger()
	return timetable.Task{Name: t.name, Schedule: t.schedule, Log: log, Do: t.once}
}

// once does the task now. One that panics counts as failed; the timetable logs
// the panic.
func (t *task) once(ctx context.Context) {
	panicked := true
	defer func() {
		if panicked {
			t.counts.Failed(t.name)
		}
	}()
	now := t.now()
	done, err := t.do(ctx, now)
	panicked = false
	switch {
	case err != nil && ctx.Err() != nil:
		t.log.Info().Msg(t.name + ": given up, the service stops")
	case err != nil:
		t.counts.Failed(t.name)
		t.log.Error().Err(err).Msg(t.name + ": failed")
	default:
		t.counts.Done(t.name, float64(t.now().Unix()))
		event := t.log.Info()
		done(event)
		event.Float64("seconds", t.now().Sub(now).Seconds()).Msg(t.name + ": done")
	}
}
