package db

import (
	"database/sql"
	"errors"
)

// A pruned job has a tombstone instead of a row. Whoever decided on the job may
// not know that: what is known of it was loaded before. So a change finds out
// for itself where the job stands.

var errNotThere = errors.New("an update that must alter one row altered none")

// contribution reads what a job adds to the sums before a change. A change that
// is history restores a pruned job first. For any other change of a pruned job
// there is no row.
func (w *batchWriter) contribution(c *Change, j *contribution) error {
	read := func() error {
		return w.row(`SELECT `+contributionColumns+` FROM archive_jobs WHERE cluster = ? AND seq = ?`, []any{w.cluster, c.Seq}, j.dest()...)
	}
	err := read()
	if !errors.Is(err, sql.ErrNoRows) || !c.Kind.History() {
		return err
	}
	if err := w.bringBack(c); err != nil {
		return err
	}
	return read()
}

// bringBack gives a pruned job a row again, as the tombstone has it. What could
// be edited quietly is not known any more, and comes with the change.
//
// Lists of moments before that go on to miss the job, so the prune has to say
// that they do: until then its being pruned told.
func (w *batchWriter) bringBack(c *Change) error {
	const columns = `cluster, seq, job_id, collection, state, raw_state,
		appeared_after_ms, first_seen_ms, state_after_ms, state_seen_ms, asked_ms, seen_ms, misses, missed_ms, gone_ms, listed_raw, described_raw, prune`
	n, err := affected(w.exec(`INSERT INTO archive_jobs (`+columns+`) SELECT `+columns+` FROM archive_pruned WHERE cluster = ? AND seq = ?`,
		w.cluster, c.Seq))
	switch {
	case err != nil:
		return err
	case n == 0:
		return errNotThere
	}
	err = one(w.exec(`UPDATE archive_prunes SET listed_until_ms = max(listed_until_ms, ?1)
		WHERE id = (SELECT prune FROM archive_pruned WHERE cluster = ?2 AND seq = ?3)`, millis(c.ObservedAt), w.cluster, c.Seq))
	if err != nil {
		return err
	}
	return one(w.exec(`DELETE FROM archive_pruned WHERE cluster = ? AND seq = ?`, w.cluster, c.Seq))
}

// alterPruned alters the tombstone of a job by what is no history: that it was
// missed, or seen again. What the service says of it in passing is not kept.
func (w *batchWriter) alterPruned(c *Change) error {
	switch c.Kind {
	case Missed:
		return one(w.exec(`UPDATE archive_pruned SET misses = ?, missed_ms = coalesce(missed_ms, ?),
				asked_ms = max(asked_ms, ?), seen_ms = max(seen_ms, ?)
			WHERE cluster = ? AND seq = ? AND gone_ms IS NULL`,
			c.Misses, millis(c.ObservedAt), millis(c.Asked), millis(c.Seen), w.cluster, c.Seq))
	case Edited:
		return w.editPruned(c)
	}
	return errNotThere
}

func (w *batchWriter) editPruned(c *Change) error {
	collection, err := w.text(c.Job.Collection)
	if err != nil {
		return err
	}
	raw, err := w.text(c.Job.RawState)
	if err != nil {
		return err
	}
	listed, err := w.listedRaw(c)
	if err != nil {
		return err
	}
	var before, after contribution
	key := []any{w.cluster, c.Seq}
	err = w.row(`SELECT `+contributionColumns+` FROM archive_pruned WHERE cluster = ? AND seq = ?`, key, before.dest()...)
	if errors.Is(err, sql.ErrNoRows) {
		return errNotThere
	}
	if err != nil {
		return err
	}
	err = w.row(`UPDATE archive_pruned SET collection = ?, raw_state = ?, listed_raw = ?, asked_ms = ?, seen_ms = ?,
			misses = iif(gone_ms IS NULL, 0, misses), missed_ms = iif(gone_ms IS NULL, NULL, missed_ms)
		WHERE cluster = ? AND seq = ? RETURNING `+contributionColumns,
		append([]any{collection, raw, listed, millis(c.Asked), millis(c.Seen)}, key...), after.dest()...)
	if err != nil {
		return err
	}
	w.sums.remove(&before)
	w.sums.add(&after)
	return nil
}
