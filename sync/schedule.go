package sync

import (
	"context"
	"time"

	"github.com/robfig/cron/v3"

	"importarchive/db"
)

// Run syncs every cluster on its schedule until the context ends, then waits
// for the runs under way to close. With onStart it begins with a run of each.
func (e *Engine) Run(ctx context.Context, onStart bool) {
	t := NewTimetable(ctx)
	t.Set(e.Tasks(onStart))
	t.Start()
	<-ctx.Done()
	t.Stop()
}

// Tasks gives the runs of each cluster as a task, with onStart also one at
// once.
func (e *Engine) Tasks(onStart bool) []Task {
	var all []Task
	for i := range e.Clusters {
		c := &e.Clusters[i]
		task := Task{
			Name: "sync " + c.Name, Schedule: c.Schedule, Log: e.Log.With().Str("cluster", c.Name).Logger(),
			Do: func(ctx context.Context) { e.tick(ctx, c, db.BySchedule) },
		}
		if onStart {
			task.Start = func(ctx context.Context) { e.tick(ctx, c, db.AtStart) }
		}
		all = append(all, task)
	}
	return all
}

func (e *Engine) tick(ctx context.Context, c *Cluster, t db.Trigger) {
	if _, err := e.Sync(ctx, c, t); err != nil && ctx.Err() == nil {
		e.Log.Error().Str("cluster", c.Name).Err(err).Msg("the archive can't be kept")
	}
}

// Expected is how long it is from a run to the next one, by the schedule: what
// gaps and freshness are measured against. A run by hand may come just before
// a tick, and the schedule may pause over night: the longer of this interval
// and the next is what the schedule promises.
func Expected(s cron.Schedule, now time.Time) time.Duration {
	next := s.Next(now)
	return max(next.Sub(now), s.Next(next).Sub(next)).Round(time.Second)
}

// StaleAfter is how old the newest conclusive listing, which ended at this time,
// may become before its cluster is stale: twice what the schedule promises.
// A gap is recorded by the same measure.
func StaleAfter(s cron.Schedule, ended time.Time) time.Duration { return 2 * Expected(s, ended) }
