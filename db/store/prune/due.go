package prune

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"importarchive/db"
	"importarchive/db/rows"
	"importarchive/db/store/clocks"
)

// limits are the moments, in milliseconds, before which a cluster's jobs and
// runs must have ended, and rejects been listed, to be due. An invalid one keeps for ever.
type limits struct {
	cluster                            int64
	name                               string
	newestRun                          int64 // the start of the newest run that read something
	completed, failed, cancelled, lost sql.NullInt64
	runs, rejects                      sql.NullInt64
}

// limitsOf counts ages up to now, or up to the start of a cluster's newest run
// that read something where that is earlier. So neither a clock that jumped
// ahead nor a service that was down for a year prunes jobs that no run has seen
// since. A clock that is behind prunes less. doubt is a [*ClockError] about clusters
// that have no limits, because a run has seen them by a clock that nothing vouches for.
func limitsOf(ctx context.Context, reader *sql.DB, keep db.Retention, now time.Time) (all []limits, doubt, err error) {
	doubts, err := clocks.Doubts(ctx, reader)
	if err != nil {
		return nil, nil, err
	}
	all, err = rows.All(ctx, reader, func(l *limits) []any { return []any{&l.cluster, &l.name, &l.newestRun} }, `
		SELECT c.id, c.name, (
			SELECT r.started_ms FROM archive_runs AS r
			WHERE r.cluster = c.id AND (r.outcome = 'complete' OR r.outcome = 'quick' OR r.outcome = 'partial')
			ORDER BY r.started_at DESC LIMIT 1) AS newest
		FROM archive_clusters AS c
		WHERE newest IS NOT NULL
		ORDER BY c.name`)
	for i := range all {
		l := &all[i]
		before := func(age time.Duration) sql.NullInt64 {
			return sql.NullInt64{Int64: min(db.Millis(now), l.newestRun) - age.Milliseconds(), Valid: age > 0}
		}
		l.completed, l.failed, l.cancelled = before(keep.Completed), before(keep.Failed), before(keep.Cancelled)
		l.lost, l.runs, l.rejects = before(keep.Lost), before(keep.Runs), before(keep.Rejects)
	}
	all, doubt = judged(all, doubts)
	return all, doubt, err
}

// of returns the limit of one kind of thing, by its word in archive_prunes.
func (l *limits) of(what string) sql.NullInt64 {
	switch what {
	case "completed":
		return l.completed
	case "failed":
		return l.failed
	case "cancelled":
		return l.cancelled
	case "lost":
		return l.lost
	case "rejects":
		return l.rejects
	}
	return l.runs
}

// newest returns the latest limit of jobs: no job that appeared after it is due.
func (l *limits) newest() (ms int64, any bool) {
	for _, x := range []sql.NullInt64{l.completed, l.failed, l.cancelled, l.lost} {
		if x.Valid && (!any || x.Int64 > ms) {
			ms, any = x.Int64, true
		}
	}
	return ms, any
}

func (l *limits) args(more ...any) []any {
	return append([]any{
		sql.Named("cluster", l.cluster), sql.Named("completed", l.completed), sql.Named("failed", l.failed),
		sql.Named("cancelled", l.cancelled), sql.Named("lost", l.lost),
	}, more...)
}

// isDue is the condition on a job, and what is its word in archive_prunes. An
// open job has no gone_ms, so it is never due.
const (
	isDue = `NOT pruned AND CASE state WHEN 'completed' THEN state_seen_ms < :completed WHEN 'failed' THEN state_seen_ms < :failed
		WHEN 'cancelled' THEN state_seen_ms < :cancelled ELSE gone_ms < :lost END`
	what = `CASE WHEN state = 'completed' OR state = 'failed' OR state = 'cancelled' THEN state ELSE 'lost' END`
)

// Due returns what a prune would delete now. With a [*ClockError] it returns that of
// the other clusters.
func Due(ctx context.Context, reader *sql.DB, keep db.Retention, now time.Time) ([]db.Deletion, error) {
	limits, doubt, err := limitsOf(ctx, reader, keep, now)
	if err != nil {
		return nil, err
	}
	var all []db.Deletion
	for i := range limits {
		l := &limits[i]
		jobs, err := dueJobs(ctx, reader, l)
		if err != nil {
			return nil, fmt.Errorf("counting the jobs of %s: %w", l.name, err)
		}
		runs, err := dueRuns(ctx, reader, l)
		if err != nil {
			return nil, fmt.Errorf("counting the runs of %s: %w", l.name, err)
		}
		rejects, err := dueRejects(ctx, reader, l)
		if err != nil {
			return nil, fmt.Errorf("counting the rejects of %s: %w", l.name, err)
		}
		all = append(all, jobs...)
		if len(rejects) > 0 {
			all = append(all, db.Deletion{Cluster: l.name, What: "rejects", OlderThan: db.FromMillis(l.rejects.Int64), Rejects: int64(len(rejects))})
		}
		if len(runs) > 0 {
			all = append(all, db.Deletion{Cluster: l.name, What: "runs", OlderThan: db.FromMillis(l.runs.Int64), Runs: int64(len(runs))})
		}
	}
	slices.SortFunc(all, byCluster)
	return all, doubt
}

func byCluster(a, b db.Deletion) int {
	return cmp.Or(strings.Compare(a.Cluster, b.Cluster), strings.Compare(a.What, b.What))
}

func dueJobs(ctx context.Context, reader *sql.DB, l *limits) ([]db.Deletion, error) {
	all, err := rows.All(ctx, reader, func(d *db.Deletion) []any { return []any{&d.What, &d.Jobs, &d.Transitions} }, `
		SELECT `+what+`, count(*), sum((SELECT count(*) FROM archive_transitions AS t WHERE t.cluster = j.cluster AND t.seq = j.seq))
		FROM archive_jobs AS j WHERE cluster = :cluster AND `+isDue+` GROUP BY 1`, l.args()...)
	for i := range all {
		all[i].Cluster, all[i].OlderThan = l.name, db.FromMillis(l.of(all[i].What).Int64)
	}
	return all, err
}

// candidate is a job, a run or a reject that was due when it was found.
type candidate struct {
	limits *limits
	seq    int64 // of a job
	run    int64 // of a run
	reject int64 // of a reject
}

// due yields what is due, in the order in which the prune deletes it.
func due(ctx context.Context, reader *sql.DB, all []limits) iter.Seq2[candidate, error] {
	return func(yield func(candidate, error) bool) {
		for i := range all {
			l := &all[i]
			runs, err := dueRuns(ctx, reader, l)
			if err != nil {
				yield(candidate{}, fmt.Errorf("finding runs of %s: %w", l.name, err))
				return
			}
			for _, id := range runs {
				if !yield(candidate{limits: l, run: id}, nil) {
					return
				}
			}
			rejects, err := dueRejects(ctx, reader, l)
			if err != nil {
				yield(candidate{}, fmt.Errorf("finding rejects of %s: %w", l.name, err))
				return
			}
			for _, id := range rejects {
				if !yield(candidate{limits: l, reject: id}, nil) {
					return
				}
			}
			for seq, err := range walk(ctx, reader, l) {
				if !yield(candidate{limits: l, seq: seq}, err) || err != nil {
					return
				}
			}
		}
	}
}

// windowSize is how many jobs one query examines.
const windowSize = 4096

// walk yields the jobs of a cluster that are due. It reads beside the writer,
// in windows, so that no read transaction lasts. Jobs are numbered in the order
// of their first sighting, so it ends with the first window of jobs that are all
// too young. Numbers and sightings can be out of order by the length of a run; a
// job that walk leaves out for that is due the next time.
func walk(ctx context.Context, reader *sql.DB, l *limits) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		newest, any := l.newest()
		for after := int64(0); any; {
			w, err := readWindow(ctx, reader, l, after, newest)
			if err != nil {
				yield(0, fmt.Errorf("finding jobs of %s: %w", l.name, err))
				return
			}
			for _, seq := range w.due {
				if !yield(seq, nil) {
					return
				}
			}
			after, any = w.last, w.old
		}
	}
}

type window struct {
	due  []int64
	last int64 // its last job
	old  bool  // it has jobs that are not too young
}

func readWindow(ctx context.Context, reader *sql.DB, l *limits, after, newest int64) (w window, err error) {
	type job struct {
		seq      int64
		old, due bool
	}
	jobs, err := rows.All(ctx, reader, func(j *job) []any { return []any{&j.seq, &j.old, &j.due} }, `SELECT seq, first_seen_ms < :newest, coalesce(`+isDue+`, 0)
		FROM archive_jobs WHERE cluster = :cluster AND seq > :after ORDER BY seq LIMIT :size`,
		l.args(sql.Named("after", after), sql.Named("newest", newest), sql.Named("size", windowSize))...)
	for _, j := range jobs {
		w.last, w.old = j.seq, w.old || j.old
		if j.due {
			w.due = append(w.due, j.seq)
		}
	}
	return w, err
}

// dueRuns reads the runs of a cluster that are due. It leaves out those that
// the reports and checks need: runs with transitions or rejects, and the newest
// of each outcome, which says how the cluster stands.
func dueRuns(ctx context.Context, reader *sql.DB, l *limits) ([]int64, error) {
	if !l.runs.Valid {
		return nil, nil
	}
	const newestWith = `coalesce((SELECT id FROM archive_runs WHERE cluster = :cluster AND outcome = `
	const orNone = ` ORDER BY started_at DESC, id DESC LIMIT 1), 0)`
	return rows.All(ctx, reader, rows.Column[int64], `
		SELECT id FROM archive_runs AS r
		WHERE cluster = :cluster AND started_at < :before AND finished_ms < :limit
		  AND NOT EXISTS (SELECT * FROM archive_transitions AS t WHERE t.run = r.id)
		  AND NOT EXISTS (SELECT * FROM archive_rejects AS j WHERE j.run = r.id)
		  AND id <> `+newestWith+`'complete'`+orNone+`
		  AND id <> `+newestWith+`'quick'`+orNone+`
		  AND id <> `+newestWith+`'partial'`+orNone+`
		  AND id <> `+newestWith+`'failed'`+orNone+`
		  AND id <> `+newestWith+`'interrupted'`+orNone+`
		ORDER BY started_at, id`,
		sql.Named("cluster", l.cluster), sql.Named("limit", l.runs.Int64),
		sql.Named("before", db.FromMillis(l.runs.Int64).Format(db.TimeFormat)))
}

// dueRejects reads the rejects of a cluster that are due. One that the newest listing
// still has is never due, because each run that keeps it moves its seen_ms.
func dueRejects(ctx context.Context, reader *sql.DB, l *limits) ([]int64, error) {
	if !l.rejects.Valid {
		return nil, nil
	}
	return rows.All(ctx, reader, rows.Column[int64],
		`SELECT id FROM archive_rejects WHERE cluster = ? AND seen_ms < ? ORDER BY id`, l.cluster, l.rejects.Int64)
}
