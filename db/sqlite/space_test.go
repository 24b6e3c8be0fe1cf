package sqlite_test

import (
	"context"
	"os"
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
		execute(t, st.Writer, `PRAGMA wal_checkpoint(TRUNCATE)`)
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
	if done.Jobs() != int64(n) || done.Space.Free > 0 || done.Space.Freed < full-pruned-1<<20 {
		t.Errorf("%+v", done)
	}
	if (pruned-empty)*3 > full-empty {
		t.Errorf("of %d bytes %d are left", full-empty, pruned-empty)
	}
	s.Reload()
}

// A long reader keeps the old pages, and with them the size. The prune does not
// wait for it.
func TestAPruneWaitsForNoReader(t *testing.T) {
	t.Parallel()
	st, s, _ := aged(t, 600)
	tx, err := st.Reader.BeginTx(context.Background(), nil)
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
