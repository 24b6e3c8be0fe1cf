package web

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// archiveCollector collects what stands in the archive, at each scrape anew.
type archiveCollector struct {
	*Source
	metrics *metrics
}

// Describe implements [prometheus.Collector].
func (a *archiveCollector) Describe(into chan<- *prometheus.Desc) {
	for _, m := range a.metrics.all() {
		into <- m.desc
	}
}

// Collect implements [prometheus.Collector].
func (a *archiveCollector) Collect(into chan<- prometheus.Metric) {
	s := scrape{a.metrics, into}
	s.buildInfo(a.Version)
	s.whether(s.writable, a.written() == nil)
	a.files(s)
	ctx, cancel := context.WithTimeout(context.Background(), readWithin)
	defer cancel()
	r, err := a.reading(ctx)
	s.whether(s.readable, err == nil)
	if err == nil { // all of it or nothing: half a scrape would look like clusters that are gone
		r.tell(s)
	}
}

// files tells of sizes; what can't be looked at is left out.
func (a *archiveCollector) files(s scrape) {
	if a.Free != nil {
		if free, err := a.Free(); err == nil {
			s.is(s.free, float64(free))
		}
	}
	path, err := filepath.EvalSymlinks(a.Path) // the log stands beside the file itself
	if err != nil {
		return
	}
	file, err := os.Stat(path)
	if err != nil {
		return
	}
	s.is(s.size, float64(file.Size()))
	size := 0.0 // without a log beside it the file has everything
	if log, err := os.Stat(path + "-wal"); err == nil {
		size = float64(log.Size())
	}
	s.is(s.log, size)
}

// reading is what one transaction has read.
type reading struct {
	*Standing
	schema int64
	tally  []tallied
	totals []clusterTotals
}

// tallied are a cluster's jobs in one state that are all listed, or all gone.
type tallied struct {
	cluster, state string
	gone           bool
	n              int64
}

// clusterTotals are what a cluster has had since it was first archived.
type clusterTotals struct {
	cluster                                  string
	complete, quick, partial, failed         int64
	interrupted                              int64
	pages, requests, retries, rejects, gaps  int64
	appeared, moved, renamed, gone, returned int64
	gapSeconds                               float64
}

func (a *archiveCollector) reading(ctx context.Context) (*reading, error) {
	r := &reading{}
	return r, a.read(ctx, func(tx *sql.Tx) (err error) {
		if r.Standing, err = a.Standing(ctx, tx); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT user_version FROM pragma_user_version`).Scan(&r.schema); err != nil {
			return err
		}
		// The tally, not the jobs, of which there may be millions.
		r.tally, err = collect(ctx, tx, `SELECT c.name, t.state, t.gone, t.jobs FROM archive_tally AS t
			JOIN archive_clusters AS c ON c.id = t.cluster`, func(j *tallied) []any {
			return []any{&j.cluster, &j.state, &j.gone, &j.n}
		})
		if err != nil {
			return err
		}
		r.totals, err = collect(ctx, tx, `SELECT cluster, runs_complete, runs_partial, runs_failed, runs_interrupted, runs_quick, pages, requests, retries,
			appeared, moved, renamed, gone, returned, rejects, gaps, gap_seconds FROM totals`, func(h *clusterTotals) []any {
			return []any{
				&h.cluster, &h.complete, &h.partial, &h.failed, &h.interrupted, &h.quick, &h.pages, &h.requests, &h.retries,
				&h.appeared, &h.moved, &h.renamed, &h.gone, &h.returned, &h.rejects, &h.gaps, &h.gapSeconds,
			}
		})
		return err
	})
}

// collect reads a query's rows into what places points to.
func collect[T any](ctx context.Context, tx *sql.Tx, query string, places func(*T) []any) ([]T, error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var row T
		if err := rows.Scan(places(&row)...); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

func (r *reading) tell(s scrape) {
	s.is(s.schema, float64(r.schema))
	s.is(s.clockBehind, r.ClockBehind)
	underWay := 0
	for i := range r.Clusters {
		cl := &r.Clusters[i]
		if cl.Running {
			underWay++
		}
		name := validName(cl.Name)
		if !cl.LastComplete.IsZero() {
			s.is(s.lastComplete, float64(cl.LastComplete.UnixMilli())/1000, name)
		}
		if cl.InSettings { // an alert on one that nobody looks at any more would never end
			s.whether(s.fresh, cl.Freshness == freshWord, name)
			s.is(s.expected, cl.Expected, name)
			s.is(s.openGap, cl.OpenGap, name)
			s.is(s.failures, float64(cl.Failures), name)
		}
	}
	s.is(s.underWay, float64(underWay))
	r.tellJobs(s)
	for i := range r.totals {
		r.totals[i].tell(s)
	}
}

// tellJobs also tells of states that no job of a cluster is in, so that none
// of its lines breaks off.
func (r *reading) tellJobs(s scrape) {
	type key struct {
		state string
		gone  bool
	}
	count := map[string]map[key]int64{}
	for i := range r.totals {
		count[r.totals[i].cluster] = map[key]int64{}
	}
	for _, j := range r.tally {
		count[j.cluster][key{j.state, j.gone}] = j.n
	}
	for cluster, of := range count {
		for _, state := range []string{"pending", "running", "completed", "failed", "cancelled", "unknown"} {
			s.is(s.jobs, float64(of[key{state, false}]), validName(cluster), state, "listed")
			s.is(s.jobs, float64(of[key{state, true}]), validName(cluster), state, "gone")
		}
	}
}

func (h *clusterTotals) tell(s scrape) {
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

// validName keeps a name that is not text from spoiling the scrape.
func validName(name string) string { return strings.ToValidUTF8(name, "\ufffd") }
