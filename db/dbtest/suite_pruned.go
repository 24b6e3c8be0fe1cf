package dbtest

import (
	"context"
	"testing"
	"time"

	"importarchive/db"
)

// pruner is a store that can prune.
type pruner interface {
	Prune(ctx context.Context, p *db.Prune) (*db.Pruned, error)
}

// prune prunes what ended more than a minute ago.
func prune(s *Story, want int64) {
	s.T.Helper()
	st, ok := s.Store.(pruner)
	if !ok {
		s.T.Skip("this store does not prune")
	}
	done, err := st.Prune(s.T.Context(), &db.Prune{Now: s.Now, Keep: db.Retention{
		Completed: time.Minute, Failed: time.Minute, Cancelled: time.Minute, Lost: time.Minute,
	}})
	s.must(err)
	if done.Jobs() != want {
		s.T.Fatalf("%d jobs were pruned, want %d", done.Jobs(), want)
	}
}

// testPruned checks that a pruned job stays known to a run that loaded it before
// the prune, and to one that loads it after, whatever happens to the job.
func testPruned(t *testing.T, st db.Store) {
	a, b, c := Listed("a", db.Completed), Listed("b", db.Running), Listed("c", db.Failed)
	half := 50.0
	c.Progress, c.Reason, c.Extra = &half, "row 7 has no vector", `{"rows":7}`
	s := Tell(t, st, "a")
	s.Lists(a, b, c)
	s.Lists(a, b, c)
	s.Lists(a, b, c)
	generation := s.Run.Generation
	prune(s, 2)
	prune(s, 0)
	k := s.Reload()
	if k.Generation != generation {
		t.Errorf("pruning moves the generation from %d to %d", generation, k.Generation)
	}
	if !k.Find("a").Pruned() || k.Find("b").Pruned() {
		t.Errorf("a is %+v, b %+v", k.Find("a"), k.Find("b"))
	}
	if !k.SameQuietly(k.Find("c"), new(db.Job)) {
		t.Error("progress, reason and extra of a pruned job count as changed")
	}
	// A run that loaded before the prune continues as if there had been none.
	for i, jobs := range [][]db.Job{
		{a, b, c},
		{a, b, Listed("c", db.Failed)}, // edited quietly
		{b, c},                         // a is missed …
		{a, b, c},                      // … and is there again
		{b, c},
		{b, c},    // a is gone
		{a, b, c}, // and has returned
	} {
		s.Lists(jobs...)
		if k := s.Reload(); i < 4 && !k.Find("a").Pruned() {
			t.Errorf("after listing %d a has a row again", i)
		}
	}
	if k := s.Reload(); k.Find("a").Pruned() || !k.Find("c").Pruned() {
		t.Errorf("after it returned a is %+v, c is %+v", k.Find("a"), k.Find("c"))
	}
	prune(s, 1)
	moved := Listed("a", db.Running)
	renamed := c
	renamed.Collection = "books"
	s.Lists(moved, b, renamed)
	if k := s.Reload(); k.Find("a").Pruned() || k.Find("c").Pruned() || k.Len() != 3 {
		t.Errorf("moved and renamed, a is %+v, c is %+v", k.Find("a"), k.Find("c"))
	}
}

// testPrunedReloaded does the same with what a run loads after the prune.
func testPrunedReloaded(t *testing.T, st db.Store) {
	a, b, c := Listed("a", db.Completed), Listed("b", db.Running), Listed("c", db.Completed)
	s := Tell(t, st, "a")
	s.Lists(a, b, c)
	s.Lists(b, c)
	s.Lists(b, c)
	prune(s, 2)
	s.Known = s.Reload()
	s.Lists(b) // c is missed …
	s.Lists(b, c)
	s.Lists(b) // … and missed again
	k := s.Reload()
	if got := k.Find("c"); !got.Pruned() || got.Misses() != 1 {
		t.Errorf("c is %+v", got)
	}
	s.Lists(b) // and is gone
	if got := s.Reload().Find("c"); got.Pruned() || !got.Gone() {
		t.Errorf("gone, c is %+v", got)
	}
	s.Wait(1000 * 24 * time.Hour)
	s.Lists(a, b, c)
	for id, seq := range map[string]uint32{"a": 1, "b": 2, "c": 3} {
		if got := s.Reload().Find(id); got.Seq != seq || got.Gone() || got.Pruned() {
			t.Errorf("returned after years, %s is %+v", id, got)
		}
	}
}

// testOpenIsKept checks that an unfinished job is never pruned.
func testOpenIsKept(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Lists(Listed("a", db.Pending), Listed("b", db.Unknown), Listed("c", db.Running))
	s.Wait(1000 * 24 * time.Hour)
	s.Lists(Listed("a", db.Pending), Listed("b", db.Unknown))
	prune(s, 0)
	s.Lists(Listed("a", db.Pending), Listed("b", db.Unknown))
	prune(s, 0) // c was lost just now
	s.Lists(Listed("a", db.Pending), Listed("b", db.Unknown))
	prune(s, 1)
	s.Reload()
}

// testUnwatchedIsKept checks that age is counted to the newest run.
func testUnwatchedIsKept(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Lists(Listed("a", db.Completed))
	s.Wait(1000 * 24 * time.Hour)
	prune(s, 0)
	s.Begin()
	s.Close(db.Failure)
	prune(s, 0)
	s.Lists()
	prune(s, 1)
	s.Reload()
}
