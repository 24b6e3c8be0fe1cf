package dbtest

import (
	"fmt"
	"testing"
	"time"

	"importarchive/db"
)

// Test checks all that the engine relies on in a store. open returns a new, empty
// one. A store that has the method Prune of [db.SQLite] must keep what it knows
// of pruned jobs, and one that has Rejects(cluster) []db.Reject must keep those.
func Test(t *testing.T, open func(t *testing.T) db.Store) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, st db.Store)
	}{
		{"a cluster that has had no run is empty", testUnknownCluster},
		{"what a run commits is known", testCommitIsKnown},
		{"what was decided is known again after every listing", testReload},
		{"a job that is missed twice is gone, and may return", testPresence},
		{"a partial run marks no job as missing", testPartial},
		{"the generation moves with every commit and every complete run", testGeneration},
		{"a stale writer stores nothing", testStaleCommit},
		{"a stale conclusion stores nothing", testStaleFinish},
		{"a run that concludes nothing can't be stale", testStalePartial},
		{"a batch is stored whole or not at all", testWholeBatch},
		{"a closed run stays closed", testClosedTwice},
		{"a run that was never begun can't be written to", testUnknownRun},
		{"another cluster of the same name is refused, and its run can be closed", testOtherCluster},
		{"a cluster without an id takes the first one that a run brings", testIdentityLater},
		{"a run begins no earlier than what the archive holds", testClock},
		{"the same id on two clusters is two jobs", testTwoClusters},
		{"a reject is kept once, however often it is listed", testRejects},
		{"a context that has ended stores nothing", testCancelled},
		{"clusters are written at the same time", testParallel},
		{"a pruned job is not new to a run that loaded it before", testPruned},
		{"a pruned job is not new to a run that loads it pruned", testPrunedReloaded},
		{"an open job is not pruned", testOpenIsKept},
		{"the age of a job counts until the newest run, not until now", testUnwatchedIsKept},
		{"jobs are queried in order of need until they are fully described", testUndescribed},
		{"an answer about a job moves its state and nothing else that was listed", testDescribed},
		{"a stale move from an answer is refused", testStaleDescribed},
		{"a pruned job is not queried", testDescribedPruned},
		{"a quick run is conclusive for gaps, and marks no job as missing", testQuick},
		{"a stale quick run stores nothing", testStaleQuick},
		{"a list in another order invalidates the quick runs before", testTakenBack},
		{"the order of the list is proven by consecutive runs", testOrder},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func testUnknownCluster(t *testing.T, st db.Store) {
	k, err := st.Known(t.Context(), "none")
	if err != nil || k.Len() != 0 || k.Generation != 0 || !k.CompleteStart.IsZero() {
		t.Fatalf("%+v, %v", k, err)
	}
	s := Tell(t, st, "first")
	s.Begin()
	if s.Run.ID == 0 || s.Run.Generation != 0 {
		t.Fatalf("the first run is %+v", s.Run)
	}
	if s.Run.NewestBefore.After(time.Unix(0, 0)) {
		t.Errorf("an archive that knows nothing of the cluster holds news of %v", s.Run.NewestBefore)
	}
	s.Reload()
}

func testCommitIsKnown(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Begin()
	s.Page(Listed("x", db.Running), Listed("y", db.Completed))
	if k, err := st.Known(t.Context(), "a"); err != nil || k.Len() != 0 {
		t.Fatalf("known before it was committed: %d, %v", k.Len(), err)
	}
	s.Commit()
	s.Reload()
	s.Page(Listed("x", db.Completed), Listed("z", db.Failed))
	s.Commit()
	k := s.Reload()
	if got := k.Job(k.Find("x")); got.State != db.Completed || got.RawState != "ImportCompleted" || got.Collection != "films" {
		t.Errorf("x is %+v", got)
	}
	if e := k.Add("w"); e.Seq != 4 {
		t.Errorf("the next job gets number %d, want 4", e.Seq)
	}
	s.Complete()
	s.Reload()
}

// testReload has everything happen to jobs. After every listing the store must
// know what the story knows.
func testReload(t *testing.T, st db.Store) {
	half := 50.0
	edited := Listed("a", db.Running)
	edited.Progress, edited.Reason, edited.Extra = &half, "halfway", `{"rows":7}`
	renamed := edited
	renamed.Collection = "series"
	quiet := Listed("q", db.Unknown)
	quiet.Collection, quiet.RawState = "", ""
	word := quiet
	word.RawState = "Dreaming"
	both := Listed("a", db.Failed)
	both.Collection = "books"

	s := Tell(t, st, "a")
	for _, jobs := range [][]db.Job{
		{Listed("a", db.Pending), quiet},
		{Listed("a", db.Running), quiet},
		{edited, word},
		{edited, word},
		{renamed, Listed("c", db.Cancelled)},
		{renamed},
		{},
		{},
		{},
		{both, quiet}, // it returns, has moved and was renamed
		{both, quiet, Listed("c", db.Cancelled)},
		{Listed("a", db.Running)}, // terminal, and running again: recorded as it came
	} {
		s.Lists(jobs...)
		s.Reload()
	}
	k := s.Reload()
	if e := k.Find("a"); e.Gone() || e.Misses() != 0 {
		t.Errorf("a is %+v", e)
	}
	if !k.SameQuietly(k.Find("a"), new(db.Job)) || k.SameQuietly(k.Find("a"), &edited) {
		t.Error("progress, reason and extra are not those of the newest listing")
	}
}

func testPresence(t *testing.T, st db.Store) {
	a, b := Listed("a", db.Running), Listed("b", db.Running)
	s := Tell(t, st, "a")
	s.Lists(a, b)
	for i, want := range []struct {
		misses uint8
		gone   bool
	}{{1, false}, {2, true}, {2, true}} {
		s.Lists(a)
		if e := s.Reload().Find("b"); e.Misses() != want.misses || e.Gone() != want.gone {
			t.Fatalf("after %d listings without it b is %+v", i+1, e)
		}
	}
	s.Lists(a, b)
	if e := s.Reload().Find("b"); e.Misses() != 0 || e.Gone() {
		t.Fatalf("after it returned b is %+v", e)
	}
	s.Lists(a)
	s.Lists(a, b)
	if e := s.Reload().Find("b"); e.Misses() != 0 || e.Gone() {
		t.Fatalf("missed once and listed again, b is %+v", e)
	}
}

func testPartial(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Lists(Listed("a", db.Running), Listed("b", db.Running))
	complete := s.Known.CompleteStart
	for _, o := range []db.Outcome{db.Partial, db.Failure, db.Interrupted} {
		s.Reads(o, Listed("a", db.Running), Listed(string(o), db.Pending))
		s.Wait(time.Minute)
	}
	k := s.Reload()
	if e := k.Find("b"); e.Misses() != 0 || e.Gone() || k.Len() != 5 || !k.CompleteStart.Equal(complete) {
		t.Errorf("b is %+v among %d jobs, complete %v", e, k.Len(), k.CompleteStart)
	}
}

func testGeneration(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Begin()
	last := s.Run.Generation
	for i := range 3 {
		s.Page(Listed(fmt.Sprint("job", i), db.Running))
		s.Commit()
		if s.Run.Generation <= last {
			t.Fatalf("commit %d leaves the generation at %d", i, s.Run.Generation)
		}
		last = s.Run.Generation
	}
	s.Complete()
	if s.Run.Generation <= last {
		t.Fatalf("a complete run leaves the generation at %d", s.Run.Generation)
	}
	s.Reload()
	last = s.Run.Generation
	s.Begin()
	s.Close(db.Failure)
	if s.Run.Generation != last {
		t.Errorf("a failed run moves the generation from %d to %d", last, s.Run.Generation)
	}
	s.Reload()
}

func testTwoClusters(t *testing.T, st db.Store) {
	a, b := Tell(t, st, "a"), Tell(t, st, "b")
	a.Lists(Listed("x", db.Running))
	b.Lists(Listed("w", db.Failed), Listed("x", db.Completed))
	a.Lists()
	a.Lists()
	if e := a.Reload().Find("x"); !e.Gone() {
		t.Errorf("on a it is %+v", e)
	}
	if k := b.Reload(); k.Find("x").Gone() || k.Find("x").Seq != 2 || k.Job(k.Find("x")).State != db.Completed {
		t.Errorf("on b it is %+v", k.Find("x"))
	}
}

// keeper is a store that shows which rejects it keeps.
type keeper interface {
	Rejects(cluster string) []db.Reject
}

func testRejects(t *testing.T, st db.Store) {
	s, other := Tell(t, st, "a"), Tell(t, st, "b")
	for range 3 {
		s.Begin()
		s.Page(Listed("x", db.Running))
		s.Reject(`{"jobId":""}`)
		s.Reject(`{"jobId":null}`)
		s.Reject(`{"jobId":"0"}`)
		s.Close(db.Partial)
		s.Wait(time.Minute)
	}
	other.Begin()
	other.Page()
	other.Reject(`{"jobId":""}`)
	other.Close(db.Partial)
	s.Reload()
	k, ok := st.(keeper)
	if !ok {
		return
	}
	if got := k.Rejects("a"); len(got) != 3 || got[0].Reason != "no id" {
		t.Errorf("kept %+v", got)
	}
	if got := k.Rejects("b"); len(got) != 1 {
		t.Errorf("of the other cluster %+v", got)
	}
}

func testParallel(t *testing.T, st db.Store) {
	for _, name := range []string{"a", "b", "c", "d"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Tell(t, st, name)
			for i := range 5 {
				s.Lists(Listed("x", db.Running), Listed(fmt.Sprint(name, i), db.Pending))
			}
			s.Reload()
		})
	}
}
