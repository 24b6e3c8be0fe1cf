package sync

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
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
	Details bool // runs ask for single jobs, too; see describe.go
}

// Engine keeps an archive in step with its clusters. Its fields are set once,
// before the first call.
type Engine struct {
	Store    db.Store
	Clusters []Cluster
	Parallel int // at most so many listings at the same time, see slot; 0: one
	Now      func() time.Time
	Log      zerolog.Logger

	// Memories, where set, is shared with the engine whose settings this one
	// replaces, whose runs may still go on. nil: its own.
	Memories *Memories

	// Progress, where set, is called with every page, from several goroutines.
	Progress func(cluster string, pages, listed int)

	once  sync.Once
	slots [2]chan struct{}
}

// Memories is what engines remember of clusters between their runs.
type Memories struct {
	mu  sync.Mutex
	all map[string]*memory
}

func (m *Memories) of(cluster string) *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[string]*memory{}
	}
	if m.all[cluster] == nil {
		m.all[cluster] = &memory{}
	}
	return m.all[cluster]
}

// Keep forgets all clusters but these.
func (m *Memories) Keep(clusters []Cluster) {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.all, func(name string, _ *memory) bool {
		return !slices.ContainsFunc(clusters, func(c Cluster) bool { return c.Name == name })
	})
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
// never began. What happens to one cluster does not touch another, and its run
// says so; the error is of the archive.
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
	e.once.Do(e.begin)
	due := e.Now()
	m := e.Memories.of(c.Name)
	m.running.Lock() // before the slot: a run that waits for its own cluster must not keep others out
	defer m.running.Unlock()
	leave, err := e.slot(ctx, m.silent)
	if err != nil {
		return nil, err
	}
	defer leave()
	grace, release := afterCancel(ctx, allowance)
	defer release()
	r := &run{engine: e, cluster: c, memory: m, due: due, grace: grace}
	err = r.sync(ctx, t)
	m.silent = r.row.Pages == 0 && r.row.ErrorKind != ""
	e.report(r)
	if err == nil {
		leave() // asking for details is slow on purpose, and must not hold up listings
		err = r.describe(ctx)
	}
	return &r.row, err
}

func (e *Engine) begin() {
	if e.Memories == nil {
		e.Memories = &Memories{}
	}
	for i := range e.slots {
		e.slots[i] = make(chan struct{}, max(1, e.Parallel))
	}
}

// slot waits for one of Parallel slots, which a run holds while it lists.
// Clusters whose last run got no page share as many slots of their own: a
// service that hangs does so until its tries are used up, often for minutes,
// and takes no slot from those that answer.
func (e *Engine) slot(ctx context.Context, silent bool) (leave func(), err error) {
	slots := e.slots[0]
	if silent {
		slots = e.slots[1]
	}
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	leave = sync.OnceFunc(func() { <-slots })
	if ctx.Err() != nil { // both came at once
		leave()
		return nil, context.Cause(ctx)
	}
	return leave, nil
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

// report logs one line for the run. What is wrong with the archive is an error
// that the caller logs.
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
