package dbtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"importarchive/db"
)

// Answer is an answer about a job in this state.
func Answer(id string, s db.State, d db.Details) db.Described {
	d.RawState = Listed(id, s).RawState
	return db.Described{ID: id, State: s, Details: &d}
}

// Describes stores the answers about jobs one after the other, and moves the jobs
// that they show in another state. Each answer takes 100 ms.
func (s *Story) Describes(all ...db.Described) {
	s.T.Helper()
	for i := range all {
		d := &all[i]
		e := s.Known.Find(d.ID)
		d.Seq, d.Asked, d.Received = e.Seq, s.Now, s.Now.Add(100*time.Millisecond)
		s.Now = d.Received
		was, last := s.Known.Job(e), s.Known.LastSighting(e)
		if d.State == "" {
			continue
		}
		if s.Known.RememberDescribed(e, d.Details.RawState); e.Gone() || was.State == d.State {
			continue
		}
		now := was
		now.ID, now.State, now.RawState = d.ID, d.State, d.Details.RawState
		s.Known.MoveFromDetails(e, d.State, d.Details.RawState, d.Received)
		d.Moved = &db.Change{
			Kind: db.Moved, FromDetails: true, Seq: e.Seq, Job: now, ListedRaw: s.Known.ListedRaw(e), FromState: was.State, FromRawState: was.RawState,
			NotBefore: last.Asked, ObservedAt: d.Received, Asked: last.Asked, Seen: d.Received,
		}
		s.written[d.ID] = db.Sighting{Asked: last.Asked, Seen: d.Received}
	}
	s.must(s.Store.Described(context.Background(), &s.Run, all))
	s.Known.Generation = s.Run.Generation
}

// asksFor checks which jobs the store wants to have queried, in this order.
func asksFor(s *Story, want ...string) {
	s.T.Helper()
	all, err := s.Store.Undescribed(context.Background(), s.Cluster.Name, 100)
	s.must(err)
	var got []string
	for _, u := range all {
		if e := s.Known.Find(u.ID); e.Seq != u.Seq || s.Known.Job(e).State != u.State {
			s.T.Errorf("%+v is to be asked for, known is %+v", u, e)
		}
		got = append(got, u.ID)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.T.Fatalf("asks for %v, want %v", got, want)
	}
	if len(want) > 1 {
		if some, err := s.Store.Undescribed(context.Background(), s.Cluster.Name, 1); err != nil || len(some) != 1 || some[0].ID != want[0] {
			s.T.Errorf("the first of them is %v, %v", some, err)
		}
	}
}

func testUndescribed(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	asksFor(s)
	running, done, failed := Listed("running", db.Running), Listed("done", db.Completed), Listed("failed", db.Failed)
	pending, cancelled, word := Listed("pending", db.Pending), Listed("cancelled", db.Cancelled), Listed("word", db.Unknown)
	late := Listed("late", db.Failed)
	s.Lists(word, pending, running, done, cancelled, failed, late)
	asksFor(s, "failed", "late", "cancelled", "done", "running", "pending", "word")
	s.Describes(Answer("failed", db.Failed, db.Details{Reason: "no such file"}), Answer("running", db.Running, db.Details{}), db.Described{ID: "done"},
		db.Described{ID: "late", Forgotten: true}, Answer("cancelled", "", db.Details{}))
	again := db.Run{Trigger: db.BySchedule, StartedAt: s.Now, Cluster: s.Cluster}
	if err := st.Begin(t.Context(), &again); err != nil || !again.Before.AskedInVain {
		t.Errorf("the next run knows of no failure: %+v, %v", again.Before, err)
	}
	if s.Run.Described != 4 || s.Run.DescribeFailed != 1 {
		t.Errorf("%+v", s.Run)
	}
	// Described and forgotten jobs are settled; failed queries and open jobs are not.
	asksFor(s, "done", "running", "pending", "word")
	s.Lists(word, pending, Listed("running", db.Completed), done, cancelled, failed, late)
	asksFor(s, "running", "done", "pending", "word")
	s.Lists(word, pending, running, done, cancelled, failed)
	s.Lists(word, pending, running, done, cancelled, failed)
	s.Lists(word, pending, running, done, cancelled, failed, late) // late has returned
	asksFor(s, "late", "done", "running", "pending", "word")
	s.Lists()
	asksFor(s, "late", "done", "running", "pending", "word") // missed, and perhaps not forgotten yet
	s.Lists()
	asksFor(s)
	s.Reload()
}

func testDescribed(t *testing.T, st db.Store) {
	half, rows := 50.0, int64(7)
	s := Tell(t, st, "a")
	job := Listed("x", db.Running)
	job.Progress, job.Reason = &half, "as listed"
	s.Lists(job)
	generation := s.Run.Generation
	s.Describes(Answer("x", db.Running, db.Details{TotalRows: &rows}))
	if s.Run.Generation != generation {
		t.Error("details that move nothing make what others know stale")
	}
	s.Reload()
	// It shows the job in another state, and what was listed stays.
	s.Describes(Answer("x", db.Completed, db.Details{TotalRows: &rows}))
	if s.Run.Moved != 1 || s.Run.Generation == generation {
		t.Errorf("%+v", s.Run)
	}
	k := s.Reload()
	if e := k.Find("x"); k.Job(e).State != db.Completed || !k.SameQuietly(e, &job) {
		t.Errorf("%+v", k.Job(e))
	}
	if at := k.LastSighting(k.Find("x")); !at.Seen.Equal(s.Now) {
		t.Errorf("it was last seen %+v, and described at %v", at, s.Now)
	}
	asksFor(s)
	job.State, job.RawState = db.Completed, "ImportCompleted"
	s.Lists(job)
	s.Reload()
	// A terminal job that is running again is asked for again.
	s.Describes(Answer("x", db.Running, db.Details{}))
	asksFor(s, "x")
	s.Lists(Listed("y", db.Pending)) // x is missed …
	s.Describes(Answer("x", db.Failed, db.Details{Reason: "after it was missed"}))
	if e := s.Reload().Find("x"); e.Misses() != 1 {
		t.Errorf("described, it counts as listed: %+v", e)
	}
	s.Lists(Listed("y", db.Pending)) // … and gone
	if e := s.Reload().Find("x"); !e.Gone() {
		t.Errorf("%+v", e)
	}
}

func testStaleDescribed(t *testing.T, st db.Store) {
	s := Tell(t, st, "a")
	s.Lists(Listed("a", db.Running))
	stale := s.Run
	r := rival(s)
	if err := st.Commit(t.Context(), r, db.Batch{Changes: []db.Change{appears(2, "b", s.Now)}}); err != nil {
		t.Fatal(err)
	}
	d := Answer("a", db.Failed, db.Details{Reason: "too late"})
	d.Seq, d.Asked, d.Received = 1, s.Now, s.Now
	d.Moved = &db.Change{
		Kind: db.Moved, FromDetails: true, Seq: 1, Job: Listed("a", db.Failed), FromState: db.Running, FromRawState: "ImportRunning",
		NotBefore: s.Now.Add(-time.Minute), ObservedAt: s.Now, Asked: s.Now.Add(-time.Minute), Seen: s.Now,
	}
	before := stale
	if err := st.Described(t.Context(), &stale, []db.Described{d}); !errors.Is(err, db.ErrConflict) {
		t.Fatalf("stale: %v", err)
	}
	if stale != before {
		t.Errorf("refused, and yet counted: %+v", stale)
	}
	all, err := st.Undescribed(t.Context(), "a", 10)
	if err != nil || len(all) != 2 || all[0].State != db.Running {
		t.Errorf("refused, and yet stored: %+v, %v", all, err)
	}
	d.Moved = nil
	if err := st.Described(t.Context(), &stale, []db.Described{d}); err != nil {
		t.Errorf("what moves nothing can't be stale: %v", err)
	}
	if err := st.Described(t.Context(), r, []db.Described{d}); err == nil {
		t.Error("a run that is not closed yet counts what came after it")
	}
	if err := st.Described(t.Context(), &db.Run{ID: 999, Cluster: s.Cluster}, []db.Described{d}); err == nil {
		t.Error("a run that was never begun counts it")
	}
}

func testDescribedPruned(t *testing.T, st db.Store) {
	a, b := Listed("a", db.Completed), Listed("b", db.Failed)
	s := Tell(t, st, "a")
	s.Lists(a, b)
	s.Describes(Answer("a", db.Completed, db.Details{FileName: "a.parquet", Files: []db.File{{Name: "a.parquet"}}}))
	s.Lists(a, b)
	prune(s, 2)
	asksFor(s)
	s.Describes(Answer("b", db.Failed, db.Details{Reason: "its row is pruned"}))
	s.Lists(a, b)
	asksFor(s)
	s.Describes(Answer("a", db.Running, db.Details{})) // history brings it back
	asksFor(s, "a")
	s.Lists(Listed("a", db.Running), b)
	if k := s.Reload(); k.Find("a").Pruned() || !k.Find("b").Pruned() {
		t.Errorf("a is %+v, b is %+v", k.Find("a"), k.Find("b"))
	}
}
