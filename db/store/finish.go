package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"importarchive/db"
)

// finishComplete stores what follows from a complete listing as a whole: the jobs
// that it lacks, the gap that it ended, and that it is the newest one.
func (w *batchWriter) finishComplete(ctx context.Context, absences iter.Seq[db.Change]) error {
	if err := w.absences(ctx, absences); err != nil {
		return err
	}
	if err := w.closeGap(); err != nil {
		return fmt.Errorf("recording a gap: %w", err)
	}
	if err := w.completeListing(); err != nil {
		return fmt.Errorf("recording the complete listing: %w", err)
	}
	return w.closeRun()
}

// absences stores the changes of the jobs that a listing lacks.
func (w *batchWriter) absences(ctx context.Context, all iter.Seq[db.Change]) error {
	if err := w.resetOrderProof(); err != nil {
		return err
	}
	if all == nil {
		return nil
	}
	return w.changes(ctx, all)
}

// finishQuick stores that a quick listing covered all that may have changed. It
// says nothing of the jobs that the listing did not reach.
func (w *batchWriter) finishQuick() error {
	err := w.One(`UPDATE archive_clusters SET conclusive_ms = ?, conclusive_clock_ms = ? WHERE id = ? AND conclusive_ms IS NOT NULL`,
		db.Millis(w.run.FinishedAt), db.NullMillis(w.run.ClockThen), w.cluster)
	if err != nil {
		return fmt.Errorf("recording the quick listing: %w", err)
	}
	return w.closeRun()
}

// resetOrderProof drops the proof that the list is newest first, if the run has
// seen another order. The quick listings since the newest complete one stop
// counting as conclusive: they relied on the order for what they did not read.
func (w *batchWriter) resetOrderProof() error {
	if w.run.Order != db.OtherOrder {
		return nil
	}
	err := w.One(`UPDATE archive_clusters SET conclusive_ms = complete_finished_ms, newest_first = 0, newest_first_ms = NULL WHERE id = ?`, w.cluster)
	if err != nil {
		return fmt.Errorf("recording that the list has another order: %w", err)
	}
	return nil
}

// closeGap records the stretch since the newest conclusive listing, if it was
// longer than twice what the schedule promised.
func (w *batchWriter) closeGap() error {
	var lasted int64
	err := w.Row(`INSERT INTO archive_gaps (cluster, started_ms, ended_ms, expected_s)
		SELECT id, conclusive_ms, ?1, complete_expected_s FROM archive_clusters
		WHERE id = ?2 AND (?1 - conclusive_ms) / 1000.0 > 2 * complete_expected_s
		RETURNING ended_ms - started_ms`,
		[]any{db.Millis(w.run.ListingStart), w.cluster}, &lasted)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		w.totals.gap(time.Duration(lasted) * time.Millisecond)
	}
	return err
}

// seconds stores nil as NULL: unknown.
func seconds(d *time.Duration) (s sql.NullFloat64) {
	if d != nil {
		s = sql.NullFloat64{Float64: d.Seconds(), Valid: true}
	}
	return s
}

func (w *batchWriter) completeListing() error {
	return w.One(`UPDATE archive_clusters
		SET complete_started_ms = ?, complete_finished_ms = ?2, conclusive_ms = ?2, complete_expected_s = ?, conclusive_clock_ms = ? WHERE id = ?`,
		db.Millis(w.run.ListingStart), db.Millis(w.run.FinishedAt), w.run.Cluster.Expected.Seconds(), db.NullMillis(w.run.ClockThen), w.cluster)
}

func (w *batchWriter) closeRun() error {
	r := w.run
	err := w.One(`UPDATE archive_runs SET finished_ms = ?, outcome = ?, error_kind = ?, error = ?,
			pages = ?, requests = ?, retries = ?, listed = ?, appeared = ?, moved = ?, gone = ?, returned = ?, rejected = ?,
			absences_asked = ?, absences_confirmed = ?, absences_denied = ?, absences_undecided = ?, absences_unconfirmed = ?, clock_offset_s = ?
		WHERE id = ? AND finished_ms IS NULL`,
		db.Millis(r.FinishedAt), string(r.Outcome), db.NullText(r.ErrorKind), db.NullText(r.Error),
		r.Pages, r.Requests, r.Retries, r.Listed, r.Appeared, r.Moved, r.Gone, r.Returned, r.Rejected,
		r.Absences.Asked, r.Absences.Confirmed, r.Absences.Denied, r.Absences.Undecided, r.Absences.Unconfirmed, seconds(r.ClockOffset), r.ID)
	if err != nil {
		return fmt.Errorf("closing run %d: %w", r.ID, err)
	}
	w.totals.Ended(r)
	// A run that we stopped ourselves says nothing of the cluster.
	return w.One(`UPDATE archive_clusters SET last_outcome = ?1, newest_ms = max(newest_ms, ?2),
			failures = CASE ?1 WHEN 'complete' THEN 0 WHEN 'quick' THEN 0 WHEN 'interrupted' THEN failures ELSE failures + 1 END,
			newest_first = newest_first + ?4,
			newest_first_ms = iif(?4, coalesce(newest_first_ms, ?2), newest_first_ms),
			reject_set = coalesce(?5, reject_set),
			rejects = CASE WHEN ?5 IS NULL THEN rejects WHEN ?5 = 0 THEN 0 ELSE ?6 END
		WHERE id = ?3`, string(r.Outcome), db.Millis(r.FinishedAt), w.cluster, r.Order == db.NewestFirst, r.RejectSet, r.Rejected)
}
