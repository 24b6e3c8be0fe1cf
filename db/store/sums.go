package store

import (
	"database/sql"
	"fmt"
	"time"

	"importarchive/db"
)

// contribution has the columns of a job that decide to which sums it adds, and on
// which days.
type contribution struct {
	collection                      sql.NullInt64
	state                           db.State
	firstSeen, stateSeen            int64
	appearedAfter, stateAfter, gone sql.NullInt64
}

const contributionColumns = `collection, state, first_seen_ms, state_seen_ms, appeared_after_ms, state_after_ms, gone_ms`

// dest lists the fields in the order of contributionColumns, to scan a row into.
func (j *contribution) dest() []any {
	return []any{&j.collection, &j.state, &j.firstSeen, &j.stateSeen, &j.appearedAfter, &j.stateAfter, &j.gone}
}

// outcome returns the job's outcome as the view jobs defines it.
func (j *contribution) outcome() string {
	switch {
	case j.state.Terminal():
		return string(j.state)
	case j.gone.Valid:
		return "lost"
	}
	return "open"
}

// Sums collects by how much a transaction alters the sums of one cluster. A
// changed job is removed with its old contribution and added with its new one,
// so that no kind of change needs a rule of its own. The differences stay in
// memory until the transaction ends, because the jobs of a batch share few rows
// of the sums.
type Sums struct {
	days        map[dayKey]*daySums
	collections map[int64]*counts
	active      map[int64]int64 // by collection: the time of the newest transition
	durations   map[durationKey]*bounds
}

// dayKey is the key of archive_days without the cluster. A collection is its
// number in archive_texts, and 0 for none.
type dayKey struct {
	day        string
	collection int64
}

type durationKey struct {
	collection int64
	period     string
	state      db.State
	bound      int64
}

type daySums struct {
	counts
	load
}

// counts counts jobs. Days have no open jobs, and collections no appeared ones.
type counts struct{ appeared, open, completed, failed, cancelled, lost int64 }

// bounds counts the jobs that have a bound as their lower or their upper one.
type bounds struct{ minOf, maxOf int64 }

// NewSums returns empty Sums.
func NewSums() *Sums {
	return &Sums{days: map[dayKey]*daySums{}, collections: map[int64]*counts{}, active: map[int64]int64{}, durations: map[durationKey]*bounds{}}
}

func (s *Sums) add(j *contribution)    { s.count(j, 1) }
func (s *Sums) remove(j *contribution) { s.count(j, -1) }

func (s *Sums) count(j *contribution, n int64) {
	s.day(j.firstSeen, j).appeared += n
	outcome := j.outcome()
	entry(s.collections, j.collection.Int64).add(outcome, n)
	switch {
	case outcome == "lost":
		s.day(j.gone.Int64, j).lost += n
	case j.state.Terminal():
		s.day(j.stateSeen, j).add(outcome, n)
		s.countDuration(j, n)
	}
}

// countDuration leaves out jobs of the first listing, because how long they had
// been there is unknown.
func (s *Sums) countDuration(j *contribution, n int64) {
	if !j.appearedAfter.Valid {
		return
	}
	least, most := max(0, j.stateAfter.Int64-j.firstSeen), j.stateSeen-j.appearedAfter.Int64
	down, up := Step(least), Step(most)
	day := dateOf(j.stateSeen)
	for _, period := range []string{day, day[:len("2026-05")]} {
		key := durationKey{j.collection.Int64, period, j.state, least / down * down}
		entry(s.durations, key).minOf += n
		key.bound = (most + up - 1) / up * up
		entry(s.durations, key).maxOf += n
	}
}

// Step returns the unit to which a duration is rounded outwards: 2 of its second
// digit below 30, else 5 of it, which is at most a fifth of the duration. 10.1 s
// become 10 or 12, and 34 s become 30 or 35. Rounded outwards, a bound stays
// true, and many jobs share it.
func Step(n int64) int64 {
	unit := int64(1)
	for n >= 100*unit {
		unit *= 10
	}
	if n < 30*unit {
		return 2 * unit
	}
	return 5 * unit
}

func (s *Sums) day(ms int64, j *contribution) *daySums {
	return entry(s.days, dayKey{dateOf(ms), j.collection.Int64})
}

// entry returns the value of a key, and makes it if it is missing.
func entry[K comparable, V any](m map[K]*V, key K) *V {
	c, ok := m[key]
	if !ok {
		c = new(V)
		m[key] = c
	}
	return c
}

func (c *counts) add(outcome string, n int64) {
	switch outcome {
	case "open":
		c.open += n
	case "completed":
		c.completed += n
	case "failed":
		c.failed += n
	case "cancelled":
		c.cancelled += n
	case "lost":
		c.lost += n
	}
}

func dateOf(ms int64) string { return db.FromMillis(ms).UTC().Format(time.DateOnly) }

// Store adds the differences to the cluster's sums. Collections come first,
// because days and durations refer to them. A row is inserted with zeros and then
// updated: an upsert would first try to insert the difference itself, which
// breaks a CHECK where it is negative.
func (s *Sums) Store(tx *Tx, cluster int64) error {
	for collection := range s.active {
		entry(s.collections, collection) // a transition may name one that no job is in any more
	}
	for collection, c := range s.collections {
		if err := s.storeCollection(tx, cluster, collection, c); err != nil {
			return fmt.Errorf("adding to a collection: %w", err)
		}
	}
	for key, c := range s.days {
		if err := s.storeDay(tx, cluster, key, c); err != nil {
			return fmt.Errorf("adding to %s: %w", key.day, err)
		}
	}
	for key, b := range s.durations {
		if err := s.storeDuration(tx, cluster, key, b); err != nil {
			return fmt.Errorf("adding to the durations: %w", err)
		}
	}
	return nil
}

func (s *Sums) storeDay(tx *Tx, cluster int64, key dayKey, c *daySums) error {
	if *c == (daySums{}) {
		return nil
	}
	err := tx.Exec(`INSERT INTO archive_days (day, cluster, collection) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		key.day, cluster, key.collection)
	if err != nil {
		return err
	}
	return tx.One(`UPDATE archive_days SET appeared = appeared + ?, completed = completed + ?, failed = failed + ?,
			cancelled = cancelled + ?, lost = lost + ?, load_jobs = load_jobs + ?,
			rows_jobs = rows_jobs + ?, rows = rows + ?, rows_min_ms = rows_min_ms + ?, rows_max_ms = rows_max_ms + ?,
			bytes_jobs = bytes_jobs + ?, bytes = bytes + ?, bytes_min_ms = bytes_min_ms + ?, bytes_max_ms = bytes_max_ms + ?
		WHERE day = ? AND cluster = ? AND collection = ?`,
		c.appeared, c.completed, c.failed, c.cancelled, c.lost, c.load.jobs,
		c.rows.jobs, c.rows.sum, c.rows.minMS, c.rows.maxMS,
		c.bytes.jobs, c.bytes.sum, c.bytes.minMS, c.bytes.maxMS,
		key.day, cluster, key.collection)
}

func (s *Sums) storeCollection(tx *Tx, cluster, collection int64, c *counts) error {
	err := tx.Exec(`INSERT INTO archive_collections (cluster, collection) VALUES (?, ?) ON CONFLICT DO NOTHING`, cluster, collection)
	if err != nil {
		return err
	}
	return tx.One(`UPDATE archive_collections SET open = open + ?, completed = completed + ?, failed = failed + ?,
			cancelled = cancelled + ?, lost = lost + ?, active_ms = max(active_ms, ?)
		WHERE cluster = ? AND collection = ?`,
		c.open, c.completed, c.failed, c.cancelled, c.lost, s.active[collection], cluster, collection)
}

// storeDuration updates first and inserts only where there is no row: each job
// alters four rows, and most of them exist already.
func (s *Sums) storeDuration(tx *Tx, cluster int64, key durationKey, b *bounds) error {
	if *b == (bounds{}) {
		return nil
	}
	args := []any{b.minOf, b.maxOf, cluster, key.collection, key.period, string(key.state), key.bound}
	n, err := tx.Affected(`UPDATE archive_durations SET min_of = min_of + ?, max_of = max_of + ?
		WHERE cluster = ? AND collection = ? AND period = ? AND state = ? AND bound_ms = ?`, args...)
	if n > 0 || err != nil {
		return err
	}
	err = tx.Exec(`INSERT INTO archive_durations (min_of, max_of, cluster, collection, period, state, bound_ms)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, args...)
	return err
}

// addTally takes two statements, because an upsert would first try to insert the
// difference itself, which breaks a CHECK where it is negative.
func (w *batchWriter) addTally(key tallyKey, n int64) error {
	err := w.Exec(`INSERT INTO archive_tally (cluster, state, gone, jobs) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING`,
		w.cluster, string(key.state), key.gone)
	if err != nil {
		return err
	}
	return w.One(`UPDATE archive_tally SET jobs = jobs + ? WHERE cluster = ? AND state = ? AND gone = ?`,
		n, w.cluster, string(key.state), key.gone)
}
