package sync

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/sync/remote"
)

// Lister reads one cluster's list, page by page. An error comes once and
// last, and is a [*remote.Error]. A lister may ask surely, when a page has come
// and before it gives that page, whether the page after it will be wanted
// whatever this one has; only then does it ask for that page meanwhile.
type Lister interface {
	Pages(ctx context.Context, surely func() bool) iter.Seq2[remote.Page, error]
}

// Cluster is one listing to be archived.
type Cluster struct {
	Name      string // the archive knows it by this
	API       string
	ClusterID string
	BaseURL   string
	Schedule  cron.Schedule
	GoneAfter int // complete listings in a row without a job before it is gone

	// CompleteEvery is how old the newest complete listing may be for a quick one
	// to do, see quick.go. 0: every listing is complete.
	CompleteEvery time.Duration

	Remote  Lister
	Details bool // jobs are asked for alone, too; see describe.go
}

// Engine keeps an archive in step with its clusters. Its fields are set once,
// before the first call; Replace changes two of them.
type Engine struct {
	Store    db.Store
	Clusters []Cluster
	Parallel int // runs that work at the same time; see place.go
	Now      func() time.Time
	Log      zerolog.Logger

	// Progress, where set, is told of every page. It is called from several
	// goroutines.
	Progress func(cluster string, pages, listed int)

	// Alive, where set, is called by the ticker that starts the runs, at this
	// interval: no calls mean that nothing is synced on schedule any more. A
	// call that takes longer than the interval has the next one beside it.
	Alive      func()
	AliveEvery time.Duration

	places    places
	mu        sync.Mutex
	memories  map[string]*memory
	timetable *timetable // while Run goes on
}

// memory is what is kept of a cluster between its runs. A cluster has one run
// at a time.
type memory struct {
	running            sync.Mutex
	known              *db.Known // nil: to be loaded
	unclosed           *db.Run   // the run before, where it could not be closed
	silent             bool      // the service gave nothing to the run before
	previousConclusive bool      // the run before was complete or quick
	pages              int       // of the newest complete listing
	details            queue     // of jobs to ask for after a listing
	absent             queue     // of jobs to ask for because a listing lacks them
	answered           bool      // the service has answered a question about one job
}

// SyncAll makes one run for each of these clusters, at most Parallel at a
// time. The runs come back in the order of the clusters, nil for one that
// was never begun. What happens to one cluster does not touch another, and
// is told by its run; the error is of the archive.
func (e *Engine) SyncAll(ctx context.Context, t db.Trigger, clusters []Cluster) ([]*db.Run, error) {
	runs := make([]*db.Run, len(clusters))
	errs := make([]error, len(clusters))
	var all sync.WaitGroup
	for i := range clusters {
		all.Go(func() { runs[i], errs[i] = e.Sync(ctx, &clusters[i], t) })
	}
	all.Wait()
	return runs, errors.Join(errs...)
}

// Sync makes one run: it reads the cluster's listing, stores what that changes,
// and closes the run whatever happens. The error is of the archive, or the
// context's where that ended before the run could begin; what is wrong with
// the cluster stands in the run.
func (e *Engine) Sync(ctx context.Context, c *Cluster, t db.Trigger) (*db.Run, error) {
	return e.sync(ctx, c.Name, func() *Cluster { return c }, t)
}

// sync asks for the cluster when the run can begin: what it waited for may
// have taken long. Where there is none any more it makes no run.
func (e *Engine) sync(ctx context.Context, name string, cluster func() *Cluster, t db.Trigger) (*db.Run, error) {
	m := e.memory(name)
	m.running.Lock() // before a place is taken: whoever waits for this cluster must not keep others out
	defer m.running.Unlock()
	p := &place{all: &e.places}
	defer p.leave()
	if !m.silent { // or it is to be expected that it only waits
		p.take(ctx)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	c := cluster()
	if c == nil {
		return nil, nil
	}
	grace, release := afterCancel(ctx, allowance)
	defer release()
	r := &run{engine: e, cluster: c, memory: m, place: p, grace: grace}
	err := r.sync(ctx, t)
	m.silent = r.row.Pages == 0 && r.row.ErrorKind != ""
	e.report(r)
	if err == nil {
		p.leave() // nobody waits for a job's details
		err = r.details(ctx)
	}
	return &r.row, err
}

// allowance is how long a run may take to store what it has and close after
// it was cancelled. It counts from the cancellation: counted from the run's
// start it would cut the commit of a large first listing short.
const allowance = 10 * time.Second

func afterCancel(ctx context.Context, d time.Duration) (context.Context, func()) {
	grace, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(d, cancel)
		context.AfterFunc(grace, func() { t.Stop() })
	})
	return grace, func() { stop(); cancel() }
}

func (e *Engine) memory(cluster string) *memory {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.memories == nil {
		e.places.resize(max(1, e.Parallel))
		e.memories = map[string]*memory{}
	}
	if e.memories[cluster] == nil {
		e.memories[cluster] = &memory{}
	}
	return e.memories[cluster]
}

// forget frees what is known of a cluster that was taken out. While a run goes
// on it does nothing, and is called again when that has ended.
func (m *memory) forget() {
	if m.running.TryLock() {
		m.known = nil
		m.running.Unlock()
	}
}

// report writes the run's one line. What is wrong with the archive is an
// error, and for the caller to tell.
func (e *Engine) report(r *run) {
	row := &r.row
	event := e.Log.Info()
	if !row.Outcome.Conclusive() {
		event = e.Log.Warn()
	}
	event = event.Str("cluster", row.Cluster.Name).Int64("run", row.ID).Str("trigger", string(row.Trigger)).
		Str("outcome", string(row.Outcome)).Int("pages", row.Pages).Int("listed", row.Listed).
		Int("appeared", row.Appeared).Int("moved", row.Moved).Int("gone", row.Gone).Int("returned", row.Returned).
		Int("rejected", row.Rejected).Int("requests", row.Requests).Int("retries", row.Retries).
		Float64("seconds", row.FinishedAt.Sub(row.StartedAt).Seconds())
	if n := row.Absences; n != (db.Absences{}) {
		event = event.Int("absences_asked", n.Asked).Int("absences_confirmed", n.Confirmed).Int("absences_denied", n.Denied).
			Int("absences_undecided", n.Undecided).Int("absences_unconfirmed", n.Unconfirmed)
	}
	if row.ErrorKind != "" {
		event = event.Str("error_kind", row.ErrorKind).Str("error", row.Error)
	}
	if r.clockBehind > 0 {
		event = event.Stringer("clock_behind", r.clockBehind)
	}
	event.Msg("synced")
}
