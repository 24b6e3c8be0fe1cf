package db

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
)

// windowSize is how many jobs are looked at in one read.
const windowSize = 4096

// walk gives the jobs of a cluster that are due. It reads beside the writer,
// in windows, so that no read transaction lasts; and as jobs are numbered in
// the order of their first sighting, it ends with the first window of jobs
// that are all too young. (Numbers and sightings can be out of order by the
// length of a run; a job that is left out for that is due the next time.)
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
	rows, err := reader.QueryContext(ctx, `SELECT seq, first_seen_ms < :newest, coalesce(`+isDue+`, 0)
		FROM archive_jobs WHERE cluster = :cluster AND seq > :after ORDER BY seq LIMIT :size`,
		l.args(sql.Named("after", after), sql.Named("newest", newest), sql.Named("size", windowSize))...)
	if err != nil {
		return w, err
	}
	defer rows.Close()
	for rows.Next() {
		var old, due bool
		if err := rows.Scan(&w.last, &old, &due); err != nil {
			return w, err
		}
		w.old = w.old || old
		if due {
			w.due = append(w.due, w.last)
		}
	}
	return w, rows.Err()
}

// dueRuns gives the runs of a cluster that are due. Nothing but what is in the
// public views and in the checks needs them: the newest of each outcome tells
// how the cluster does, and its newest complete listing.
func dueRuns(ctx context.Context, reader *sql.DB, l *limits) (ids []int64, err error) {
	if !l.runs.Valid {
		return nil, nil
	}
	const newestWith = `coalesce((SELECT id FROM archive_runs WHERE cluster = :cluster AND outcome = `
	const orNone = ` ORDER BY started_at DESC, id DESC LIMIT 1), 0)`
	rows, err := reader.QueryContext(ctx, `
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
		sql.Named("before", fromMillis(l.runs.Int64).Format(TimeFormat)))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
