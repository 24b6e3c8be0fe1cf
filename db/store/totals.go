package store

import (
	"fmt"
	"strings"
	"time"

	"importarchive/db"
)

// Totals collects what a transaction adds to the columns total_… of a cluster's
// row, by their names without total_. They count since the cluster was first
// archived, never decrease, and outlive the rows that they count.
type Totals map[string]int64

// Ended counts a run that has ended.
func (t Totals) Ended(r *db.Run) {
	t["runs_"+string(r.Outcome)]++
	t["pages"] += int64(r.Pages)
	t["requests"] += int64(r.Requests)
	t["retries"] += int64(r.Retries)
	t["rejects"] += int64(r.Rejected)
}

// Transition counts a transition of this kind.
func (t Totals) Transition(k db.Kind) { t[string(k)]++ }

func (t Totals) gap(lasted time.Duration) {
	t["gaps"]++
	t["gaps_ms"] += lasted.Milliseconds()
}

// store adds to the cluster's totals.
func (t Totals) store(tx *Tx, cluster int64) error {
	var set []string
	var args []any
	for what, n := range t {
		if n != 0 {
			set, args = append(set, fmt.Sprintf("total_%[1]s = total_%[1]s + ?", what)), append(args, n)
		}
	}
	if set == nil {
		return nil
	}
	if err := tx.One(`UPDATE archive_clusters SET `+strings.Join(set, ", ")+` WHERE id = ?`, append(args, cluster)...); err != nil {
		return fmt.Errorf("adding to the totals: %w", err)
	}
	return nil
}

// StorePruned records that a prune deleted rows which the totals count.
func (t Totals) StorePruned(tx *Tx, cluster int64) error {
	for what, n := range t {
		if n == 0 {
			continue
		}
		err := tx.Exec(`INSERT INTO archive_totals_pruned (cluster, what, n) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET n = n + excluded.n`, cluster, what, n)
		if err != nil {
			return fmt.Errorf("counting the pruned part of the totals: %w", err)
		}
	}
	return nil
}
