package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
)

// logLimit is what the log's file may have once readers have left.
const logLimit = 8 << 20

// writer makes runs that write some three megabytes each, and measures the log.
type writer struct {
	*dbtest.Story
	t    *testing.T
	path string
	read *sql.DB // another program
	runs int
}

func newWriter(t *testing.T) *writer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "archive.db")
	return &writer{Story: dbtest.Tell(t, openAt(t, path), "a"), t: t, path: path, read: raw(t, path)}
}

// run commits, lets something happen, and closes.
func (w *writer) run(meanwhile func()) {
	w.Begin()
	w.runs++
	var all []db.Job
	for i := range 750 {
		j := dbtest.Listed(fmt.Sprintf("job-%d-%d", w.runs, i), db.Running)
		j.Reason = strings.Repeat("so long that the log soon grows ", 125)
		all = append(all, j)
	}
	w.Page(all...)
	w.Commit()
	meanwhile()
	w.Close(db.Partial)
	w.Wait(time.Minute)
}

func (w *writer) log() int64 {
	w.t.Helper()
	st, err := os.Stat(w.path + "-wal")
	if err != nil {
		w.t.Fatal(err)
	}
	return st.Size()
}

// reads begins to read, in another connection as another program would, and
// stays until it is let go. It sees no more than what was there.
func (w *writer) reads() (stillSees func() int, leave func()) {
	w.t.Helper()
	tx, err := w.read.Begin()
	if err != nil {
		w.t.Error(err)
		return func() int { return 0 }, nothing
	}
	count := func() (n int) {
		if err := tx.QueryRow(`SELECT count(*) FROM jobs`).Scan(&n); err != nil {
			w.t.Error(err)
		}
		return n
	}
	count() // a transaction begins to read with its first question
	return count, func() {
		if err := tx.Rollback(); err != nil {
			w.t.Error(err)
		}
	}
}

func nothing() {}

// TestALongReaderKeepsTheLogOnlyWhileItReads: runs go on beside it, the log
// grows with them, and the first run after it has left takes the log back.
func TestALongReaderKeepsTheLogOnlyWhileItReads(t *testing.T) {
	t.Parallel()
	serial(t)
	w := newWriter(t)
	w.run(nothing)
	stillSees, leave := w.reads()
	for range 6 {
		w.run(nothing)
	}
	if n := stillSees(); n != 750 {
		t.Errorf("the reader's state changed under it: %d jobs", n)
	}
	grown := w.log()
	if grown < 2*logLimit {
		t.Fatalf("the log has %d bytes only: nothing is shown by this test", grown)
	}
	leave()
	w.run(nothing)
	if now := w.log(); now > logLimit {
		t.Errorf("after the reader left the log has %d bytes, had %d", now, grown)
	}
	w.Reload() // what was written beside the reader is all there
}

// TestReadersThatTakeTurnsDoNotMakeTheLogGrowForEver: there is always one that
// reads, because each begins before the one before it leaves. SQLite by
// itself would never begin the log again.
func TestReadersThatTakeTurnsDoNotMakeTheLogGrowForEver(t *testing.T) {
	t.Parallel()
	serial(t)
	w := newWriter(t)
	st := w.Store.(*sqlite.Archive)
	st.WaitForReaders() // their turns may take long on this machine
	w.run(nothing)
	ctx, stop := context.WithCancel(t.Context())
	var turns sync.WaitGroup
	turns.Go(func() {
		_, leave := w.reads()
		for ctx.Err() == nil {
			time.Sleep(20 * time.Millisecond)
			_, next := w.reads()
			time.Sleep(20 * time.Millisecond)
			leave()
			leave = next
		}
		leave()
	})
	for range 6 { // never taken back the log would be twice the limit
		w.run(nothing)
		if size := w.log(); size > logLimit {
			t.Errorf("the log grew to %d bytes", size)
		}
	}
	stop()
	turns.Wait()
	if got := show(t, st.Writer, `PRAGMA busy_timeout`); got != "30000\n" {
		t.Errorf("a write now waits for %s ms", got)
	}
}
