package db_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/longtest"
)

// TestAPruneGivesSpaceBack measures what a job takes before and after.
func TestAPruneGivesSpaceBack(t *testing.T) {
	t.Parallel()
	serial(t)
	n := longtest.Size(2_000, 5_000)
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	s.Lists()
	checkpoint := func() int64 {
		execute(t, st.Writer(), `PRAGMA wal_checkpoint(TRUNCATE)`)
		file, err := os.Stat(pathOf(t, st))
		if err != nil {
			t.Fatal(err)
		}
		return file.Size()
	}
	empty := checkpoint()
	jobs := completed(n)
	for _, state := range []db.State{db.Pending, db.Running, db.Completed} {
		for i := range jobs {
			jobs[i] = dbtest.Listed(jobs[i].ID, state)
		}
		s.Lists(jobs...)
	}
	s.Lists()
	s.Lists() // all are gone: five transitions each
	full := checkpoint()
	s.Wait(2 * day)
	s.Lists()
	done := mustPrune(t, st, nowait(s))
	pruned := checkpoint()
	t.Logf("a job takes %d bytes in the file, a pruned one %d", (full-empty)/int64(n), (pruned-empty)/int64(n))
	if done.Jobs() != int64(n) || !done.Space.Shrinks || done.Space.Free > 0 || done.Space.Freed < full-pruned-1<<20 {
		t.Errorf("%+v", done)
	}
	if (pruned-empty)*4 > full-empty {
		t.Errorf("of %d bytes %d are left", full-empty, pruned-empty)
	}
	s.Reload()
}

// A file that an older version made keeps its free pages, for rows to come.
func TestAnOlderFileKeepsItsFreeSpaceForWhatComes(t *testing.T) {
	t.Parallel()
	st, s, jobs := aged(t, 2000)
	older := filepath.Join(t.TempDir(), "older.db")
	other := raw(t, pathOf(t, st))
	other.SetMaxOpenConns(1)
	execute(t, other, `PRAGMA auto_vacuum = NONE`, fmt.Sprintf(`VACUUM INTO '%s'`, older))
	st, err := db.Open(t.Context(), older, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Store = st
	done := mustPrune(t, st, nowait(s))
	if done.Jobs() != 2000 || done.Space.Shrinks || done.Space.Freed > 0 || done.Space.Free < 100_000 {
		t.Fatalf("%+v", done)
	}
	for i := range jobs {
		jobs[i].ID += "x"
	}
	before := done.Space.Bytes
	s.Lists(jobs[:500]...)
	if after := mustPrune(t, st, nowait(s)).Space; after.Bytes > before {
		t.Errorf("new jobs made the file grow from %d bytes to %d", before, after.Bytes)
	}
	// What the README says to do about it.
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	file := raw(t, older)
	file.SetMaxOpenConns(1)
	execute(t, file, `PRAGMA auto_vacuum = INCREMENTAL`, `VACUUM`)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if space := mustPrune(t, openAt(t, older), nowait(s)).Space; !space.Shrinks || space.Free > 0 {
		t.Errorf("after a VACUUM: %+v", space)
	}
}

// A reader that lasts holds the old state, and so the size; nothing waits for it.
func TestAPruneWaitsForNoReader(t *testing.T) {
	t.Parallel()
	st, s, _ := aged(t, 600)
	tx, err := st.Reader().BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	count := func() (n int) {
		if err := tx.QueryRow(`SELECT count(*) FROM jobs`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(); n != 600 {
		t.Fatal(n)
	}
	if done := mustPrune(t, st, nowait(s)); done.Jobs() != 600 {
		t.Errorf("%+v", done)
	}
	if n := count(); n != 600 {
		t.Errorf("the reader's own state has %d jobs now", n)
	}
}
