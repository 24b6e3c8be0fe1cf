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

// batchWriter writes one run's changes within one transaction.
type batchWriter struct {
	*Tx
	run     *db.Run
	cluster int64

	firstRun int64 // when the cluster's first run began

	texts   map[string]int64
	tally   map[tallyKey]int64
	sums    *Sums
	totals  Totals
	newest  time.Time
	nextSeq uint32

	// Buffered rows of jobs that have appeared, and of transitions.
	jobs, transitions inserts
}

type tallyKey struct {
	state db.State
	gone  bool
}

func newBatchWriter(tx *Tx, r *db.Run) (*batchWriter, error) {
	w := &batchWriter{
		Tx: tx, run: r, texts: map[string]int64{}, tally: map[tallyKey]int64{}, sums: NewSums(), totals: Totals{},
		jobs: rowsInto("archive_jobs", jobColumns), transitions: rowsInto("archive_transitions", transitionColumns),
	}
	err := w.Row(`SELECT c.id, c.first_run_ms FROM archive_runs AS r JOIN archive_clusters AS c ON c.id = r.cluster WHERE r.id = ?`,
		[]any{r.ID}, &w.cluster, &w.firstRun)
	if err != nil {
		return nil, fmt.Errorf("looking up run %d: %w", r.ID, err)
	}
	return w, nil
}

// changes stores changes until the context ends. A million absences take
// seconds.
func (w *batchWriter) changes(ctx context.Context, all iter.Seq[db.Change]) error {
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

func (w *batchWriter) change(c *db.Change) error {
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
	if c.Kind != db.Appeared { // the job's row may still be in the buffer
		if err := w.storeRows(); err != nil {
			return err
		}
	}
	switch c.Kind {
	case db.Appeared:
		w.insert(c, collection, raw)
	case db.Missed, db.Gone:
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

// updateJob sets the state's times only if the state changed, and clears gone_ms
// only if the job returned. After a change of state the job's details are
// outdated, so it is not fully described any more. A pruned job stays without progress,
// reason and extra.
const updateJob = `UPDATE archive_jobs SET collection = ?, state = ?, raw_state = ?,
		progress = iif(pruned, NULL, ?), reason = iif(pruned, NULL, ?), extra = iif(pruned, NULL, ?),
		asked_ms = ?, seen_ms = ?, misses = iif(?12 OR gone_ms IS NULL, 0, misses), missed_ms = iif(?12 OR gone_ms IS NULL, NULL, missed_ms),
		state_after_ms = iif(?9, ?10, state_after_ms), state_seen_ms = iif(?9, ?11, state_seen_ms),
		gone_ms = iif(?12, NULL, gone_ms), settled = iif(?9 OR ?12 OR misses > 0, 0, settled), listed_raw = ?15
	WHERE cluster = ?13 AND seq = ?14 RETURNING ` + contributionColumns

// moveFromDetails stores a state that an answer about the job alone showed. It does
// not change the columns that only a listing sets. The job's last sighting in a listing may
// not be written yet.
const moveFromDetails = `UPDATE archive_jobs SET state = ?, raw_state = ?, asked_ms = max(asked_ms, ?), seen_ms = max(seen_ms, ?),
		state_after_ms = ?, state_seen_ms = ?, settled = 0, listed_raw = ?
	WHERE cluster = ? AND seq = ? RETURNING ` + contributionColumns

func (w *batchWriter) update(c *db.Change, collection, raw sql.NullInt64) error {
	j := &c.Job
	listed, err := w.listedRaw(c)
	if err != nil {
		return err
	}
	if c.FromDetails {
		return w.alter(c, moveFromDetails, string(j.State), raw, db.Millis(c.Asked), db.Millis(c.Seen),
			db.NullMillis(c.NotBefore), db.Millis(c.ObservedAt), listed, w.cluster, c.Seq)
	}
	return w.alter(c, updateJob, collection, string(j.State), raw, number(j.Progress), db.NullText(j.Reason), db.NullText(j.Extra),
		db.Millis(c.Asked), db.Millis(c.Seen), c.Turned(), db.NullMillis(c.NotBefore), db.Millis(c.ObservedAt), c.Kind == db.Returned,
		w.cluster, c.Seq, listed)
}

// listedRaw returns the value of the column listed_raw: NULL if the list's word is
// raw_state, 0 if the list has no word.
func (w *batchWriter) listedRaw(c *db.Change) (sql.NullInt64, error) {
	if c.ListedRaw == c.Job.RawState {
		return sql.NullInt64{}, nil
	}
	id, err := w.text(c.ListedRaw)
	id.Valid = true
	return id, err
}

// markAbsent also writes the job's last sighting. Until now that was the cluster's
// newest complete listing, which from now on is one that lacks the job.
const markAbsent = `UPDATE archive_jobs SET misses = ?, missed_ms = coalesce(missed_ms, ?),
		asked_ms = max(asked_ms, ?), seen_ms = max(seen_ms, ?), gone_ms = ?
	WHERE cluster = ? AND seq = ? AND gone_ms IS NULL RETURNING ` + contributionColumns

func (w *batchWriter) absent(c *db.Change) error {
	var gone time.Time
	if c.Kind == db.Gone {
		gone = c.ObservedAt
	}
	return w.alter(c, markAbsent, c.Misses, db.Millis(c.ObservedAt), db.Millis(c.Asked), db.Millis(c.Seen), db.NullMillis(gone), w.cluster, c.Seq)
}

// alter updates a job's row by a statement that returns its new contribution, and
// updates the sums. A miss can't change them. An edit can, when it adds a
// collection that was unknown before.
func (w *batchWriter) alter(c *db.Change, statement string, args ...any) error {
	var before, after contribution
	if c.Kind != db.Missed {
		if err := w.contribution(c, &before); err != nil {
			return err
		}
		if err := w.countLoad(c, &before, -1); err != nil {
			return err
		}
	}
	err := w.Row(statement, args, after.dest()...)
	if errors.Is(err, sql.ErrNoRows) {
		return errNotThere
	}
	if err != nil {
		return err
	}
	if c.Kind != db.Missed {
		w.sums.remove(&before)
		w.sums.add(&after)
		return w.countLoad(c, &after, 1)
	}
	return nil
}

// countLoad skips the query for jobs that add nothing, and for changes that leave
// a load as it was.
func (w *batchWriter) countLoad(c *db.Change, j *contribution, n int64) error {
	if j.state != db.Completed || c.Kind == db.Gone {
		return nil
	}
	return w.sums.CountLoad(w.Tx, w.cluster, int64(c.Seq), n)
}

const transitionColumns = `run, cluster, seq, collection, kind,
	from_state, to_state, from_raw_state, to_raw_state, not_before_ms, observed_ms`

// transition buffers a line of history, if the change is one.
func (w *batchWriter) transition(c *db.Change, collection sql.NullInt64) error {
	if !c.Kind.History() {
		return nil
	}
	w.totals.Transition(c.Kind)
	w.sums.active[collection.Int64] = max(w.sums.active[collection.Int64], db.Millis(c.ObservedAt))
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
		db.NullText(string(from)), db.NullText(string(to)), fromRaw, toRaw, db.NullMillis(c.NotBefore), db.Millis(c.ObservedAt))
	if enough {
		return w.storeRows()
	}
	return nil
}

func (w *batchWriter) count(c *db.Change) {
	state := c.Job.State
	switch c.Kind {
	case db.Appeared:
		w.tally[tallyKey{state, false}]++
	case db.Moved:
		w.tally[tallyKey{c.FromState, c.Away}]--
		w.tally[tallyKey{state, c.Away}]++
	case db.Gone:
		w.tally[tallyKey{state, false}]--
		w.tally[tallyKey{state, true}]++
	case db.Returned:
		w.tally[tallyKey{state, true}]--
		w.tally[tallyKey{state, false}]++
	}
}

// mostRejects is how many rejects of a cluster the archive keeps: those that were
// listed last.
const mostRejects = 100

func (w *batchWriter) reject(j *db.Reject) error {
	w.newest = db.Later(w.newest, j.At)
	err := w.Exec(`INSERT INTO archive_rejects (run, cluster, rejected_ms, seen_ms, reason, raw) VALUES (?1, ?2, ?3, ?3, ?4, ?5)
		ON CONFLICT (cluster, raw) DO UPDATE SET seen_ms = max(seen_ms, excluded.seen_ms)`, w.run.ID, w.cluster, db.Millis(j.At), j.Reason, j.Raw)
	if err == nil {
		err = w.Exec(`DELETE FROM archive_rejects WHERE cluster = ?1 AND id IN (
			SELECT id FROM archive_rejects WHERE cluster = ?1 ORDER BY seen_ms DESC, id DESC LIMIT -1 OFFSET ?2)`, w.cluster, mostRejects)
	}
	if err != nil {
		return fmt.Errorf("storing a reject: %w", err)
	}
	return nil
}

// text returns a text's number in archive_texts, and stores the text if it is new.
func (w *batchWriter) text(s string) (id sql.NullInt64, err error) {
	if s == "" {
		return id, nil
	}
	if n, ok := w.texts[s]; ok {
		return sql.NullInt64{Int64: n, Valid: true}, nil
	}
	err = w.Row(`SELECT id FROM archive_texts WHERE text = ?`, []any{s}, &id)
	if errors.Is(err, sql.ErrNoRows) {
		err = w.Row(`INSERT INTO archive_texts (text) VALUES (?) RETURNING id`, []any{s}, &id)
	}
	if err != nil {
		return id, fmt.Errorf("storing a text: %w", err)
	}
	w.texts[s] = id.Int64
	return id, nil
}

// flush stores what the batch collected for the whole cluster, after its jobs.
func (w *batchWriter) flush() error {
	if err := w.storeRows(); err != nil {
		return err
	}
	err := w.One(`UPDATE archive_clusters SET newest_ms = max(newest_ms, ?), next_seq = max(next_seq, ?) WHERE id = ?`,
		max(0, db.Millis(w.newest)), w.nextSeq, w.cluster)
	if err != nil {
		return err
	}
	for key, n := range w.tally {
		if err := w.addTally(key, n); err != nil {
			return fmt.Errorf("counting the jobs: %w", err)
		}
	}
	if err := w.sums.Store(w.Tx, w.cluster); err != nil {
		return err
	}
	return w.totals.store(w.Tx, w.cluster)
}
