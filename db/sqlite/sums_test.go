package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
)

// Whatever happens to a job, the sums count it once, as it is now, on the days on
// which a run first saw that.
func TestTheSumsFollowAJob(t *testing.T) {
	t.Parallel()
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	s.Lists(dbtest.Listed("x", db.Running), dbtest.Listed("there before", db.Running))
	sums := func(want string) {
		t.Helper()
		got := show(t, st.Reader, `SELECT 'days', sum(appeared), sum(completed), sum(failed), sum(cancelled), sum(lost) FROM days`) +
			show(t, st.Reader, `SELECT 'collections', sum(open_jobs), sum(completed), sum(failed), sum(cancelled), sum(lost) FROM collections`) +
			show(t, st.Reader, `SELECT DISTINCT 'durations', state, sum(min_of), sum(max_of) FROM archive_durations WHERE min_of + max_of > 0 GROUP BY period, state`)
		if got != want {
			t.Errorf("the sums are\n%s, want\n%s", got, want)
		}
		dbtest.Verify(t, st.Reader)
	}
	sums("days|2|0|0|0|0\ncollections|2|0|0|0|0\n")
	x, before := dbtest.Listed("x", db.Failed), dbtest.Listed("there before", db.Completed)
	s.Lists(x, before, dbtest.Listed("y", db.Pending))
	sums("days|3|1|1|0|0\ncollections|1|1|1|0|0\n")
	s.Lists(x, before, dbtest.Listed("y", db.Completed))
	sums("days|3|2|1|0|0\ncollections|0|2|1|0|0\ndurations|completed|1|1\n")
	s.Lists(x, before, dbtest.Listed("y", db.Running)) // as it came, never smoothed
	sums("days|3|1|1|0|0\ncollections|1|1|1|0|0\n")
	s.Lists(x, before)
	s.Lists(x, before)
	sums("days|3|1|1|0|1\ncollections|0|1|1|0|1\n")
	s.Lists(x, before, dbtest.Listed("y", db.Cancelled))
	sums("days|3|1|1|1|0\ncollections|0|1|1|1|0\ndurations|cancelled|1|1\n")
}

func TestTheSumsFollowAJobWhoseCollectionIsListedLater(t *testing.T) {
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	quiet := dbtest.Listed("x", db.Completed)
	quiet.Collection = ""
	s.Lists(quiet)
	s.Begin()
	seen := s.Now.Add(time.Second)
	told := db.Change{Kind: db.Edited, Seq: 1, Job: dbtest.Listed("x", db.Completed), NotBefore: s.Now, ObservedAt: seen, Asked: s.Now, Seen: seen}
	if err := st.Commit(t.Context(), &s.Run, db.Batch{Changes: []db.Change{told}}); err != nil {
		t.Fatal(err)
	}
	if got := show(t, st.Reader, `SELECT collection, completed FROM collections WHERE jobs > 0`); got != "films|1\n" {
		t.Errorf("the sums are %s", got)
	}
}

func TestAJobIsCountedOnTheDayOfTheRunThatSawIt(t *testing.T) {
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	s.Now = time.Date(2026, 5, 1, 23, 59, 59, 0, time.UTC)
	s.Lists(dbtest.Listed("x", db.Running))
	s.Now = time.Date(2026, 5, 3, 0, 0, 0, 0, time.UTC)
	s.Lists(dbtest.Listed("x", db.Completed))
	want := "2026-05-01|a|films|1|0|0|0|0\n2026-05-03|a|films|0|1|0|0|0\n"
	if got := show(t, st.Reader, `SELECT * FROM days ORDER BY utc_day`); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Go rounds while it stores, SQL when it checks: both must mean the same.
func TestRoundingIsTheSameInGoAndInSQL(t *testing.T) {
	reader := open(t).Reader
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.Int64Range(0, 1000), rapid.Int64Range(0, 1<<45)).Draw(t, "milliseconds")
		var step int64
		err := reader.QueryRow(`SELECT unit * iif(?1 < 30 * unit, 2, 5)
			FROM (SELECT CAST(substr('100000000000000', 1, max(1, length(?1) - 1)) AS INTEGER) AS unit)`, n).Scan(&step)
		if err != nil || step != sqlite.Step(n) {
			t.Fatalf("%d: %d in SQL, %d in Go, %v", n, step, sqlite.Step(n), err)
		}
		if n >= 10 && 5*step > n {
			t.Fatalf("%d is rounded to %d, which is more than a fifth", n, step)
		}
	})
}

// Every kind of row adds to the totals, in its own transaction.
func TestTotalsCountWhatEverHappened(t *testing.T) {
	t.Parallel()
	st := lived(t)
	const totals = `SELECT * FROM totals ORDER BY cluster`
	want := "a|7|1|1|1|8|8|0|5|3|1|3|1|1|1|3900|0\nb|1|0|0|0|1|1|0|2|0|0|0|0|0|0|0|0\n"
	if got := show(t, st.Reader, totals); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	s := dbtest.Tell(t, st, "c")
	s.Begin()
	s.Reject(`{"jobId":"0"}`)
	s.Close(db.Partial)
	s.Begin()
	s.Reject(`{"jobId":"0"}`) // is kept once, and counted again
	s.Run.Retries = 2
	s.Close(db.Partial)
	want += "c|0|2|0|0|0|0|2|0|0|0|0|0|2|0|0|0\n"
	if got := show(t, st.Reader, totals); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	dbtest.Verify(t, st.Reader)
}

// A run that a dead process left open ends when the archive is next opened.
func TestTotalsCountARunThatAnotherProcessClosed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	reopen := func(look func(*sqlite.Archive)) {
		t.Helper()
		st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		look(st)
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
	reopen(func(st *sqlite.Archive) { dbtest.Live(t, st) })
	for range 2 { // the second time there is nothing to close
		reopen(func(st *sqlite.Archive) {
			if got := show(t, st.Reader, `SELECT runs_interrupted FROM totals WHERE cluster = 'b'`); got != "1\n" {
				t.Errorf("%q runs were interrupted", got)
			}
			dbtest.Verify(t, st.Reader)
		})
	}
}
