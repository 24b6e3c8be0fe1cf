package store

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	"importarchive/db"
)

// inserts buffers rows of one table and inserts many in one statement. A first sync
// mostly inserts two rows a job, and one call of the driver for each row would
// add a third to that.
type inserts struct {
	into    string // up to VALUES
	columns int
	values  []any
}

// rowsAtOnce keeps a statement far below the 32,766 values that SQLite takes.
const rowsAtOnce = 64

func rowsInto(table, columns string) inserts {
	return inserts{into: "INSERT INTO " + table + " (" + columns + ") VALUES ", columns: strings.Count(columns, ",") + 1}
}

// add buffers a row, and reports whether the buffer is full.
func (r *inserts) add(values ...any) (enough bool) {
	r.values = append(r.values, values...)
	return len(r.values) >= rowsAtOnce*r.columns
}

// store inserts the buffered rows in the order of add.
func (r *inserts) store(tx *Tx) error {
	n := len(r.values) / r.columns
	if n == 0 {
		return nil
	}
	row := "(?" + strings.Repeat(", ?", r.columns-1) + ")"
	err := tx.Exec(r.into+row+strings.Repeat(", "+row, n-1), r.values...)
	clear(r.values)
	r.values = r.values[:0]
	return err
}

const jobColumns = `cluster, seq, job_id, collection, state, raw_state, progress, reason, extra,
	appeared_after_ms, first_seen_ms, into_listing_ms, state_after_ms, state_seen_ms, asked_ms, seen_ms`

func (w *batchWriter) insert(c *db.Change, collection, raw sql.NullInt64) {
	j := &c.Job
	w.sums.add(&contribution{
		collection: collection, state: j.State, firstSeen: db.Millis(c.ObservedAt), stateSeen: db.Millis(c.ObservedAt),
		appearedAfter: db.NullMillis(c.NotBefore), stateAfter: db.NullMillis(c.NotBefore),
	})
	after, seen := db.NullMillis(c.NotBefore), db.Millis(c.ObservedAt)
	w.jobs.add(w.cluster, c.Seq, j.ID, collection, string(j.State), raw,
		number(j.Progress), db.NullText(j.Reason), db.NullText(j.Extra), after, seen, w.intoListing(c), after, seen, db.Millis(c.Asked), db.Millis(c.Seen))
	w.nextSeq = max(w.nextSeq, c.Seq+1)
}

// intoListing returns how long after the start of its listing a job was seen. A run
// that reads on where the first one was interrupted finds jobs that belong to the
// first one's listing.
func (w *batchWriter) intoListing(c *db.Change) int64 {
	began := w.firstRun
	if !c.ListingStart.IsZero() {
		began = db.Millis(c.ListingStart)
	}
	return min(max(db.Millis(c.ObservedAt)-began, 0), (24 * time.Hour).Milliseconds())
}

// storeRows inserts the buffered jobs, then the transitions that refer to them.
func (w *batchWriter) storeRows() error {
	if err := w.jobs.store(w.Tx); err != nil {
		return fmt.Errorf("storing jobs that have appeared: %w", err)
	}
	if err := w.transitions.store(w.Tx); err != nil {
		return fmt.Errorf("storing the transitions of jobs: %w", err)
	}
	return nil
}

// number keeps whole numbers whole, so that SQLite shows 50 and not 50.0.
func number(f *float64) any {
	switch {
	case f == nil:
		return nil
	case *f == float64(int64(*f)):
		return int64(*f)
	}
	return *f
}
