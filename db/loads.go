package db

import (
	"database/sql"
	"errors"
	"fmt"
)

// loads are what a transaction alters in a cluster's sums of what completed
// jobs loaded: as with [sums], a job is taken out as it stood and put in as it
// stands. How long it took by the service's clock is for the view jobs to say,
// so it is asked there.
type loads map[loadKey]*load

// loadKey is the day on which a job was first seen, and its collection's number
// among the texts, 0 for none.
type loadKey struct {
	day        string
	collection int64
}

type load struct {
	jobs        int64
	rows, bytes quantity
}

// quantity sums what jobs loaded. It is kept in two parts, since a service may
// tell of one job what no sum of two can hold.
type quantity struct{ jobs, billions, rest, least, most int64 }

const billion = 1_000_000_000

func (q *quantity) count(told sql.NullInt64, least, most, n int64) {
	if !told.Valid {
		return
	}
	q.jobs += n
	q.billions += n * (told.Int64 / billion)
	q.rest += n * (told.Int64 % billion)
	q.least += n * least
	q.most += n * most
}

func (q *quantity) values() []any { return []any{q.jobs, q.billions, q.rest, q.least, q.most} }

// loadOf is what a job adds, no row for nothing. A job that took longer than
// ten years did not: its service's clock had not been set.
const loadOf = `SELECT substr(first_seen_at, 1, 10), coalesce((SELECT id FROM archive_texts WHERE text = collection), 0),
		coalesce(imported_rows, total_rows), file_size, CAST(round(min_seconds * 1000) AS INTEGER), CAST(round(max_seconds * 1000) AS INTEGER)
	FROM jobs
	WHERE cluster = (SELECT name FROM archive_clusters WHERE id = ?1) AND job_id = (SELECT job_id FROM archive_jobs WHERE cluster = ?1 AND seq = ?2)
		AND state = 'completed' AND max_seconds <= 315576000
		AND (coalesce(imported_rows, total_rows) IS NOT NULL OR file_size IS NOT NULL)`

// count takes a job in as it stands (n is 1), or out (-1).
func (l loads) count(tx *transaction, cluster, seq, n int64) error {
	var key loadKey
	var rows, bytes sql.NullInt64
	var least, most int64
	err := tx.row(loadOf, []any{cluster, seq}, &key.day, &key.collection, &rows, &bytes, &least, &most)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading what job %d loaded: %w", seq, err)
	}
	c := entry(l, key)
	c.jobs += n
	c.rows.count(rows, least, most, n)
	c.bytes.count(bytes, least, most, n)
	return nil
}

// store adds them to the cluster's. A row is made first and then moved on, so
// that no row that breaks a CHECK is tried.
func (l loads) store(tx *transaction, cluster int64) error {
	for key, c := range l {
		if *c == (load{}) {
			continue
		}
		where := []any{key.day, cluster, key.collection}
		if _, err := tx.exec(`INSERT INTO archive_loads (day, cluster, collection) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, where...); err != nil {
			return fmt.Errorf("adding to the loads of %s: %w", key.day, err)
		}
		values := append(append(append([]any{c.jobs}, c.rows.values()...), c.bytes.values()...), where...)
		err := one(tx.exec(`UPDATE archive_loads SET jobs = jobs + ?,
				rows_jobs = rows_jobs + ?, rows_billions = rows_billions + ?, rows_rest = rows_rest + ?,
				rows_min_ms = rows_min_ms + ?, rows_max_ms = rows_max_ms + ?,
				bytes_jobs = bytes_jobs + ?, bytes_billions = bytes_billions + ?, bytes_rest = bytes_rest + ?,
				bytes_min_ms = bytes_min_ms + ?, bytes_max_ms = bytes_max_ms + ?
			WHERE day = ? AND cluster = ? AND collection = ?`, values...))
		if err != nil {
			return fmt.Errorf("adding to the loads of %s: %w", key.day, err)
		}
	}
	return nil
}
