package dbtest

import (
	"errors"
	"testing"
	"time"

	"importarchive/db"
)

// testQuick checks that gaps count from a quick run, and that it marks no job as
// missing.
func testQuick(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Lists(Listed("a", db.Running), Listed("b", db.Completed))
	complete, listed := s.Known.CompleteStart, s.Now
	s.Reads(db.Quick, Listed("new", db.Pending), Listed("a", db.Completed))
	looked, generation := s.Now, s.Run.Generation
	k := s.Reload()
	if e := k.Find("b"); e.Misses() != 0 || !k.CompleteStart.Equal(complete) || k.Generation != generation {
		t.Errorf("b is %+v, complete %v, generation %d", e, k.CompleteStart, k.Generation)
	}
	s.Begin()
	if !s.Run.Before.At.Equal(looked) || s.Run.Before.Expected != s.Cluster.Expected {
		t.Errorf("before it was looked at %v, every %v; it was at %v, after %v", s.Run.Before.At, s.Run.Before.Expected, looked, listed)
	}
	s.Close(db.Failure)
}

func testStaleQuick(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Lists(Listed("a", db.Running))
	s.Begin()
	stale := s.Run
	s.Reads(db.Quick, Listed("b", db.Running), Listed("a", db.Running))
	stale.Outcome, stale.ListingStart, stale.FinishedAt = db.Quick, s.Now, s.Now
	if err := st.Finish(t.Context(), &stale, nil); !errors.Is(err, db.ErrConflict) {
		t.Errorf("a stale quick run: %v", err)
	}
	never := Tell(t, st, "b")
	never.Begin()
	never.Run.Outcome, never.Run.FinishedAt = db.Quick, never.Now
	if err := st.Finish(t.Context(), &never.Run, nil); err == nil {
		t.Error("a quick run follows no complete one")
	}
}

func testOrder(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	var since time.Time
	shows := func(o db.Order, outcome db.Outcome, want int) {
		t.Helper()
		s.Begin()
		s.Page(Listed("a", db.Running))
		s.Run.Order = o
		s.Close(outcome)
		switch want {
		case 0:
			since = time.Time{}
		case 1:
			if o == db.NewestFirst {
				since = s.Run.FinishedAt
			}
		}
		s.Wait(time.Minute)
		s.Begin()
		if b := s.Run.Before; b.NewestFirst != want || !b.Since.Equal(since) {
			t.Errorf("proven %d times since %v, not %d since %v", b.NewestFirst, b.Since, want, since)
		}
		s.Close(db.Interrupted)
	}
	shows(db.NoOrder, db.Complete, 0)
	shows(db.NewestFirst, db.Complete, 1)
	shows(db.NoOrder, db.Quick, 1)
	shows(db.NewestFirst, db.Complete, 2)
	shows(db.OtherOrder, db.Partial, 0)
	shows(db.NewestFirst, db.Complete, 1)
}

// testTakenBack checks that a list in another order than quick runs relied on
// leaves the newest complete run as the newest conclusive one.
func testTakenBack(t *testing.T, st db.Store) {
	for _, outcome := range []db.Outcome{db.Complete, db.Partial} {
		s := Tell(t, st, "a "+string(outcome))
		s.Lists(Listed("a", db.Running))
		s.Lists(Listed("a", db.Running))
		complete := s.Run.FinishedAt
		for range 3 {
			s.Reads(db.Quick, Listed("a", db.Running))
			s.Wait(s.Cluster.Expected)
		}
		s.Begin()
		s.Page(Listed("a", db.Running))
		s.Run.Order = db.OtherOrder
		if s.Close(outcome); outcome == db.Complete {
			complete = s.Run.FinishedAt
		}
		s.Begin()
		if !s.Run.Before.At.Equal(complete) {
			t.Errorf("after a %s listing in another order, the newest conclusive run ended at %v, not %v", outcome, s.Run.Before.At, complete)
		}
		s.Close(db.Interrupted)
	}
}
