package bench

import (
	"context"
	"database/sql"
	"strconv"
	"time"
)

// sums are what the archive keeps beside its rows. They are counted here while
// jobs are made, not from the rows, so that checking them proves something.
type sums struct {
	tally       map[tallied]int
	days        map[daily]*ends
	collections map[collected]*ends
	activity    map[collected]int64
	durations   map[lasted]*sides
	dayNames    map[int64]string
	totals      map[counted]int64
}

type tallied struct {
	cluster int
	state   uint8
	gone    bool
}

type counted struct {
	cluster int
	what    string
}

type collected struct {
	cluster    int
	collection int64
}

type daily struct {
	day string
	collected
}

// lasted is a bound of how long jobs took that ended in a period, a day or a
// month.
type lasted struct {
	period string
	collected
	state uint8
	bound int64
}

// sides counts the jobs that a bound is the lower or the upper one of.
type sides struct{ minOf, maxOf int }

// ends counts jobs by what became of them.
type ends struct {
	appeared, open, lost int
	finished             [len(states)]int
}

func newSums() *sums {
	return &sums{
		tally: map[tallied]int{}, days: map[daily]*ends{}, collections: map[collected]*ends{},
		activity: map[collected]int64{}, durations: map[lasted]*sides{}, dayNames: map[int64]string{}, totals: map[counted]int64{},
	}
}

func of[K comparable, V any](m map[K]*V, key K) *V {
	if m[key] == nil {
		m[key] = new(V)
	}
	return m[key]
}

// on returns the place of a day's counts.
func (s *sums) on(ms int64, which collected) daily {
	n := ms / (24 * 3600 * 1000)
	name, ok := s.dayNames[n]
	if !ok {
		name = time.UnixMilli(ms).UTC().Format(time.DateOnly)
		s.dayNames[n] = name
	}
	return daily{name, which}
}

// count counts a job as it has become.
func (s *sums) count(cluster int, j *job) {
	which := collected{cluster, j.collection}
	s.tally[tallied{cluster, j.state, j.gone != 0}]++
	of(s.days, s.on(j.firstSeen, which)).appeared++
	switch ended := s.on(j.stateSeen, which); {
	case terminal(j.state):
		of(s.days, ended).finished[j.state]++
		of(s.collections, which).finished[j.state]++
		if j.appearedAfter != 0 {
			least, most := max(0, j.stateAfter-j.firstSeen), j.stateSeen-j.appearedAfter
			down, up := step(least), step(most)
			for _, period := range []string{ended.day[:7], ended.day} {
				of(s.durations, lasted{period, which, j.state, least / down * down}).minOf++
				of(s.durations, lasted{period, which, j.state, (most + up - 1) / up * up}).maxOf++
			}
		}
	case j.gone != 0:
		of(s.days, s.on(j.gone, which)).lost++
		of(s.collections, which).lost++
	default:
		of(s.collections, which).open++
	}
}

// active takes in that a transition named a collection.
func (s *sums) active(cluster int, collection, observed int64) {
	which := collected{cluster, collection}
	s.activity[which] = max(s.activity[which], observed)
}

// total counts what outlives its rows.
func (s *sums) total(cluster int, what string, n int64) {
	s.totals[counted{cluster, what}] += n
}

// run counts one that has ended.
func (s *sums) run(cluster int, outcome string, pages, requests, retries int64) {
	s.total(cluster, "runs_"+outcome, 1)
	s.total(cluster, "pages", pages)
	s.total(cluster, "requests", requests)
	s.total(cluster, "retries", retries)
}

// step is between the numbers that durations of about this length are rounded
// to: 2 and later 5 of what their second digit counts.
func step(n int64) int64 {
	unit := int64(1)
	for n/unit >= 100 {
		unit *= 10
	}
	if n < 30*unit {
		return 2 * unit
	}
	return 5 * unit
}

// write writes the sums, and the clusters that they are of.
func (s *sums) write(ctx context.Context, conn *sql.Conn, all []*cluster) error {
	err := insert(ctx, conn, "archive_clusters", `id, name, api, cluster_id, generation, next_seq, newest_ms, first_run_ms, last_run_ms,
		last_outcome, failures, complete_started_ms, complete_finished_ms, conclusive_ms, complete_expected_s`, func(r *rows) {
		for _, c := range all {
			r.add(c.number, clusterName(c.number), "zilliz-v1", "in01-"+strconv.Itoa(c.number), c.run, c.next, c.newest, c.firstRun, c.lastRun,
				c.outcome, c.failures, c.completeStarted, c.completeFinished, c.completeFinished, c.shape.Every.Seconds())
		}
	})
	if err != nil {
		return err
	}
	for key, n := range s.totals {
		if _, err := conn.ExecContext(ctx, `UPDATE archive_clusters SET total_`+key.what+` = ? WHERE id = ?`, n, key.cluster); err != nil {
			return err
		}
	}
	err = insert(ctx, conn, "archive_tally", "cluster, state, gone, jobs", func(r *rows) {
		for key, n := range s.tally {
			r.add(key.cluster, states[key.state], key.gone, n)
		}
	})
	if err != nil {
		return err
	}
	err = insert(ctx, conn, "archive_days", "day, cluster, collection, appeared, completed, failed, cancelled, lost", func(r *rows) {
		for key, e := range s.days {
			r.add(key.day, key.cluster, key.collection, e.appeared, e.finished[completed], e.finished[failed], e.finished[cancelled], e.lost)
		}
	})
	if err != nil {
		return err
	}
	err = insert(ctx, conn, "archive_collections", "cluster, collection, open, completed, failed, cancelled, lost, active_ms", func(r *rows) {
		for key, e := range s.collections {
			r.add(key.cluster, key.collection, e.open, e.finished[completed], e.finished[failed], e.finished[cancelled], e.lost, s.activity[key])
		}
	})
	if err != nil {
		return err
	}
	err = insert(ctx, conn, "archive_durations", "cluster, collection, period, state, bound_ms, min_of, max_of", func(r *rows) {
		for key, n := range s.durations {
			r.add(key.cluster, key.collection, key.period, states[key.state], key.bound, n.minOf, n.maxOf)
		}
	})
	if err != nil {
		return err
	}
	return loads(ctx, conn)
}

// loads sums what jobs loaded. It is read from the archive, because the view of
// jobs narrows how long they took by the service's clock.
func loads(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, `
		UPDATE archive_days AS d SET load_jobs = l.jobs,
			rows_jobs = l.rows_jobs, rows = l.rows, rows_min_ms = l.rows_min_ms, rows_max_ms = l.rows_max_ms,
			bytes_jobs = l.bytes_jobs, bytes = l.bytes, bytes_min_ms = l.bytes_min_ms, bytes_max_ms = l.bytes_max_ms
		FROM (
			SELECT l.day, c.id AS cluster, coalesce(n.id, 0) AS collection, count(*) AS jobs,
				count(l.rows) AS rows_jobs, coalesce(sum(l.rows), 0) AS rows, sum(l.rows_min_ms) AS rows_min_ms, sum(l.rows_max_ms) AS rows_max_ms,
				count(l.bytes) AS bytes_jobs, coalesce(sum(l.bytes), 0) AS bytes, sum(l.bytes_min_ms) AS bytes_min_ms, sum(l.bytes_max_ms) AS bytes_max_ms
			FROM archive_loaded AS l
			JOIN archive_clusters AS c ON c.name = l.cluster
			LEFT JOIN archive_texts AS n ON n.text = l.collection
			GROUP BY 1, 2, 3
		) AS l
		WHERE d.day = l.day AND d.cluster = l.cluster AND d.collection = l.collection`)
	return err
}
