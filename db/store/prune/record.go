package prune

import (
	"fmt"

	"importarchive/db"
)

// count returns the count of one kind of thing. The first batch that deletes such
// a thing makes the prune's row, so a prune that deletes nothing leaves no row.
func (b *batch) count(what string) (*count, error) {
	if n := b.counts[what]; n != nil {
		return n, nil
	}
	n := &count{}
	if before := b.deleter.counts[countKey{b.limits.cluster, what}]; before != nil {
		n.id = before.id
	} else {
		err := b.Row(`INSERT INTO archive_prunes (pruned_ms, cluster, what, older_than_ms, file) VALUES (?, ?, ?, ?, ?) RETURNING id`,
			[]any{db.Millis(b.order.Now), b.limits.cluster, what, b.limits.of(what).Int64, db.NullText(b.file.path())}, &n.id)
		if err != nil {
			return nil, fmt.Errorf("recording the prune: %w", err)
		}
	}
	b.counts[what] = n
	return n, nil
}

// store writes the counts of what the batch deleted. Sums and totals stay,
// because they count pruned jobs as well; only the loads move.
func (b *batch) store() error {
	for run, n := range b.runs {
		err := b.One(`UPDATE archive_runs SET pruned_appeared = pruned_appeared + ?, pruned_moved = pruned_moved + ?,
			pruned_gone = pruned_gone + ?, pruned_returned = pruned_returned + ? WHERE id = ?`, n[0], n[1], n[2], n[3], run)
		if err != nil {
			return fmt.Errorf("counting what was pruned of run %d: %w", run, err)
		}
	}
	for _, n := range b.counts {
		err := b.One(`UPDATE archive_prunes SET jobs = jobs + ?, transitions = transitions + ?, runs = runs + ?, rejects = rejects + ?,
			listed_until_ms = iif(?5 IS NULL, listed_until_ms, max(coalesce(listed_until_ms, ?5), ?5)) WHERE id = ?6`,
			n.Jobs, n.Transitions, n.Runs, n.Rejects, n.listedUntil, n.id)
		if err != nil {
			return fmt.Errorf("recording the prune: %w", err)
		}
	}
	if err := b.sums.Store(b.Tx, b.limits.cluster); err != nil {
		return err
	}
	return b.totals.StorePruned(b.Tx, b.limits.cluster)
}
