package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
)

func TestALongReadHoldsNobodyUpAndSeesOneState(t *testing.T) {
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	s.Lists(dbtest.Listed("x", db.Running))
	tx, err := st.Reader.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	jobs := func() (n int) {
		if err := tx.QueryRow(`SELECT count(*) FROM jobs`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := jobs(); n != 1 {
		t.Fatalf("%d jobs", n)
	}
	for range 5 {
		s.Lists(dbtest.Listed("x", db.Running), dbtest.Listed("y", db.Running))
	}
	if n := jobs(); n != 1 {
		t.Errorf("the reader's own state changed under it: %d jobs", n)
	}
	s.Reload() // other readers see what is new
}

// locked holds the archive's write lock on another connection until release.
func locked(t *testing.T, path string) (release func()) {
	t.Helper()
	other, err := raw(t, path).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.ExecContext(t.Context(), `BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := other.ExecContext(context.Background(), `ROLLBACK`); err != nil {
			t.Error(err)
		}
		other.Close()
	}
}

func TestAWriteWaitsForAnotherWriter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	st := openAt(t, path)
	s := dbtest.Tell(t, st, "a")
	release := locked(t, path)
	var released atomic.Bool
	time.AfterFunc(300*time.Millisecond, func() {
		released.Store(true)
		release()
	})
	s.Lists(dbtest.Listed("x", db.Running))
	if !released.Load() {
		t.Error("it did not wait")
	}
	s.Reload()
}

func TestAWriteThatWaitsCanBeCancelled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	st := openAt(t, path)
	s := dbtest.Tell(t, st, "a")
	s.Begin()
	waitsForEver(t, st)
	release := locked(t, path)
	soon, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := st.Commit(soon, &s.Run, db.Batch{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	r := s.Run
	r.Outcome, r.FinishedAt = db.Failure, s.Now
	if err := st.Finish(soon, &r, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	release()
	s.Page(dbtest.Listed("x", db.Running))
	s.Complete()
	s.Reload()
}

// waitsForEver has a write wait for another process's far longer than any test
// lasts, so that only a context can end it.
func waitsForEver(t *testing.T, st *sqlite.Archive) {
	t.Helper()
	execute(t, st.Writer, `PRAGMA busy_timeout = 86400000`)
}

func TestManyAbsencesAreCutShortByTheContext(t *testing.T) {
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	s.Begin()
	s.Page(dbtest.Listed("x", db.Running), dbtest.Listed("y", db.Running))
	s.Complete()
	s.Wait(time.Minute)
	s.Begin()
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("that is enough")
	r := s.Run
	r.Outcome, r.ListingStart, r.FinishedAt = db.Complete, s.Now, s.Now
	err := st.Finish(ctx, &r, func(yield func(db.Change) bool) {
		for seq := range uint32(2) {
			c := db.Change{Kind: db.Missed, Seq: seq + 1, Job: dbtest.Listed("x", db.Running), ObservedAt: s.Now, Asked: s.Now, Seen: s.Now, Misses: 1}
			if !yield(c) {
				return
			}
			cancel(enough)
		}
	})
	if !errors.Is(err, enough) {
		t.Errorf("the error is %v", err)
	}
	s.Reload() // nothing was missed
}

// A connection that stayed at FULL would sync with every batch.
func TestClosingARunLeavesCommitsCheapWhateverHappens(t *testing.T) {
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	cheap := func(when string) {
		t.Helper()
		if got := show(t, st.Writer, `PRAGMA synchronous`); got != "1\n" {
			t.Errorf("%s synchronous is %s", when, got)
		}
	}
	cheap("at first")
	s.Lists(dbtest.Listed("x", db.Running))
	cheap("after a complete run")
	s.Begin()
	stale := s.Run
	s.Page(dbtest.Listed("y", db.Running))
	s.Commit()
	stale.Outcome, stale.ListingStart, stale.FinishedAt = db.Complete, s.Now, s.Now
	if err := st.Finish(t.Context(), &stale, nil); !errors.Is(err, db.ErrConflict) {
		t.Fatal(err)
	}
	cheap("after a refused run")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := st.Finish(ended, &stale, nil); err == nil {
		t.Fatal("finished")
	}
	cheap("after a cancelled run")
	s.Close(db.Partial)
	cheap("after a partial run")
}

func TestClosingTakesTheLogBackIntoTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.db")
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Tell(t, st, "a").Lists(dbtest.Listed("x", db.Running))
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	// Both files stay, for readers who may not create them.
	if st, err := os.Stat(path + "-wal"); err != nil || st.Size() > 0 {
		t.Errorf("the archive was closed and its log is %v, %v", st, err)
	}
	if _, err := os.Stat(path + "-shm"); err != nil {
		t.Error(err)
	}
}
