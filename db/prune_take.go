package db

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
)

// takeSize is how many jobs or runs go in one transaction: few enough that
// whoever waits for the writer hardly notices.
const takeSize = 500

// taker takes what is due, a transaction at a time, and counts it.
type taker struct {
	store *SQLite
	now   time.Time
	file  string // where what it takes was exported to
	pause func(context.Context) error
	done  map[takenKey]*Taken
	ids   map[takenKey]int64 // their rows in archive_prunes
}

type takenKey struct {
	cluster int64
	what    string
}

// all takes what is found, in batches of one cluster.
func (t *taker) all(ctx context.Context, found iter.Seq2[candidate, error]) error {
	var batch []candidate
	take := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := t.take(ctx, batch); err != nil {
			return err
		}
		batch = batch[:0]
		return t.pause(ctx)
	}
	for c, err := range found {
		if err == nil && len(batch) > 0 && (len(batch) == takeSize || batch[0].limits != c.limits) {
			err = take()
		}
		if err != nil {
			return err
		}
		batch = append(batch, c)
	}
	return take()
}

// take takes a batch in one transaction.
func (t *taker) take(ctx context.Context, batch []candidate) error {
	var b *takenBatch
	err := t.store.transact(ctx, func(tx *transaction) error {
		b = &takenBatch{
			transaction: tx, taker: t, limits: batch[0].limits,
			of: map[string]*takenOf{}, runs: map[int64]*[4]int64{}, sums: newSums(), totals: totals{},
		}
		for i := range batch {
			if err := b.takeOne(&batch[i]); err != nil {
				return err
			}
		}
		return b.settle()
	})
	if err != nil {
		return err
	}
	b.count()
	return nil
}

// taken is what was taken so far.
func (t *taker) taken() []Taken {
	var all []Taken
	for _, d := range t.done {
		all = append(all, *d)
	}
	slices.SortFunc(all, byCluster)
	return all
}

func byCluster(a, b Taken) int {
	return cmp.Or(strings.Compare(a.Cluster, b.Cluster), strings.Compare(a.What, b.What))
}

// takenBatch is what one transaction takes of one cluster.
type takenBatch struct {
	*transaction
	*taker
	limits *limits
	of     map[string]*takenOf
	runs   map[int64]*[4]int64 // transitions by the run that saw them, as countedKinds
	sums   *sums               // the loads of its jobs, to be removed
	totals totals              // what there is of the cluster's that has no row any more
}

// takenOf is what it takes of one thing. A prune's row is made by the first
// batch that takes something, so that an empty one leaves none.
type takenOf struct {
	id                      int64
	jobs, transitions, runs int64
	listedUntil             sql.NullInt64
}

// countedKinds are those that runs count.
var countedKinds = [4]Kind{Appeared, Moved, Gone, Returned}

func (b *takenBatch) takeOne(c *candidate) error {
	if c.run != 0 {
		return b.takeRun(c)
	}
	return b.takeJob(c)
}

// takeRun deletes a run, unless something refers to it after all.
func (b *takenBatch) takeRun(c *candidate) error {
	if same, err := b.asExported(c); err != nil || !same {
		return err
	}
	var r Run
	err := b.row(`DELETE FROM archive_runs WHERE id = ?1
		AND NOT EXISTS (SELECT * FROM archive_transitions WHERE run = ?1)
		AND NOT EXISTS (SELECT * FROM archive_rejects WHERE run = ?1)
		RETURNING outcome, coalesce(pages, 0), coalesce(requests, 0), coalesce(retries, 0)`,
		[]any{c.run}, &r.Outcome, &r.Pages, &r.Requests, &r.Retries)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("deleting run %d: %w", c.run, err)
	}
	b.totals.ended(&r)
	of, err := b.prune("runs")
	if err != nil {
		return err
	}
	of.runs++
	return nil
}

// takeJob puts a tombstone in the place of a job and its history, unless it has
// moved on since it was found.
func (b *takenBatch) takeJob(c *candidate) error {
	if c.seq == 0 {
		err := b.row(`SELECT seq FROM archive_jobs WHERE job_id = ? AND cluster = ?`, []any{c.subject.Job, c.limits.cluster}, &c.seq)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // somebody else has pruned it
		}
		if err != nil {
			return fmt.Errorf("looking up job %q: %w", c.subject.Job, err)
		}
	}
	var as string
	var listed int64
	// While it is listed, its last sighting may be its cluster's newest complete listing.
	err := b.row(`SELECT `+what+`, coalesce(gone_ms,
			max(seen_ms + 1, coalesce((SELECT complete_started_ms FROM archive_clusters WHERE id = :cluster), 0)))
		FROM archive_jobs WHERE cluster = :cluster AND seq = :seq AND `+isDue,
		c.limits.args(sql.Named("seq", c.seq)), &as, &listed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking up job %d: %w", c.seq, err)
	}
	if same, err := b.asExported(c); err != nil || !same {
		return err
	}
	of, err := b.prune(as)
	if err != nil {
		return err
	}
	if err := b.bury(c.seq, of); err != nil {
		return fmt.Errorf("pruning job %d: %w", c.seq, err)
	}
	of.jobs++
	of.listedUntil = sql.NullInt64{Int64: max(of.listedUntil.Int64, listed), Valid: true}
	return nil
}

func (b *takenBatch) bury(seq int64, of *takenOf) error {
	if err := b.sums.countLoad(b.transaction, b.limits.cluster, seq, -1); err != nil {
		return err
	}
	err := one(b.exec(`INSERT INTO archive_pruned (cluster, seq, job_id, collection, state, raw_state,
			appeared_after_ms, first_seen_ms, state_after_ms, state_seen_ms, asked_ms, seen_ms, misses, missed_ms, gone_ms, listed_raw, described_raw, prune)
		SELECT cluster, seq, job_id, collection, state, raw_state,
			appeared_after_ms, first_seen_ms, state_after_ms, state_seen_ms, asked_ms, seen_ms, misses, missed_ms, gone_ms, listed_raw, described_raw, ?
		FROM archive_jobs WHERE cluster = ? AND seq = ?`, of.id, b.limits.cluster, seq))
	if err != nil {
		return err
	}
	rows, err := b.query(`DELETE FROM archive_transitions WHERE cluster = ? AND seq = ? RETURNING run, kind`, b.limits.cluster, seq)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var run int64
		var kind Kind
		if err := rows.Scan(&run, &kind); err != nil {
			return err
		}
		of.transitions++
		b.totals.transition(kind)
		if i := slices.Index(countedKinds[:], kind); i >= 0 {
			if b.runs[run] == nil {
				b.runs[run] = new([4]int64)
			}
			b.runs[run][i]++
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return one(b.exec(`DELETE FROM archive_jobs WHERE cluster = ? AND seq = ?`, b.limits.cluster, seq))
}

// prune gives the row that counts what is taken of one thing.
func (b *takenBatch) prune(of string) (*takenOf, error) {
	if b.of[of] == nil {
		id := b.ids[takenKey{b.limits.cluster, of}]
		if id == 0 {
			err := b.row(`INSERT INTO archive_prunes (at_ms, cluster, what, older_than_ms, file) VALUES (?, ?, ?, ?, ?) RETURNING id`,
				[]any{millis(b.now), b.limits.cluster, of, b.limits.of(of).Int64, nullText(b.file)}, &id)
			if err != nil {
				return nil, fmt.Errorf("recording the prune: %w", err)
			}
		}
		b.of[of] = &takenOf{id: id}
	}
	return b.of[of], nil
}

// settle brings what the archive says of the whole in step with what is left.
// The sums and totals are not touched, but for the loads: they count what was
// pruned as well.
func (b *takenBatch) settle() error {
	for run, n := range b.runs {
		err := one(b.exec(`UPDATE archive_runs SET pruned_appeared = pruned_appeared + ?, pruned_moved = pruned_moved + ?,
			pruned_gone = pruned_gone + ?, pruned_returned = pruned_returned + ? WHERE id = ?`, n[0], n[1], n[2], n[3], run))
		if err != nil {
			return fmt.Errorf("counting what was pruned of run %d: %w", run, err)
		}
	}
	for _, of := range b.of {
		err := one(b.exec(`UPDATE archive_prunes SET jobs = jobs + ?, transitions = transitions + ?, runs = runs + ?,
			listed_until_ms = iif(?4 IS NULL, listed_until_ms, max(coalesce(listed_until_ms, ?4), ?4)) WHERE id = ?5`,
			of.jobs, of.transitions, of.runs, of.listedUntil, of.id))
		if err != nil {
			return fmt.Errorf("recording the prune: %w", err)
		}
	}
	if err := b.sums.store(b.transaction, b.limits.cluster); err != nil {
		return err
	}
	return b.totals.storePruned(b.transaction, b.limits.cluster)
}

// count takes note of a batch that is stored.
func (b *takenBatch) count() {
	for what, of := range b.of {
		key := takenKey{b.limits.cluster, what}
		if b.done[key] == nil {
			b.done[key] = &Taken{Cluster: b.limits.name, What: what, OlderThan: fromMillis(b.limits.of(what).Int64)}
			b.ids[key] = of.id
		}
		d := b.done[key]
		d.Jobs, d.Transitions, d.Runs = d.Jobs+of.jobs, d.Transitions+of.transitions, d.Runs+of.runs
	}
}

// asExported reports whether a candidate is still as it was exported, or was
// not exported at all.
func (b *takenBatch) asExported(c *candidate) (bool, error) {
	if c.line == nil {
		return true, nil
	}
	// While it is listed its last sighting moves on with each listing, which
	// does not make it another.
	now, err := lineOf(b.query, c, c.subject.LastSeenAt)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil && bytes.Equal(now, c.line), err
}
