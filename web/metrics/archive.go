package metrics

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"importarchive/db"
	"importarchive/db/rows"
	"importarchive/db/store"
	"importarchive/status"
)

// readWithin is less than the ten seconds after which Prometheus gives up, so that
// it gets archive_readable 0 in time.
const readWithin = 8 * time.Second

// archiveCollector reads the archive at each scrape.
type archiveCollector struct {
	*Source
	metrics *metrics
}

// Describe implements [prometheus.Collector]. It describes none, because a scrape may
// lack any of them; each scrape checks those that it has.
func (a *archiveCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (a *archiveCollector) Collect(into chan<- prometheus.Metric) {
	s := scrape{a.metrics, into}
	s.buildInfo(a.Version)
	s.whether(s.writable, a.Written() == nil)
	a.files(s)
	ctx, cancel := context.WithTimeout(context.Background(), readWithin)
	defer cancel()
	r, err := a.reading(ctx)
	s.whether(s.readable, err == nil)
	if err == nil { // all or nothing: a partial scrape would look as if clusters had been removed
		r.send(s)
	}
}

// files sends sizes of files, as far as they can be read.
func (a *archiveCollector) files(s scrape) {
	if free, err := a.Free(); err == nil {
		s.is(s.free, float64(free))
	}
	path, err := filepath.EvalSymlinks(a.Path) // the write-ahead log is beside the file, not the link
	if err != nil {
		return
	}
	file, err := os.Stat(path)
	if err != nil {
		return
	}
	s.is(s.size, float64(file.Size()))
	size := 0.0 // there may be no log
	if log, err := os.Stat(path + "-wal"); err == nil {
		size = float64(log.Size())
	}
	s.is(s.log, size)
}

// reading has the values that one transaction read.
type reading struct {
	*status.Status
	schema int64
	tally  []store.TallyLine
	totals []clusterTotals
}

// clusterTotals are the counts of a cluster since it was first archived.
type clusterTotals struct {
	cluster                                  string
	complete, quick, partial, failed         int64
	interrupted                              int64
	pages, requests, retries, rejects, gaps  int64
	appeared, moved, renamed, gone, returned int64
	gapSeconds                               float64
}

func (a *archiveCollector) reading(ctx context.Context) (r *reading, err error) {
	tx, err := a.Archive.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // fails if the context has ended, which rolls back too
	r = &reading{}
	if r.Status, err = a.Status(ctx, tx); err != nil {
		return nil, err
	}
	if err := tx.QueryRowContext(ctx, `SELECT user_version FROM pragma_user_version`).Scan(&r.schema); err != nil {
		return nil, err
	}
	if r.tally, err = store.Tally(ctx, tx); err != nil {
		return nil, err
	}
	r.totals, err = totals(ctx, tx)
	return r, err
}

func totals(ctx context.Context, tx *sql.Tx) ([]clusterTotals, error) {
	return rows.All(ctx, tx, func(h *clusterTotals) []any {
		return []any{
			&h.cluster, &h.complete, &h.partial, &h.failed, &h.interrupted, &h.quick, &h.pages, &h.requests, &h.retries,
			&h.appeared, &h.moved, &h.renamed, &h.gone, &h.returned, &h.rejects, &h.gaps, &h.gapSeconds,
		}
	}, `SELECT cluster, runs_complete, runs_partial, runs_failed, runs_interrupted, runs_quick, pages, requests, retries,
		appeared, moved, renamed, gone, returned, rejects, gaps, gap_seconds FROM totals`)
}

func (r *reading) send(s scrape) {
	s.is(s.schema, float64(r.schema))
	behind := 0.0
	if r.ClockBehindSeconds != nil {
		behind = *r.ClockBehindSeconds
	}
	s.is(s.clockBehind, behind)
	underWay := 0
	for i := range r.Clusters {
		cl := &r.Clusters[i]
		if cl.RunningSince != nil {
			underWay++
		}
		name := validName(cl.Name)
		s.at(s.lastConclusive, cl.LastConclusiveAt, name)
		s.at(s.lastComplete, cl.LastCompleteAt, name)
		s.is(s.rejected, float64(cl.Rejects), name)
		if cl.InSettings {
			s.whether(s.enabled, !cl.Off(), name)
		}
		if cl.InSettings && !cl.Off() { // an alert about a cluster that nothing syncs any more would never end
			s.whether(s.fresh, !cl.NotFresh(), name)
			s.is(s.expected, *cl.StaleAfterSeconds/2, name)
			s.is(s.openGap, cl.OpenGapSeconds, name)
			s.is(s.failures, float64(cl.Failures), name)
		}
	}
	s.is(s.underWay, float64(underWay))
	r.sendJobs(s)
	for i := range r.totals {
		r.totals[i].send(s)
	}
}

// sendJobs also sends zeros for states without jobs, so that graphs have no holes. A
// job that went away unfinished is lost, as in the view jobs: nothing says that it is
// still running.
func (r *reading) sendJobs(s scrape) {
	type key struct {
		state db.State
		gone  bool
	}
	count := map[string]map[key]int64{}
	for i := range r.totals {
		count[r.totals[i].cluster] = map[key]int64{}
	}
	for _, j := range r.tally {
		count[j.Cluster][key{j.State, j.Gone}] = j.Jobs
	}
	for cluster, of := range count {
		lost := int64(0)
		for _, state := range []db.State{db.Pending, db.Running, db.Completed, db.Failed, db.Cancelled, db.Unknown} {
			s.is(s.jobs, float64(of[key{state, false}]), validName(cluster), string(state), "listed")
			if state.Terminal() {
				s.is(s.jobs, float64(of[key{state, true}]), validName(cluster), string(state), "gone")
			} else {
				lost += of[key{state, true}]
			}
		}
		s.is(s.jobs, float64(lost), validName(cluster), "lost", "gone")
	}
}

func (h *clusterTotals) send(s scrape) {
	cluster := validName(h.cluster)
	for outcome, n := range map[string]int64{
		"complete": h.complete, "quick": h.quick, "partial": h.partial, "failed": h.failed, "interrupted": h.interrupted,
	} {
		s.is(s.runs, float64(n), cluster, outcome)
	}
	for kind, n := range map[string]int64{
		"appeared": h.appeared, "moved": h.moved, "renamed": h.renamed, "gone": h.gone, "returned": h.returned,
	} {
		s.is(s.transitions, float64(n), cluster, kind)
	}
	s.is(s.pages, float64(h.pages), cluster)
	s.is(s.requests, float64(h.requests), cluster)
	s.is(s.retries, float64(h.retries), cluster)
	s.is(s.rejects, float64(h.rejects), cluster)
	s.is(s.gaps, float64(h.gaps), cluster)
	s.is(s.gapSeconds, h.gapSeconds, cluster)
}

// validName replaces invalid UTF-8, which would make the whole scrape fail.
func validName(name string) string { return strings.ToValidUTF8(name, "\ufffd") }
