package sync

import (
	"context"

	"importarchive/db"
	"importarchive/timetable"
)

// Run syncs every cluster on its schedule until the context ends. It then waits
// until the runs under way are closed. With onStart it first makes one run of each
// cluster.
func (e *Engine) Run(ctx context.Context, onStart bool) {
	t := timetable.New(ctx, e.Now)
	t.Set(e.Tasks(onStart))
	t.Start()
	<-ctx.Done()
	t.Stop()
}

// Tasks returns one task for each cluster, which makes its runs. With onStart a
// task also makes a run when a timetable first gets it.
func (e *Engine) Tasks(onStart bool) []timetable.Task {
	var all []timetable.Task
	for i := range e.Clusters {
		c := &e.Clusters[i]
		task := timetable.Task{
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
