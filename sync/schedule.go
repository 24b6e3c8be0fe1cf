package sync

import (
	"context"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"
)

// Run syncs every cluster on its schedule until the context ends, then waits
// for the runs under way to close. With onStart it begins with a run of each.
func (e *Engine) Run(ctx context.Context, onStart bool) {
	t := newTimetable(ctx, e)
	if e.Alive != nil {
		t.ticker.Schedule(interval(e.AliveEvery), cron.NewChain(cron.Recover(cronLog{e.Log})).Then(cron.FuncJob(e.Alive)))
	}
	e.mu.Lock()
	e.timetable = t
	t.replace(e.Clusters, onStart)
	e.mu.Unlock()
	t.ticker.Start()
	<-ctx.Done()
	e.mu.Lock()
	e.timetable = nil
	e.mu.Unlock()
	<-t.ticker.Stop().Done()
	t.atStart.Wait()
}

// Replace changes the clusters and how many of them are synced at the same
// time, while Run goes on too. Runs under way finish as they began, and what
// is known of a cluster is kept; a run that waits for its place begins with
// the new settings, or not at all when its cluster was taken out. With onStart
// clusters that are new are synced at once, as if the service had started with
// them.
func (e *Engine) Replace(clusters []Cluster, parallel int, onStart bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.Clusters, e.Parallel = clusters, parallel
	e.places.resize(max(1, parallel))
	if e.timetable != nil {
		e.timetable.replace(clusters, onStart)
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

// StaleAfter is how old the newest complete listing, which ended at this time,
// may become before its cluster is stale: twice what the schedule promised.
// A gap is recorded by the same measure.
func StaleAfter(s cron.Schedule, complete time.Time) time.Duration { return 2 * Expected(s, complete) }

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
