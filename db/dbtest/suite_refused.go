package dbtest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"importarchive/db"
)

// rival opens a second run of the story's cluster, as another process would.
func rival(s *Story) *db.Run {
	r := &db.Run{Trigger: db.ByHand, StartedAt: s.Now, Cluster: s.Cluster}
	s.must(s.Store.Begin(context.Background(), r))
	return r
}

func appears(seq uint32, id string, at time.Time) db.Change {
	return db.Change{Kind: db.Appeared, Seq: seq, Job: Listed(id, db.Running), ObservedAt: at, Asked: at, Seen: at}
}

func testStaleCommit(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Begin()
	r := rival(s)
	s.Page(Listed("a", db.Running))
	s.Commit()
	before := r.Generation
	batch := db.Batch{
		Changes: []db.Change{appears(2, "b", s.Now)},
		Rejects: []db.Reject{{At: s.Now, Reason: "no id", Raw: "{}"}},
	}
	if err := st.Commit(t.Context(), r, batch); !errors.Is(err, db.ErrConflict) {
		t.Fatalf("a stale commit: %v", err)
	}
	if r.Generation != before {
		t.Errorf("a refused commit moved its run's generation from %d to %d", before, r.Generation)
	}
	if k, ok := st.(keeper); ok && len(k.Rejects("a")) > 0 {
		t.Error("a refused commit stored its rejects")
	}
	r.Generation = s.Reload().Generation
	if err := st.Commit(t.Context(), r, batch); err != nil {
		t.Fatalf("after it has read again: %v", err)
	}
	if err := st.Commit(t.Context(), &s.Run, db.Batch{}); !errors.Is(err, db.ErrConflict) {
		t.Errorf("now the other one is stale: %v", err)
	}
}

func testStaleFinish(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Lists(Listed("a", db.Running))
	s.Begin()
	r := rival(s)
	s.Page(Listed("a", db.Running), Listed("b", db.Running))
	s.Complete()
	r.Outcome, r.ListingStart, r.FinishedAt = db.Complete, s.Now, s.Now.Add(time.Second)
	gone := db.Change{
		Kind: db.Gone, Seq: 1, Job: Listed("a", db.Running), NotBefore: s.Now, ObservedAt: s.Now.Add(time.Second),
		Asked: s.Now, Seen: s.Now, Misses: 2,
	}
	if err := st.Finish(t.Context(), r, slices.Values([]db.Change{gone})); !errors.Is(err, db.ErrConflict) {
		t.Fatalf("a stale conclusion: %v", err)
	}
	s.Reload()
	r.Outcome = db.Partial
	if err := st.Finish(t.Context(), r, nil); err != nil {
		t.Errorf("the refused run can't be closed: %v", err)
	}
	s.Reload()
}

func testStalePartial(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Begin()
	r := rival(s)
	s.Page(Listed("a", db.Running))
	s.Commit()
	r.Outcome, r.FinishedAt = db.Interrupted, s.Now
	if err := st.Finish(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	s.Page(Listed("b", db.Running))
	s.Complete()
	s.Reload()
}

func testWholeBatch(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Begin()
	s.Page(Listed("a", db.Running))
	s.Commit()
	moved := appears(7, "none", s.Now)
	moved.Kind, moved.FromState, moved.NotBefore = db.Moved, db.Pending, s.Now.Add(-time.Second)
	err := st.Commit(t.Context(), &s.Run, db.Batch{Changes: []db.Change{appears(2, "b", s.Now), moved}})
	if err == nil || errors.Is(err, db.ErrConflict) {
		t.Fatalf("a job that is not there has moved: %v", err)
	}
	s.Reload()

	s.Run.Outcome, s.Run.ListingStart, s.Run.FinishedAt = db.Complete, s.start, s.Now
	moved.Kind, moved.Misses = db.Missed, 1
	if err := st.Finish(t.Context(), &s.Run, slices.Values([]db.Change{moved})); err == nil {
		t.Fatal("a job that is not there was missed")
	}
	s.Reload()
	s.Complete()
	s.Reload()
}

func testClosedTwice(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Lists(Listed("a", db.Running))
	for _, o := range []db.Outcome{db.Complete, db.Partial} {
		r := s.Run
		r.Outcome = o
		if err := st.Finish(t.Context(), &r, nil); err == nil {
			t.Errorf("a complete run was closed again as %s", o)
		}
	}
	s.Reload()
}

func testUnknownRun(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Lists(Listed("a", db.Running))
	r := s.Run
	r.ID = 4711
	if err := st.Commit(t.Context(), &r, db.Batch{Changes: []db.Change{appears(2, "b", s.Now)}}); err == nil {
		t.Error("committed")
	}
	if err := st.Finish(t.Context(), &r, nil); err == nil {
		t.Error("finished")
	}
	s.Reload()
}

func testOtherCluster(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Lists(Listed("a", db.Running))
	r := &db.Run{Trigger: db.ByHand, StartedAt: s.Now, Cluster: s.Cluster}
	r.Cluster.ClusterID = "in01-other"
	if err := st.Begin(t.Context(), r); !errors.Is(err, db.ErrOtherCluster) || r.ID == 0 {
		t.Fatalf("run %d, %v", r.ID, err)
	}
	r.Outcome, r.ErrorKind, r.Error, r.FinishedAt = db.Failure, "settings", "another cluster", s.Now
	if err := st.Finish(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	s.Reload()
	s.Lists(Listed("a", db.Completed)) // the name still stands for the first one
	s.Reload()
}

func testIdentityLater(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Cluster.ClusterID = ""
	s.Lists()
	s.Cluster.ClusterID = "in01"
	s.Lists()
	s.Cluster.ClusterID = "" // no id is no other id
	s.Lists()
	r := &db.Run{Trigger: db.ByHand, StartedAt: s.Now, Cluster: s.Cluster}
	r.Cluster.ClusterID = "in02"
	if err := st.Begin(t.Context(), r); !errors.Is(err, db.ErrOtherCluster) {
		t.Errorf("in02 came as in01: %v", err)
	}
}

func testClock(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Begin()
	s.Page(Listed("a", db.Running))
	s.Commit()
	newest := s.Now
	if !s.Run.NewestBefore.Equal(newest) {
		t.Errorf("after a commit of %v the newest time is %v", newest, s.Run.NewestBefore)
	}
	s.Wait(time.Second)
	s.Close(db.Partial)
	newest = s.Now
	s.Now = newest.Add(-24 * time.Hour)
	r := rival(s)
	if !r.StartedAt.Equal(newest) || !r.NewestBefore.Equal(newest) {
		t.Errorf("with its clock a day behind the run began at %v, and knows of %v; want %v", r.StartedAt, r.NewestBefore, newest)
	}
	s.Cluster.Name = "b"
	if r := rival(s); !r.StartedAt.Equal(s.Now) {
		t.Errorf("the time of another cluster moved on to %v", r.StartedAt)
	}
}

func testCancelled(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Begin()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := st.Commit(ended, &s.Run, db.Batch{Changes: []db.Change{appears(1, "a", s.Now)}}); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v", err)
	}
	r := s.Run
	r.Outcome, r.ListingStart, r.FinishedAt = db.Complete, s.Now, s.Now
	if err := st.Finish(ended, &r, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("finish: %v", err)
	}
	fresh := db.Run{Trigger: db.ByHand, StartedAt: s.Now, Cluster: s.Cluster}
	if err := st.Begin(ended, &fresh); !errors.Is(err, context.Canceled) || fresh.ID != 0 {
		t.Errorf("begin: run %d, %v", fresh.ID, err)
	}
	s.Reload()
	s.Complete()
	s.Reload()
}
