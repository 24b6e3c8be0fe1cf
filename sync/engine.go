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

// Lister reads one cluster's list, page by page. An error ends the sequence and is
// a [*remote.Error]. Before a lister yields a page, it may call surely. If surely
// returns true, the engine needs the next page whatever this one holds, and the
// lister may request the next page at once.
type Lister interface {
	Pages(ctx context.Context, surely func() bool) iter.Seq2[remote.Page, error]
}

// Cluster is one cluster whose listing the engine archives.
type Cluster struct {
	Name      string // its name in the archive
	API       string
	ClusterID string
	BaseURL   string
	Schedule  cron.Schedule
	GoneAfter int // a job is gone after so many complete listings in a row without it

	// CompleteEvery is the greatest age of the newest complete listing at which a
	// quick listing is enough, see quick.go. 0: every listing is complete.
	CompleteEvery time.Duration

	Remote  Lister
	Details bool // the engine also queries single jobs, see describe.go
}

// Engine keeps an archive in step with its clusters. The caller sets the fields
// before the first call and does not change them later.
type Engine struct {
	Store    db.Store
	Clusters []Cluster
	Parallel int // the most listings at the same time, see slot; 0: one
	Now      func() time.Time
	Log      zerolog.Logger

	// Memories, if not nil, is shared with the engine that this one replaces. Runs
	// of that engine may still go on. nil: the engine makes its own.
	Memories *Memories

	// Progress, if not nil, is called after every page, from several goroutines.
	Progress func(cluster string, pages, listed int)

	once  sync.Once
	slots [2]chan struct{}
}

// Memories holds what engines remember of their clusters between runs.
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

// Keep removes the memory of all clusters but these.
func (m *Memories) Keep(clusters []Cluster) {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.all, func(name string, _ *memory) bool {
		return !slices.ContainsFunc(clusters, func(c Cluster) bool { return c.Name == name })
	})
}

// memory is what the engine remembers of one cluster between runs. A run holds the
// mutex running, so a cluster has one run at a time.
type memory struct {
	running            sync.Mutex
	known              *db.Known // nil: the next run loads it
	unclosed           *db.Run   // the previous run, if the archive could not close it
	silent             bool      // the previous run got no page from the service
	previousConclusive bool      // the previous run was complete or quick
	pages              int       // number of pages of the newest complete listing
	details            queue     // jobs to query after a listing
	absent             queue     // jobs to query because a listing lacks them
	answered           bool      // the service has answered a query for one job
}

// SyncAll makes one run for each of these clusters, at most Parallel at a time. It
// returns the runs in the order of the clusters, and nil for a run that never
// began. A failure of one cluster does not affect the others and is recorded in
// its run. The returned error is a failure of the archive.
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

// Sync makes one run: it reads the cluster's listing, stores what that changes, and
// closes the run whatever happens. A failure of the cluster is recorded in the
// run. The returned error is a failure of the archive, or the context's error if
// the context ended before the run could begin.
func (e *Engine) Sync(ctx context.Context, c *Cluster, t db.Trigger) (*db.Run, error) {
	e.once.Do(e.begin)
	due := e.Now()
	m := e.Memories.of(c.Name)
	m.running.Lock() // before the slot, so that a run waiting for its own cluster occupies none
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
		leave() // the queries for details are slow on purpose and must not delay listings
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

// slot waits for one of Parallel slots. A run holds its slot while it reads the
// listing. Clusters whose last run got no page use a second set of as many slots.
// A service that hangs occupies its slot until the client has used up its tries,
// often for minutes, and the second set keeps it from delaying the others.
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
	if ctx.Err() != nil { // select chose the slot although the context had ended
		leave()
		return nil, context.Cause(ctx)
	}
	return leave, nil
}

// allowance is the time that a cancelled run has to store its batch and close. It
// counts from the cancellation. If it counted from the start of the run, it would
// interrupt the commit of a large first listing.
const allowance = 10 * time.Second

// afterCancel returns a context that ends this long after ctx.
func afterCancel(ctx context.Context, d time.Duration) (context.Context, func()) {
	grace, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(d, cancel)
		context.AfterFunc(grace, func() { t.Stop() })
	})
	return grace, func() { stop(); cancel() }
}

// report logs one line for the run. The caller logs failures of the archive.
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
	if row.ClockOffset != nil {
		if doubt := db.OffsetDoubt(*row.ClockOffset); doubt != "" {
			e.Log.Warn().Str("cluster", row.Cluster.Name).Float64("clock_offset_seconds", row.ClockOffset.Seconds()).
				Msg(doubt + ": nothing of this cluster is pruned; " + db.MendClock)
		}
	}
	event.Msg("synced")
}
