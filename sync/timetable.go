package sync

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/robfig/cron/v3"

	"importarchive/db"
)

// timetable is the schedule of all clusters while Run goes on.
type timetable struct {
	engine  *Engine
	ctx     context.Context
	ticker  *cron.Cron
	entries map[string]*entry
	atStart sync.WaitGroup
}

// entry is a cluster's name in the timetable. It stays when its cluster is
// taken out: a run of it may still go on when the cluster comes back, and the
// job has the token of SkipIfStillRunning.
type entry struct {
	name    string
	cluster atomic.Pointer[Cluster] // nil: taken out
	atStart atomic.Bool             // the next run is for the start
	job     cron.Job
	id      cron.EntryID
}

func newTimetable(ctx context.Context, e *Engine) *timetable {
	return &timetable{engine: e, ctx: ctx, ticker: cron.New(cron.WithLogger(cronLog{e.Log})), entries: map[string]*entry{}}
}

// replace makes the timetable one of these clusters. A schedule that stays the
// same goes on as it was: put in anew, "@every 1h" would begin its hour again.
func (t *timetable) replace(clusters []Cluster, onStart bool) {
	stays := map[string]bool{}
	for i := range clusters {
		c := &clusters[i]
		stays[c.Name] = true
		en := t.entry(c.Name)
		was := en.cluster.Swap(c)
		switch {
		case was == nil:
			en.id = t.ticker.Schedule(c.Schedule, en.job)
			if onStart {
				en.atStart.Store(true)
				t.atStart.Go(func() {
					en.job.Run()
					en.atStart.Store(false) // skipped: an older run still goes on
				})
			}
		case !reflect.DeepEqual(was.Schedule, c.Schedule):
			t.ticker.Remove(en.id)
			en.id = t.ticker.Schedule(c.Schedule, en.job)
		}
	}
	for name, en := range t.entries {
		if !stays[name] && en.cluster.Swap(nil) != nil {
			t.ticker.Remove(en.id)
			en.atStart.Store(false)
			if m := t.engine.memories[name]; m != nil {
				m.forget()
			}
		}
	}
}

func (t *timetable) entry(name string) *entry {
	en := t.entries[name]
	if en == nil {
		en = &entry{name: name}
		log := cronLog{t.engine.Log.With().Str("cluster", name).Logger()}
		// The order matters: with Recover outside, one panic would keep the token
		// of SkipIfStillRunning, and this cluster would never be synced again.
		en.job = cron.NewChain(cron.SkipIfStillRunning(log), cron.Recover(log)).Then(t.tick(en))
		t.entries[name] = en
	}
	return en
}

// tick is what the schedule does for one cluster.
func (t *timetable) tick(en *entry) cron.FuncJob {
	return func() {
		trigger := db.BySchedule
		if en.atStart.Swap(false) {
			trigger = db.AtStart
		}
		if _, err := t.engine.sync(t.ctx, en.name, en.cluster.Load, trigger); err != nil && t.ctx.Err() == nil {
			t.engine.Log.Error().Str("cluster", en.name).Err(err).Msg("the archive can't be kept")
		}
		if en.cluster.Load() == nil {
			t.engine.memory(en.name).forget()
		}
	}
}

// interval is cron's "@every", which can't be shorter than a second.
type interval time.Duration

func (i interval) Next(t time.Time) time.Time { return t.Add(time.Duration(i)) }
