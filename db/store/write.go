package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"importarchive/db"
)

// Begin implements [db.Store].
func (s *Store) Begin(ctx context.Context, r *db.Run) error {
	var id int64
	var other error
	err := s.Write(ctx, func(tx *Tx) error {
		c := r.Cluster
		var cluster int64
		var newest time.Time
		var api string
		var clusterID sql.NullString
		var expected float64
		err := tx.Row(`INSERT INTO archive_clusters (name, api, cluster_id, base_url, first_run_ms, last_run_ms)
			VALUES (?, ?, ?, ?, ?5, ?5)
			ON CONFLICT (name) DO UPDATE SET name = name
			RETURNING id, generation, newest_ms, api, cluster_id, conclusive_ms, coalesce(complete_expected_s, 0), newest_first, newest_first_ms, reject_set,
				EXISTS (SELECT 1 FROM archive_details WHERE cluster = archive_clusters.id)`,
			[]any{c.Name, c.API, db.NullText(c.ClusterID), db.NullText(c.BaseURL), db.Millis(r.StartedAt)},
			&cluster, &r.Generation, db.IntoTime{Time: &newest}, &api, &clusterID, db.IntoTime{Time: &r.Before.At}, &expected,
			&r.Before.NewestFirst, db.IntoTime{Time: &r.Before.Since}, &r.Before.RejectSet, &r.Before.Answered)
		if err != nil {
			return err
		}
		r.Before.Expected = time.Duration(expected * float64(time.Second))
		err = tx.Row(`SELECT describe_failed + absences_undecided > 0 FROM archive_runs WHERE cluster = ? AND outcome IS NOT NULL
			ORDER BY started_at DESC, id DESC LIMIT 1`, []any{cluster}, &r.Before.AskedInVain)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		r.Begun(newest)
		if other = c.SameAs(api, clusterID.String); other == nil { // else the row keeps the identity it has
			err = tx.One(`UPDATE archive_clusters SET api = ?, cluster_id = coalesce(?, cluster_id), base_url = ? WHERE id = ?`,
				c.API, db.NullText(c.ClusterID), db.NullText(c.BaseURL), cluster)
			if err != nil {
				return err
			}
		}
		if err := tx.One(`UPDATE archive_clusters SET last_run_ms = ?1, newest_ms = max(newest_ms, ?1) WHERE id = ?2`,
			db.Millis(r.StartedAt), cluster); err != nil {
			return err
		}
		return tx.Row(`INSERT INTO archive_runs (cluster, trigger, started_ms, expected_s) VALUES (?, ?, ?, ?) RETURNING id`,
			[]any{cluster, string(r.Trigger), db.Millis(r.StartedAt), c.Expected.Seconds()}, &id)
	})
	if err != nil {
		return err
	}
	r.ID = id
	return other
}

// Identity returns [db.ErrOtherCluster] if the archive has another cluster under
// this one's name.
func Identity(ctx context.Context, reader *sql.DB, c db.Cluster) error {
	var api string
	var clusterID sql.NullString
	err := reader.QueryRowContext(ctx, `SELECT api, cluster_id FROM clusters WHERE name = ?`, c.Name).Scan(&api, &clusterID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.SameAs(api, clusterID.String)
}

// Commit implements [db.Store].
func (s *Store) Commit(ctx context.Context, r *db.Run, b db.Batch) error {
	return s.Writing(ctx, func(conn *sql.Conn) error {
		return guarded(ctx, conn, r, func(w *batchWriter) error {
			if err := w.changes(ctx, slices.Values(b.Changes)); err != nil {
				return err
			}
			for i := range b.Rejects {
				if err := w.reject(&b.Rejects[i]); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// Finish implements [db.Store].
func (s *Store) Finish(ctx context.Context, r *db.Run, absences iter.Seq[db.Change]) error {
	return s.Writing(ctx, func(conn *sql.Conn) error {
		after, err := s.Engine.Closing(ctx, conn, r.Appeared+r.Moved+r.Gone+r.Returned+r.Rejected == 0)
		if err != nil {
			return err
		}
		defer after()
		switch r.Outcome {
		case db.Complete:
			return guarded(ctx, conn, r, func(w *batchWriter) error { return w.finishComplete(ctx, absences) })
		case db.Quick:
			return guarded(ctx, conn, r, (*batchWriter).finishQuick)
		case db.Partial:
			if absences != nil {
				return guarded(ctx, conn, r, func(w *batchWriter) error {
					return errors.Join(w.absences(ctx, absences), w.closeRun())
				})
			}
		}
		return transact(ctx, conn, func(tx *Tx) error {
			w, err := newBatchWriter(tx, r)
			if err != nil {
				return err
			}
			if err := errors.Join(w.resetOrderProof(), w.closeRun()); err != nil {
				return err
			}
			return w.totals.store(tx, w.cluster)
		})
	})
}

// guarded runs f in one transaction. It refuses the transaction if another process
// has written to the cluster since the run's generation.
func guarded(ctx context.Context, conn *sql.Conn, r *db.Run, f func(*batchWriter) error) error {
	var newest time.Time
	err := transact(ctx, conn, func(tx *Tx) error {
		w, err := newBatchWriter(tx, r)
		if err != nil {
			return err
		}
		switch n, err := tx.Affected(`UPDATE archive_clusters SET generation = generation + 1 WHERE id = ? AND generation = ?`,
			w.cluster, r.Generation); {
		case err != nil:
			return err
		case n == 0:
			return db.ErrConflict
		}
		if err := f(w); err != nil {
			return err
		}
		newest = w.newest
		return w.flush()
	})
	if err != nil {
		return err
	}
	r.Generation++
	if newest.After(r.NewestBefore) {
		r.NewestBefore = newest
	}
	return nil
}

// CloseOpenRuns closes the runs that a dead process left open. It counts what the
// process had committed; the numbers of pages and requests stay unknown.
func CloseOpenRuns(ctx context.Context, writer *sql.DB, now time.Time) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("closing interrupted runs: %w", err)
		}
	}()
	conn, err := writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var open bool
	err = conn.QueryRowContext(ctx, `SELECT EXISTS (SELECT * FROM archive_runs WHERE finished_ms IS NULL)`).Scan(&open)
	if err != nil || !open {
		return err
	}
	return transact(ctx, conn, func(tx *Tx) error {
		err := tx.Exec(`
			UPDATE archive_clusters AS c SET total_runs_interrupted = total_runs_interrupted + open.runs
			FROM (SELECT cluster, count(*) AS runs FROM archive_runs WHERE finished_ms IS NULL GROUP BY cluster) AS open
			WHERE open.cluster = c.id`)
		if err != nil {
			return err
		}
		err = tx.Exec(`
			UPDATE archive_runs AS r SET
				outcome = 'interrupted',
				finished_ms = max(?1, r.started_ms, (SELECT c.newest_ms FROM archive_clusters AS c WHERE c.id = r.cluster)),
				appeared = r.pruned_appeared + (SELECT count(*) FROM archive_transitions AS t WHERE t.run = r.id AND t.kind = 'appeared'),
				moved    = r.pruned_moved + (SELECT count(*) FROM archive_transitions AS t WHERE t.run = r.id AND t.kind = 'moved'),
				gone     = r.pruned_gone + (SELECT count(*) FROM archive_transitions AS t WHERE t.run = r.id AND t.kind = 'gone'),
				returned = r.pruned_returned + (SELECT count(*) FROM archive_transitions AS t WHERE t.run = r.id AND t.kind = 'returned')
			WHERE finished_ms IS NULL`, db.Millis(now))
		if err != nil {
			return err
		}
		err = tx.Exec(`
			UPDATE archive_clusters AS c SET
				last_outcome = (SELECT r.outcome FROM archive_runs AS r WHERE r.cluster = c.id ORDER BY r.started_at DESC, r.id DESC LIMIT 1),
				newest_ms = max(c.newest_ms, (SELECT max(r.finished_ms) FROM archive_runs AS r WHERE r.cluster = c.id))`)
		return err
	})
}
