package store

import (
	"database/sql"
	"errors"

	"importarchive/db"
)

// A pruned job keeps its row, with pruned set and without what no decision
// needs. A change does not say whether its job is pruned, because the run's Known may
// be older than the prune. A change that is no history alters the row and leaves it
// pruned. A change that is history brings the job back.

var errNotThere = errors.New("an update that must alter one row altered none")

// contribution reads what a job adds to the sums before a change. A change that
// is history brings a pruned job back first.
func (w *batchWriter) contribution(c *db.Change, j *contribution) error {
	var pruned bool
	err := w.Row(`SELECT pruned, `+contributionColumns+` FROM archive_jobs WHERE cluster = ? AND seq = ?`,
		[]any{w.cluster, c.Seq}, append([]any{&pruned}, j.dest()...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return errNotThere
	}
	if err != nil || !pruned || !c.Kind.History() {
		return err
	}
	return w.bringBack(c)
}

// bringBack shows a pruned job in the views again. The change sets the columns that
// the prune emptied.
//
// Reports about earlier moments still lack the job. While it was pruned, its own row
// showed that; from now on the row of its prune does.
func (w *batchWriter) bringBack(c *db.Change) error {
	var prune int64
	err := w.Row(`UPDATE archive_jobs SET pruned = 0 WHERE cluster = ? AND seq = ? RETURNING prune`, []any{w.cluster, c.Seq}, &prune)
	if err != nil {
		return err
	}
	return w.One(`UPDATE archive_prunes SET listed_until_ms = max(listed_until_ms, ?) WHERE id = ?`, db.Millis(c.ObservedAt), prune)
}
