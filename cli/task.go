package cli

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/web/metrics"
)

// task is something that the service does on a schedule of its own, beside the
// syncs. What goes wrong with it, a panic too, harms nothing else.
type task struct {
	name     string // such as "export", as the log calls it
	schedule cron.Schedule
	now      func() time.Time
	log      zerolog.Logger // with what tells this task from others of its kind
	reads    []string       // as a companion's
	counts   *metrics.Tasks // nil: nobody wants to know

	// do does it once. What it returns is written into the line that says
	// that it was done.
	do func(ctx context.Context, now time.Time) (done func(*zerolog.Event), err error)
}

// run does the task at each time of its schedule until the context ends; what
// is under way then is given up. When it is replaced, what is under way is
// finished. There is one at a time, so what falls due while one takes its time
// is left out.
func (t *task) run(ctx context.Context, replaced <-chan struct{}) {
	for began := t.now(); ; {
		due, now := t.schedule.Next(began), t.now()
		if due.Before(now) {
			t.log.Warn().Time("due", due.UTC()).Msg(t.name + ": the one before took longer than the schedule has between two; this one is skipped")
			due = t.schedule.Next(now)
		}
		timer := time.NewTimer(due.Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-replaced:
			timer.Stop()
			return
		case <-timer.C:
		}
		began = t.now()
		t.once(ctx, began)
		if began.Before(due) { // the clock was set back meanwhile; what was due is done
			began = due
		}
	}
}

// once does the task now, and writes its line in the log.
func (t *task) once(ctx context.Context, now time.Time) {
	done, err := t.contained(ctx, now)
	switch {
	case err != nil && ctx.Err() != nil:
		t.log.Info().Msg(t.name + ": given up, the service stops")
	case err != nil:
		if t.counts != nil {
			t.counts.Failed(t.name)
		}
		t.log.Error().Err(err).Msg(t.name + ": failed")
	default:
		if t.counts != nil {
			t.counts.Done(t.name, float64(t.now().Unix()))
		}
		event := t.log.Info()
		if done != nil {
			done(event)
		}
		event.Float64("seconds", t.now().Sub(now).Seconds()).Msg(t.name + ": done")
	}
}

func (t *task) contained(ctx context.Context, now time.Time) (done func(*zerolog.Event), err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return t.do(ctx, now)
}
