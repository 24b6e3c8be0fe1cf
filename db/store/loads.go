package store

import (
	"database/sql"
	"errors"
	"fmt"
)

// load sums what completed jobs loaded and how long they took.
type load struct {
	jobs        int64
	rows, bytes quantity
}

// quantity sums rows or bytes over the jobs that have a number of them.
type quantity struct{ jobs, sum, minMS, maxMS int64 }

func (q *quantity) count(amount sql.NullInt64, minMS, maxMS, n int64) {
	if !amount.Valid {
		return
	}
	q.jobs += n
	q.sum += n * amount.Int64
	q.minMS += n * minMS
	q.maxMS += n * maxMS
}

// loadOf reads the load of a job. It finds no row for a job that adds nothing. It
// queries the view instead of computing the load in Go, because the view narrows a
// job's duration by the service's own clock.
const loadOf = `SELECT day, coalesce((SELECT id FROM archive_texts WHERE text = collection), 0),
		rows, rows_min_ms, rows_max_ms, bytes, bytes_min_ms, bytes_max_ms
	FROM archive_loaded
	WHERE cluster = (SELECT name FROM archive_clusters WHERE id = ?1) AND job_id = (SELECT job_id FROM archive_jobs WHERE cluster = ?1 AND seq = ?2)`

// CountLoad adds what a job loaded, as its rows say at this moment (n is 1), or
// removes it (n is -1).
func (s *Sums) CountLoad(tx *Tx, cluster, seq, n int64) error {
	var key dayKey
	var rows, bytes sql.NullInt64
	var rowsMin, rowsMax, bytesMin, bytesMax int64
	err := tx.Row(loadOf, []any{cluster, seq}, &key.day, &key.collection, &rows, &rowsMin, &rowsMax, &bytes, &bytesMin, &bytesMax)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading what job %d loaded: %w", seq, err)
	}
	d := entry(s.days, key)
	d.load.jobs += n
	d.rows.count(rows, rowsMin, rowsMax, n)
	d.bytes.count(bytes, bytesMin, bytesMax, n)
	return nil
}
