package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"
)

// batchWriter writes one run's changes within one transaction.
type batchWriter struct {
	*transaction
	run     *Run
	cluster int64

	texts   map[string]int64
	tally   map[tallyKey]int64
	sums    *sums
	loads   loads
	totals  totals
	newest  time.Time
	nextSeq uint32

	// Rows of jobs that have appeared, and their transitions, not stored yet.
	jobs, transitions rows
}

type tallyKey struct {
	state State
	gone  bool
}

func newBatchWriter(tx *transaction, r *Run) (*batchWriter, error) {
	w := &batchWriter{
		transaction: tx, run: r, texts: map[string]int64{}, tally: map[tallyKey]int64{}, sums: newSums(), loads: loads{}, totals: totals{},
		jobs: rowsInto("archive_jobs", jobColumns), transitions: rowsInto("archive_transitions", transitionColumns),
	}
	err := w.row(`SELECT cluster FROM archive_runs WHERE id = ?`, []any{r.ID}, &w.cluster)
	if err != nil {
		return nil, fmt.Errorf("looking up run %d: %w", r.ID, err)
	}
	return w, nil
}

// changes stores changes until the context ends: a million absences take a
// while.
func (w *batchWriter) changes(ctx context.Context, all iter.Seq[Change]) error {
	for c := range all {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := w.change(&c); err != nil {
			return err
		}
	}
	return nil
}

func (w *batchWriter) change(c *Change) error {
	if c.ObservedAt.After(w.newest) {
		w.newest = c.ObservedAt
	}
	if c.Seen.After(w.newest) {
		w.newest = c.Seen
	}
	collection, err := w.text(c.Job.Collection)
	if err != nil {
		return err
	}
	raw, err := w.text(c.Job.RawState)
	if err != nil {
		return err
	}
	if c.Kind != Appeared { // it may be of a job that has appeared just now
		if err := w.storeRows(); err != nil {
			return err
		}
	}
	switch c.Kind {
	case Appeared:
		w.insert(c, collection, raw)
	case Missed, Gone:
		err = w.absent(c)
	default:
		err = w.update(c, collection, raw)
	}
	if err != nil {
		return fmt.Errorf("storing that job %d has %s: %w", c.Seq, c.Kind, err)
	}
	w.count(c)
	if err := w.transition(c, collection); err != nil {
		return fmt.Errorf("storing the transition of job %d: %w", c.Seq, err)
	}
	return nil
}

// updateJob leaves alone when the state began unless the job is in another one,
// and gone_ms unless the job returned. In another state there are other details.
// A pruned job stays without progress, reason and extra.
const updateJob = `UPDATE archive_jobs SET collection = ?, state = ?, raw_state = ?,
		progress = iif(pruned, NULL, ?), reason = iif(pruned, NULL, ?), extra = iif(pruned, NULL, ?),
		asked_ms = ?, seen_ms = ?, misses = iif(?12 OR gone_ms IS NULL, 0, misses), missed_ms = iif(?12 OR gone_ms IS NULL, NULL, missed_ms),
		state_after_ms = iif(?9, ?10, state_after_ms), state_seen_ms = iif(?9, ?11, state_seen_ms),
		gone_ms = iif(?12, NULL, gone_ms), settled = iif(?9 OR ?12 OR misses > 0, 0, settled), listed_raw = ?15
	WHERE cluster = ?13 AND seq = ?14 RETURNING ` + standingColumns

// moveTold leaves alone what only a listing tells: how the job is listed, and
// whether it is. Its last sighting there may not be written yet.
const moveTold = `UPDATE archive_jobs SET state = ?, raw_state = ?, asked_ms = max(asked_ms, ?), seen_ms = max(seen_ms, ?),
		state_after_ms = ?, state_seen_ms = ?, settled = 0, listed_raw = ?
	WHERE cluster = ? AND seq = ? RETURNING ` + standingColumns

func (w *batchWriter) update(c *Change, collection, raw sql.NullInt64) error {
	j := &c.Job
	listed, err := w.listedRaw(c)
	if err != nil {
		return err
	}
	if c.Told {
		return w.alter(c, moveTold, string(j.State), raw, millis(c.Asked), millis(c.Seen),
			nullMillis(c.NotBefore), millis(c.ObservedAt), listed, w.cluster, c.Seq)
	}
	return w.alter(c, updateJob, collection, string(j.State), raw, number(j.Progress), nullText(j.Reason), nullText(j.Extra),
		millis(c.Asked), millis(c.Seen), c.Turned(), nullMillis(c.NotBefore), millis(c.ObservedAt), c.Kind == Returned,
		w.cluster, c.Seq, listed)
}

// listedRaw is the word that the list gives the job, as its column has it: NULL
// where raw_state is that word, 0 where the list gives none.
func (w *batchWriter) listedRaw(c *Change) (sql.NullInt64, error) {
	if c.ListedRaw == c.Job.RawState {
		return sql.NullInt64{}, nil
	}
	id, err := w.text(c.ListedRaw)
	id.Valid = true
	return id, err
}

// markAbsent also writes the last sighting down: until now it was the newest
// complete listing, which from here on is one that did not have the job.
const markAbsent = `UPDATE archive_jobs SET misses = ?, missed_ms = coalesce(missed_ms, ?),
		asked_ms = max(asked_ms, ?), seen_ms = max(seen_ms, ?), gone_ms = ?
	WHERE cluster = ? AND seq = ? AND gone_ms IS NULL RETURNING ` + standingColumns

func (w *batchWriter) absent(c *Change) error {
	var gone time.Time
	if c.Kind == Gone {
		gone = c.ObservedAt
	}
	return w.alter(c, markAbsent, c.Misses, millis(c.ObservedAt), millis(c.Asked), millis(c.Seen), nullMillis(gone), w.cluster, c.Seq)
}

// alter alters a job's row by a statement that returns how it stands then, and
// moves the sums on. A miss can't move them; an edit can, where a job's
// collection was not told before.
func (w *batchWriter) alter(c *Change, statement string, args ...any) error {
	var before, after standing
	if c.Kind != Missed {
		if err := w.standing(c, &before); err != nil {
			return err
		}
		if err := w.countLoad(c, &before, -1); err != nil {
			return err
		}
	}
	err := w.row(statement, args, after.places()...)
	if errors.Is(err, sql.ErrNoRows) {
		return errNotThere
	}
	if err != nil {
		return err
	}
	if c.Kind != Missed {
		w.sums.remove(&before)
		w.sums.add(&after)
		return w.countLoad(c, &after, 1)
	}
	return nil
}

// countLoad spares the look at a job that adds nothing, or that a change leaves
// as it was: that it is gone says nothing of what it loaded.
func (w *batchWriter) countLoad(c *Change, j *standing, n int64) error {
	if j.state != Completed || c.Kind == Gone {
		return nil
	}
	return w.loads.count(w.transaction, w.cluster, int64(c.Seq), n)
}

const transitionColumns = `run, cluster, seq, collection, kind,
	from_state, to_state, from_raw_state, to_raw_state, not_before_ms, observed_ms`

// transition writes history. What only alters the row is none.
func (w *batchWriter) transition(c *Change, collection sql.NullInt64) error {
	if !c.Kind.History() {
		return nil
	}
	w.totals.transition(c.Kind)
	w.sums.active[collection.Int64] = max(w.sums.active[collection.Int64], millis(c.ObservedAt))
	from, to, fromWord, toWord := c.Turn()
	fromRaw, err := w.text(fromWord)
	if err != nil {
		return err
	}
	toRaw, err := w.text(toWord)
	if err != nil {
		return err
	}
	enough := w.transitions.add(w.run.ID, w.cluster, c.Seq, collection, string(c.Kind),
		nullText(string(from)), nullText(string(to)), fromRaw, toRaw, nullMillis(c.NotBefore), millis(c.ObservedAt))
	if enough {
		return w.storeRows()
	}
	return nil
}

func (w *batchWriter) count(c *Change) {
	state := c.Job.State
	switch c.Kind {
	case Appeared:
		w.tally[tallyKey{state, false}]++
	case Moved:
		w.tally[tallyKey{c.FromState, c.Away}]--
		w.tally[tallyKey{state, c.Away}]++
	case Gone:
		w.tally[tallyKey{state, false}]--
		w.tally[tallyKey{state, true}]++
	case Returned:
		w.tally[tallyKey{state, true}]--
		w.tally[tallyKey{state, false}]++
	}
}

func (w *batchWriter) reject(j *Reject) error {
	if j.At.After(w.newest) {
		w.newest = j.At
	}
	n, err := affected(w.exec(`INSERT INTO archive_rejects (run, cluster, at_ms, reason, raw, nth) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (cluster, raw, nth) DO NOTHING`, w.run.ID, w.cluster, millis(j.At), j.Reason, j.Raw, j.Nth))
	if err != nil {
		return fmt.Errorf("storing a reject: %w", err)
	}
	if n > 0 {
		w.totals.reject()
	}
	return nil
}

// text gives the number of a text that stands in many rows.
func (w *batchWriter) text(s string) (id sql.NullInt64, err error) {
	if s == "" {
		return id, nil
	}
	if n, ok := w.texts[s]; ok {
		return sql.NullInt64{Int64: n, Valid: true}, nil
	}
	err = w.row(`SELECT id FROM archive_texts WHERE text = ?`, []any{s}, &id)
	if errors.Is(err, sql.ErrNoRows) {
		err = w.row(`INSERT INTO archive_texts (text) VALUES (?) RETURNING id`, []any{s}, &id)
	}
	if err != nil {
		return id, fmt.Errorf("storing a text: %w", err)
	}
	w.texts[s] = id.Int64
	return id, nil
}

// settle brings what is kept of the cluster as a whole in step with its jobs.
func (w *batchWriter) settle() error {
	if err := w.storeRows(); err != nil {
		return err
	}
	err := one(w.exec(`UPDATE archive_clusters SET newest_ms = max(newest_ms, ?), next_seq = max(next_seq, ?) WHERE id = ?`,
		max(0, millis(w.newest)), w.nextSeq, w.cluster))
	if err != nil {
		return err
	}
	for key, n := range w.tally {
		if err := w.addTally(key, n); err != nil {
			return fmt.Errorf("counting the jobs: %w", err)
		}
	}
	if err := w.sums.store(w.transaction, w.cluster); err != nil {
		return err
	}
	if err := w.loads.store(w.transaction, w.cluster); err != nil {
		return err
	}
	return w.totals.store(w.transaction, w.cluster)
}

// addTally takes two statements, because the row that an upsert would first
// try to insert must already pass the CHECK that no tally is negative.
func (w *batchWriter) addTally(key tallyKey, n int64) error {
	_, err := w.exec(`INSERT INTO archive_tally (cluster, state, gone, jobs) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING`,
		w.cluster, string(key.state), key.gone)
	if err != nil {
		return err
	}
	return one(w.exec(`UPDATE archive_tally SET jobs = jobs + ? WHERE cluster = ? AND state = ? AND gone = ?`,
		n, w.cluster, string(key.state), key.gone))
}
