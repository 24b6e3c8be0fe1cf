package db

import (
	"database/sql"
	"fmt"
	"time"
)

// standing is what a job's row adds to the sums that reports start from.
type standing struct {
	collection                      sql.NullInt64
	state                           State
	firstSeen, stateSeen            int64
	appearedAfter, stateAfter, gone sql.NullInt64
}

const standingColumns = `collection, state, first_seen_ms, state_seen_ms, appeared_after_ms, state_after_ms, gone_ms`

func (j *standing) places() []any {
	return []any{&j.collection, &j.state, &j.firstSeen, &j.stateSeen, &j.appearedAfter, &j.stateAfter, &j.gone}
}

// outcome is the job's, as the view jobs has it.
func (j *standing) outcome() string {
	switch {
	case j.state.Terminal():
		return string(j.state)
	case j.gone.Valid:
		return "lost"
	}
	return "open"
}

// sums are what a transaction alters in a cluster's sums: a job is taken out
// as it stood and put in as it stands. They are kept in memory until the
// transaction ends, because a batch of jobs falls into few of them.
type sums struct {
	days      map[dayKey]*counts
	all       map[int64]*counts // by collection
	active    map[int64]int64   // by collection: the newest transition
	durations map[durationKey]*bounds
}

// A collection is its number among the texts, 0 for none.
type dayKey struct {
	day        string
	collection int64
}

type durationKey struct {
	collection int64
	period     string
	state      State
	bound      int64
}

type counts struct{ appeared, open, completed, failed, cancelled, lost int64 }

// bounds counts the jobs that have a bound as their lower or their upper one.
type bounds struct{ minOf, maxOf int64 }

func newSums() *sums {
	return &sums{days: map[dayKey]*counts{}, all: map[int64]*counts{}, active: map[int64]int64{}, durations: map[durationKey]*bounds{}}
}

func (s *sums) add(j *standing)    { s.count(j, 1) }
func (s *sums) remove(j *standing) { s.count(j, -1) }

func (s *sums) count(j *standing, n int64) {
	s.on(j.firstSeen, j).appeared += n
	outcome := j.outcome()
	entry(s.all, j.collection.Int64).add(outcome, n)
	switch {
	case outcome == "lost":
		s.on(j.gone.Int64, j).lost += n
	case j.state.Terminal():
		s.on(j.stateSeen, j).add(outcome, n)
		s.countDuration(j, n)
	}
}

// countDuration leaves out what was there when we first looked: nobody knows
// how long it had been.
func (s *sums) countDuration(j *standing, n int64) {
	if !j.appearedAfter.Valid {
		return
	}
	least, most := max(0, j.stateAfter.Int64-j.firstSeen), j.stateSeen-j.appearedAfter.Int64
	down, up := step(least), step(most)
	on := day(j.stateSeen)
	for _, size := range periods {
		key := durationKey{j.collection.Int64, on[:size], j.state, least / down * down}
		entry(s.durations, key).minOf += n
		key.bound = (most + up - 1) / up * up
		entry(s.durations, key).maxOf += n
	}
}

// periods are how much of a day's date a year, a month, some ten days of it
// and the day have in common. Any window is a few of them, where it would be
// hundreds of days.
var periods = [...]int{len("2026"), len("2026-05"), len("2026-05-1"), len("2026-05-14")}

// step is what a bound is rounded to, outwards, so that it stays a bound and
// many jobs share it: 2 of the second digit below 30, else 5 of it, which is a
// fifth at most. 10.1 s become 10 to 12, 34 s become 30 to 35.
func step(n int64) int64 {
	unit := int64(1)
	for n >= 100*unit {
		unit *= 10
	}
	if n < 30*unit {
		return 2 * unit
	}
	return 5 * unit
}

func (s *sums) on(ms int64, j *standing) *counts {
	return entry(s.days, dayKey{day(ms), j.collection.Int64})
}

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

func day(ms int64) string { return fromMillis(ms).UTC().Format(time.DateOnly) }

// store adds them to the cluster's sums, first the collections that days and
// durations refer to. As with the tally, a row is inserted first and then
// updated, so that no INSERT breaks a CHECK.
func (s *sums) store(tx *transaction, cluster int64) error {
	for collection := range s.active {
		entry(s.all, collection) // also one that a transition names and no job has any more
	}
	for collection, c := range s.all {
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

func (s *sums) storeDay(tx *transaction, cluster int64, key dayKey, c *counts) error {
	if *c == (counts{}) {
		return nil
	}
	_, err := tx.exec(`INSERT INTO archive_days (day, cluster, collection) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		key.day, cluster, key.collection)
	if err != nil {
		return err
	}
	return one(tx.exec(`UPDATE archive_days SET appeared = appeared + ?, completed = completed + ?, failed = failed + ?,
			cancelled = cancelled + ?, lost = lost + ?
		WHERE day = ? AND cluster = ? AND collection = ?`,
		c.appeared, c.completed, c.failed, c.cancelled, c.lost, key.day, cluster, key.collection))
}

func (s *sums) storeCollection(tx *transaction, cluster, collection int64, c *counts) error {
	_, err := tx.exec(`INSERT INTO archive_collections (cluster, collection) VALUES (?, ?) ON CONFLICT DO NOTHING`, cluster, collection)
	if err != nil {
		return err
	}
	return one(tx.exec(`UPDATE archive_collections SET open = open + ?, completed = completed + ?, failed = failed + ?,
			cancelled = cancelled + ?, lost = lost + ?, active_ms = max(active_ms, ?)
		WHERE cluster = ? AND collection = ?`,
		c.open, c.completed, c.failed, c.cancelled, c.lost, s.active[collection], cluster, collection))
}

// storeDuration moves on first and makes a cell only where there is none:
// most are there already, and each job moves eight.
func (s *sums) storeDuration(tx *transaction, cluster int64, key durationKey, b *bounds) error {
	if *b == (bounds{}) {
		return nil
	}
	args := []any{b.minOf, b.maxOf, cluster, key.collection, key.period, string(key.state), key.bound}
	moved, err := tx.exec(`UPDATE archive_durations SET min_of = min_of + ?, max_of = max_of + ?
		WHERE cluster = ? AND collection = ? AND period = ? AND state = ? AND bound_ms = ?`, args...)
	if err != nil {
		return err
	}
	if n, err := moved.RowsAffected(); n > 0 || err != nil {
		return err
	}
	_, err = tx.exec(`INSERT INTO archive_durations (min_of, max_of, cluster, collection, period, state, bound_ms)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, args...)
	return err
}
