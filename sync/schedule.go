package sync

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/db"
)

// Run syncs every cluster on its schedule until the context ends, then waits
// for the runs under way to close. With onStart it begins with a run of each.
func (e *Engine) Run(ctx context.Context, onStart bool) {
	log := cronLog{e.Log}
	// The order matters: with Recover outside, one panic would keep the token
	// of SkipIfStillRunning, and this cluster would never be synced again.
	chain := cron.NewChain(cron.SkipIfStillRunning(log), cron.Recover(log))
	ticker := cron.New(cron.WithLogger(log))
	var starting sync.WaitGroup
	for i := range e.Clusters {
		job := chain.Then(e.tick(ctx, &e.Clusters[i], onStart))
		ticker.Schedule(e.Clusters[i].Schedule, job)
		if onStart {
			starting.Go(job.Run)
		}
	}
	ticker.Start()
	<-ctx.Done()
	<-ticker.Stop().Done()
	starting.Wait()
}

// tick is what the schedule does for one cluster.
func (e *Engine) tick(ctx context.Context, c *Cluster, onStart bool) cron.FuncJob {
	var later atomic.Bool
	return func() {
		trigger := db.BySchedule
		if onStart && !later.Swap(true) {
			trigger = db.AtStart
		}
		if _, err := e.Sync(ctx, c, trigger); err != nil && ctx.Err() == nil {
			e.Log.Error().Str("cluster", c.Name).Err(err).Msg("the archive can't be kept")
		}
	}
}

// Expected is how long it is from a run to the next one, by the schedule: what
// gaps and freshness are measured against. A run by hand may come just before
// a tick, and the schedule may pause over night: the longer of this interval
// and the next is what was promised.
func Expected(s cron.Schedule, now time.Time) time.Duration {
	next := s.Next(now)
	return max(next.Sub(now), s.Next(next).Sub(next)).Round(time.Second)
}

// cronLog writes cron's words into our log. It speaks when it skips a run or
// contains a panic.
type cronLog struct{ zerolog.Logger }

func (l cronLog) Info(msg string, pairs ...any) {
	event := l.Debug()
	if msg == "skip" {
		event, msg = l.Warn(), "the run before is still going on; this one is skipped"
	}
	event.Fields(texts(pairs)).Msg(msg)
}

func (l cronLog) Error(err error, msg string, pairs ...any) {
	l.Logger.Error().Err(err).Fields(texts(pairs)).Msg(msg)
}

// texts keeps zerolog from looking inside cron's values by reflection.
func texts(pairs []any) []any {
	out := make([]any, len(pairs))
	for i, v := range pairs {
		out[i] = fmt.Sprint(v)
	}
	return out
}
