package sync_test

import (
	"context"
	"fmt"
	"iter"
	gosync "sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/db/dbtest/model"
	"importarchive/sync"
	"importarchive/sync/remote"
)

// talkative lists many open jobs at once, and takes its time to tell of each.
type talkative struct {
	jobs  int
	every time.Duration // from one answer to the next

	mu       gosync.Mutex
	listings []time.Time
	told     []time.Time
	asked    map[string]int
}

func (s *talkative) Pages(_ context.Context, _ func() bool) iter.Seq2[remote.Page, error] {
	return func(yield func(remote.Page, error) bool) {
		now := time.Now()
		s.mu.Lock()
		s.listings = append(s.listings, now)
		s.mu.Unlock()
		p := remote.Page{Number: 1, Count: -1, Tries: 1, Asked: now, Received: now}
		for n := range s.jobs {
			p.Jobs = append(p.Jobs, listed(fmt.Sprintf("job-%03d", n), "InProgress"))
		}
		_ = yield(p, nil) && yield(remote.Page{Number: 2, Count: -1, Tries: 1, Asked: now, Received: now}, nil)
	}
}

func (s *talkative) Describe(ctx context.Context, id string) (remote.Details, error) {
	asked := time.Now()
	select {
	case <-ctx.Done():
		return remote.Details{}, &remote.Error{Kind: remote.Cancelled, Err: context.Cause(ctx)}
	case <-time.After(s.every):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, time.Now())
	if s.asked == nil {
		s.asked = map[string]int{}
	}
	s.asked[id]++
	return remote.Details{Job: db.Details{RawState: "InProgress", ProgressRaw: fmt.Sprint(s.asked[id])}, Asked: asked, Received: time.Now()}, nil
}

func (s *talkative) Confirm(ctx context.Context, id string) (remote.Details, error) {
	return s.Describe(ctx, id)
}

func listens(every time.Duration, to ...*talkative) (*sync.Engine, *model.Memory) {
	m := model.NewMemory()
	e := &sync.Engine{Store: m, Parallel: 1, Now: time.Now, Log: zerolog.Nop()}
	for n, s := range to {
		e.Clusters = append(e.Clusters, sync.Cluster{
			Name: fmt.Sprint("cluster ", n), API: "zilliz-v2", ClusterID: fmt.Sprint("in01-", n), Schedule: cron.Every(every), GoneAfter: 2, Remote: s, Details: true,
		})
	}
	return e, m
}

func TestARunAsksForAMinuteAndTheNextGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &talkative{jobs: 20, every: 7 * time.Second}
		e, m := listens(time.Hour, s)
		for range 5 {
			began := time.Now()
			if _, err := e.SyncAll(t.Context(), db.ByHand, e.Clusters); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("a run took %v", took)
			}
		}
		if len(s.told) != 5*8 {
			t.Errorf("told %d times", len(s.told))
		}
		for id, n := range s.asked {
			if n != 2 { // those that were not asked for longest come first
				t.Errorf("%s was asked for %d times", id, n)
			}
		}
		if r := m.Runs("cluster 0")[4]; r.Described != 8 || r.DescribeFailed != 0 || r.Outcome != db.Complete {
			t.Errorf("%+v", r)
		}
	})
}

// TestAskingForJobsTakesNoTick: with more to ask for than there is time, the
// next listing comes when it is due, whatever the schedule counts from.
func TestAskingForJobsTakesNoTick(t *testing.T) {
	for _, every := range []time.Duration{time.Second, 5 * time.Second, time.Minute, 90 * time.Second} {
		t.Run(every.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &talkative{jobs: 500, every: 400 * time.Millisecond}
				e, m := listens(every, s)
				ctx, stop := context.WithTimeout(t.Context(), 100*every+every/2)
				defer stop()
				time.Sleep(every / 3)
				e.Run(ctx, true)
				if got := len(s.listings); got != 101 {
					t.Errorf("%d listings, want one at the start and a hundred", got)
				}
				if len(s.told) < 100 {
					t.Errorf("told %d times", len(s.told))
				}
				for _, r := range m.Runs("cluster 0") {
					if r.Outcome != db.Complete || r.DescribeFailed > 0 {
						t.Fatalf("%+v", r)
					}
				}
			})
		})
	}
}

func TestARunThatAsksForJobsHoldsNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, other := &talkative{jobs: 100, every: time.Second}, &talkative{jobs: 1, every: time.Second}
		e, _ := listens(2*time.Minute, slow, other)
		began := time.Now()
		if _, err := e.SyncAll(t.Context(), db.ByHand, e.Clusters); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*talkative{slow, other} {
			if late := s.listings[0].Sub(began); late > 0 {
				t.Errorf("a listing waited %v for the other's jobs", late)
			}
		}
		if len(slow.told) < 50 {
			t.Errorf("told %d times", len(slow.told))
		}
	})
}

func TestStoppingKeepsTheAnswersSoFar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &talkative{jobs: 100, every: time.Second}
		e, m := listens(time.Hour, s)
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second+500*time.Millisecond)
		defer stop()
		began := time.Now()
		runs, err := e.SyncAll(ctx, db.ByHand, e.Clusters)
		if err != nil || time.Since(began) > 11*time.Second {
			t.Fatalf("after %v: %v", time.Since(began), err)
		}
		if r := runs[0]; r.Described != 10 || r.DescribeFailed != 0 || r.Outcome != db.Complete {
			t.Errorf("%+v", r)
		}
		kept := 0
		for _, j := range m.Jobs("cluster 0") {
			if j.Details != nil {
				kept++
			}
		}
		if kept != 10 {
			t.Errorf("%d jobs have details", kept)
		}
	})
}
