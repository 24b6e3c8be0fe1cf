package prune

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"

	"importarchive/db"
	"importarchive/db/rows"
	"importarchive/db/store"
)

// batchSize is how many jobs, runs or rejects one transaction deletes: so few that other
// writers hardly wait.
const batchSize = 500

// deleter deletes what is due, a batch in each transaction, and counts it.
type deleter struct {
	transact func(context.Context, func(*store.Tx) error) error
	order    *db.Prune
	file     *pruneFile // nil until there is something to write, and without an export
	counts   map[countKey]*count
}

type countKey struct {
	cluster int64
	what    string
}

// count is a row of archive_prunes and what this prune, or one batch of it, adds
// to that row.
type count struct {
	id int64
	db.Deletion
	listedUntil sql.NullInt64
}

// all deletes what is found, in batches of one cluster each.
func (d *deleter) all(ctx context.Context, found iter.Seq2[candidate, error]) error {
	var some []candidate
	flush := func() error {
		if len(some) == 0 {
			return nil
		}
		if err := d.delete(ctx, some); err != nil {
			return err
		}
		some = some[:0]
		return d.order.Pause(ctx)
	}
	for c, err := range found {
		if err == nil && len(some) > 0 && (len(some) == batchSize || some[0].limits != c.limits) {
			err = flush()
		}
		if err != nil {
			return err
		}
		some = append(some, c)
	}
	return flush()
}

// delete deletes a batch. What it deletes is on the disk before the commit.
func (d *deleter) delete(ctx context.Context, some []candidate) (err error) {
	if d.file == nil && d.order.Export != "" {
		if d.file, err = newPruneFile(d.order.Export, d.order.Now); err != nil {
			return err
		}
	}
	var b *batch
	err = d.transact(ctx, func(tx *store.Tx) error {
		b = &batch{
			Tx: tx, deleter: d, limits: some[0].limits,
			counts: map[string]*count{}, runs: map[int64]*[4]int64{}, sums: store.NewSums(), totals: store.Totals{},
		}
		for _, c := range some {
			if err := b.deleteOne(c); err != nil {
				return err
			}
		}
		if err := b.store(); err != nil {
			return err
		}
		return d.file.append(b.lines.Bytes())
	})
	if err != nil {
		return err
	}
	for what, n := range b.counts {
		key := countKey{b.limits.cluster, what}
		if d.counts[key] == nil {
			d.counts[key] = &count{id: n.id, Deletion: db.Deletion{
				Cluster: b.limits.name, What: what, OlderThan: db.FromMillis(b.limits.of(what).Int64),
			}}
		}
		all := d.counts[key]
		all.Jobs, all.Transitions = all.Jobs+n.Jobs, all.Transitions+n.Transitions
		all.Runs, all.Rejects = all.Runs+n.Runs, all.Rejects+n.Rejects
	}
	return nil
}

// deletions returns what was deleted so far.
func (d *deleter) deletions() []db.Deletion {
	var all []db.Deletion
	for _, c := range d.counts {
		all = append(all, c.Deletion)
	}
	slices.SortFunc(all, byCluster)
	return all
}

// batch is what one transaction deletes of one cluster.
type batch struct {
	*store.Tx
	*deleter
	limits *limits
	counts map[string]*count
	runs   map[int64]*[4]int64 // deleted transitions by the run that saw them, as countedKinds
	sums   *store.Sums         // the loads of the jobs, to be removed
	totals store.Totals        // what the archive has no row of any more
	lines  bytes.Buffer        // what the export gets
}

// countedKinds are the transitions that a run's row counts.
var countedKinds = [4]db.Kind{db.Appeared, db.Moved, db.Gone, db.Returned}

func (b *batch) deleteOne(c candidate) error {
	switch {
	case c.run != 0:
		return b.deleteRun(c.run)
	case c.reject != 0:
		return b.deleteReject(c.reject)
	}
	return b.deleteJob(c.seq)
}

// deleteRun deletes a run, unless something refers to it meanwhile.
func (b *batch) deleteRun(id int64) error {
	line, err := b.line(func() ([]byte, error) { return runLine(b.Query, id) })
	if errors.Is(err, sql.ErrNoRows) {
		return nil // another prune was first
	}
	if err != nil {
		return fmt.Errorf("reading run %d: %w", id, err)
	}
	var r db.Run
	err = b.Row(`DELETE FROM archive_runs WHERE id = ?1
		AND NOT EXISTS (SELECT * FROM archive_transitions WHERE run = ?1)
		AND NOT EXISTS (SELECT * FROM archive_rejects WHERE run = ?1)
		RETURNING outcome, coalesce(pages, 0), coalesce(requests, 0), coalesce(retries, 0), rejected`,
		[]any{id}, &r.Outcome, &r.Pages, &r.Requests, &r.Retries, &r.Rejected)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("deleting run %d: %w", id, err)
	}
	n, err := b.count("runs")
	if err != nil {
		return err
	}
	b.totals.Ended(&r)
	b.lines.Write(line)
	n.Runs++
	return nil
}

// deleteReject deletes a reject, unless a run has listed it meanwhile. The totals
// stay: they count the records of each run.
func (b *batch) deleteReject(id int64) error {
	line, err := b.line(func() ([]byte, error) { return rejectLine(b.Query, id) })
	if errors.Is(err, sql.ErrNoRows) {
		return nil // another prune was first
	}
	if err != nil {
		return fmt.Errorf("reading reject %d: %w", id, err)
	}
	n, err := b.Affected(`DELETE FROM archive_rejects WHERE id = ? AND seen_ms < ?`, id, b.limits.rejects.Int64)
	if err != nil {
		return fmt.Errorf("deleting reject %d: %w", id, err)
	}
	if n == 0 {
		return nil
	}
	count, err := b.count("rejects")
	if err != nil {
		return err
	}
	b.lines.Write(line)
	count.Rejects++
	return nil
}

// deleteJob deletes what the archive has of a job, up to what its return must
// know, unless the job is not due any more.
func (b *batch) deleteJob(seq int64) error {
	var id, as string
	var listed int64
	// The last sighting of a listed job may be its cluster's newest complete listing.
	err := b.Row(`SELECT job_id, `+what+`, coalesce(gone_ms,
			max(seen_ms + 1, coalesce((SELECT complete_started_ms FROM archive_clusters WHERE id = :cluster), 0)))
		FROM archive_jobs WHERE cluster = :cluster AND seq = :seq AND `+isDue,
		b.limits.args(sql.Named("seq", seq)), &id, &as, &listed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking up job %d: %w", seq, err)
	}
	line, err := b.line(func() ([]byte, error) { return jobLine(b.Query, b.limits.name, id) })
	if err != nil {
		return fmt.Errorf("reading job %q: %w", id, err)
	}
	n, err := b.count(as)
	if err != nil {
		return err
	}
	if err := b.deleteRows(seq, n); err != nil {
		return fmt.Errorf("deleting job %q: %w", id, err)
	}
	b.lines.Write(line)
	n.Jobs++
	n.listedUntil = sql.NullInt64{Int64: max(n.listedUntil.Int64, listed), Valid: true}
	return nil
}

// deleteRows deletes the job's history and details. It marks the job as not fully
// described, so that a run queries it again if it comes back.
func (b *batch) deleteRows(seq int64, n *count) error {
	key := []any{b.limits.cluster, seq}
	if err := b.sums.CountLoad(b.Tx, b.limits.cluster, seq, -1); err != nil {
		return err
	}
	err := b.One(`UPDATE archive_jobs SET pruned = 1, prune = ?, progress = NULL, reason = NULL, extra = NULL, settled = 0, described_ms = NULL
		WHERE cluster = ? AND seq = ?`, append([]any{n.id}, key...)...)
	if err != nil {
		return err
	}
	if err := b.Exec(`DELETE FROM archive_details WHERE cluster = ? AND seq = ?`, key...); err != nil {
		return err
	}
	return b.deleteTransitions(seq, n)
}

func (b *batch) deleteTransitions(seq int64, n *count) error {
	deleted, err := b.Query(`DELETE FROM archive_transitions WHERE cluster = ? AND seq = ? RETURNING run, kind`, b.limits.cluster, seq)
	if err != nil {
		return err
	}
	type line struct {
		run  int64
		kind db.Kind
	}
	all, err := rows.Collect(deleted, func(l *line) []any { return []any{&l.run, &l.kind} })
	n.Transitions += int64(len(all))
	for _, l := range all {
		b.totals.Transition(l.kind)
		if i := slices.Index(countedKinds[:], l.kind); i >= 0 {
			if b.runs[l.run] == nil {
				b.runs[l.run] = new([4]int64)
			}
			b.runs[l.run][i]++
		}
	}
	return err
}

// line renders a line of the export. Without an export it renders none.
func (b *batch) line(render func() ([]byte, error)) ([]byte, error) {
	if b.file == nil {
		return nil, nil
	}
	return render()
}
