package sync_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"
	"unsafe"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/db/dbtest"
	_ "importarchive/longtest"
	"importarchive/sync"
	"importarchive/sync/remote"
)

// scripted is a service whose pages a test hands out one by one, so that
// things can happen between two of them.
type scripted func(ctx context.Context, yield func(remote.Page, error) bool)

func (s scripted) Pages(ctx context.Context, _ func() bool) iter.Seq2[remote.Page, error] {
	return func(yield func(remote.Page, error) bool) { s(ctx, yield) }
}

var storyYear = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// handClock is set by hand.
type handClock struct {
	now   time.Time
	clock remote.Clock // of its pages
}

func newHandClock() *handClock { return &handClock{storyYear, remote.Clock{Known: true}} }

func (c *handClock) Now() time.Time { return c.now }

func (c *handClock) add(d time.Duration) time.Time {
	c.now = c.now.Add(d)
	return c.now
}

// page is requested a second from now and received a second later.
func (c *handClock) page(number int, jobs ...remote.Job) remote.Page {
	return remote.Page{Number: number, Jobs: jobs, Count: -1, Tries: 1, Clock: c.clock, Asked: c.add(time.Second), Received: c.add(time.Second)}
}

// lists returns a whole listing of one page.
func (c *handClock) lists(jobs ...remote.Job) scripted {
	return func(_ context.Context, yield func(remote.Page, error) bool) {
		_ = yield(c.page(1, jobs...), nil) && yield(c.page(2), nil)
	}
}

func listed(id, state string) remote.Job {
	return remote.Job{ID: id, Collection: "products", RawState: state}
}

// syncer is an engine with one scripted cluster.
func syncer(st db.Store, now func() time.Time, s scripted) func(scripted) (*db.Run, error) {
	e := &sync.Engine{Store: st, Parallel: 1, Now: now, Log: zerolog.Nop(), Clusters: []sync.Cluster{{
		Name: "x", API: "zilliz-v2", ClusterID: "in01-x", Schedule: cron.Every(5 * time.Minute), GoneAfter: 2, Remote: s,
	}}}
	return func(s scripted) (*db.Run, error) {
		if s != nil {
			e.Clusters[0].Remote = s
		}
		return e.Sync(context.Background(), &e.Clusters[0], db.ByHand)
	}
}

func mustSync(t *testing.T, run *db.Run, err error) *db.Run {
	t.Helper()
	if err != nil || run.Outcome != db.Complete {
		t.Fatalf("%+v: %v", run, err)
	}
	return run
}

func TestAClockThatStepsBackAfterTheRunBeganIsHeld(t *testing.T) {
	a, c := dbtest.NewArchive(t), newHandClock()
	sync := syncer(a.Store, c.Now, c.lists(listed("1", "Pending")))
	run, err := sync(nil)
	mustSync(t, run, err)
	c.add(5 * time.Minute)
	run, err = sync(func(ctx context.Context, yield func(remote.Page, error) bool) {
		c.add(-10 * time.Second)
		c.lists(listed("1", "Completed"))(ctx, yield)
	})
	mustSync(t, run, err)
	a.Expect(t, "1", "SELECT count(*) FROM transitions WHERE kind = 'moved' AND observed_at >= (SELECT started_at FROM runs WHERE id = 2)")
	a.Verify(t)
}

// Times of the real clock carry a monotonic reading that no step can move:
// comparing them as Go does would never see one.
func TestARealClockThatStepsBackBetweenTwoPagesIsHeld(t *testing.T) {
	a := dbtest.NewArchive(t)
	var back time.Duration
	now := func() time.Time { return setBack(time.Now(), back) }
	lists := func(second string, step time.Duration) scripted {
		return func(_ context.Context, yield func(remote.Page, error) bool) {
			for i, jobs := range [][]remote.Job{{listed("1", "Pending")}, {listed("2", second)}, nil} {
				if i == 1 {
					back = step
				}
				time.Sleep(2 * time.Millisecond)
				asked := now()
				time.Sleep(2 * time.Millisecond)
				if !yield(remote.Page{Number: i + 1, Jobs: jobs, Count: -1, Tries: 1, Clock: remote.Clock{Known: true}, Asked: asked, Received: now()}, nil) {
					return
				}
			}
		}
	}
	sync := syncer(a.Store, now, lists("Pending", 0))
	run, err := sync(nil)
	mustSync(t, run, err)
	run, err = sync(lists("Completed", time.Hour))
	mustSync(t, run, err)
	a.Verify(t)
}

// setBack sets the wall clock of a time back and leaves its monotonic reading,
// which is what a step of the system's clock does.
func setBack(t time.Time, d time.Duration) time.Time {
	wall := (*uint64)(unsafe.Pointer(&t))
	const hasMonotonic = 1 << 63
	if *wall&hasMonotonic == 0 {
		panic("this time has no monotonic reading")
	}
	*wall -= uint64(d/time.Second) << 30
	return t
}

// failingStore fails to finish some runs, or panics while it does.
type failingStore struct {
	db.Store
	failures, panics int
}

func (s *failingStore) Finish(ctx context.Context, r *db.Run, absences iter.Seq[db.Change]) error {
	if s.failures > 0 {
		s.failures--
		return errors.New("the disk is full")
	}
	if s.panics > 0 {
		s.panics--
		absences = func(func(db.Change) bool) { panic("in the middle of a transaction") }
	}
	return s.Store.Finish(ctx, r, absences)
}

func TestARunThatCouldNotBeClosedIsClosedBeforeTheNext(t *testing.T) {
	a, c := dbtest.NewArchive(t), newHandClock()
	sync := syncer(&failingStore{Store: a.Store, failures: 2}, c.Now, c.lists(listed("1", "Pending")))
	if run, err := sync(nil); err == nil {
		t.Fatalf("%+v", run)
	}
	a.Expect(t, "1", "SELECT count(*) FROM runs WHERE finished_at IS NULL")
	run, err := sync(nil)
	mustSync(t, run, err)
	a.Expect(t, "0", "SELECT count(*) FROM runs WHERE finished_at IS NULL")
	a.Expect(t, "closing the run of x: the disk is full", "SELECT error FROM runs WHERE outcome = 'partial'")
	a.Verify(t)
}

func TestAPanicInATransactionLeavesNothingOpen(t *testing.T) {
	a, c := dbtest.NewArchive(t), newHandClock()
	sync := syncer(&failingStore{Store: a.Store, panics: 1}, c.Now, c.lists(listed("1", "Pending")))
	if run, err := sync(nil); err == nil {
		t.Fatalf("%+v", run)
	}
	a.Expect(t, "panic: in the middle of a transaction", "SELECT error FROM runs WHERE outcome = 'partial'")
	run, err := sync(nil)
	mustSync(t, run, err)
	a.Verify(t)
}

func TestAPanicKeepsThePagesThatWereRead(t *testing.T) {
	a, c := dbtest.NewArchive(t), newHandClock()
	sync := syncer(a.Store, c.Now, func(_ context.Context, yield func(remote.Page, error) bool) {
		yield(c.page(1, listed("1", "Pending")), nil)
		panic("on page 2")
	})
	if run, err := sync(nil); err == nil || run.Listed != 1 {
		t.Fatalf("%+v: %v", run, err)
	}
	a.Expect(t, "1", "SELECT count(*) FROM jobs")
	run, err := sync(c.lists(listed("1", "Completed")))
	mustSync(t, run, err)
	a.Verify(t)
}

// TestASightingOlderThanAnothersListingIsNoSightingOfIt has one process see a
// job that the other's later listing lacks, before either has stored anything.
func TestASightingOlderThanAnothersListingIsNoSightingOfIt(t *testing.T) {
	for _, known := range []bool{true, false} {
		t.Run(fmt.Sprint("known ", known), func(t *testing.T) {
			a, c := dbtest.NewArchive(t), newHandClock()
			b := a.Beside(t)
			first := []remote.Job{listed("2", "Pending"), listed("1", "Pending")}
			if !known {
				first = first[:1]
			}
			other := syncer(b.Store, c.Now, c.lists(first...))
			run, err := other(nil)
			mustSync(t, run, err)

			var away time.Time
			readings := 0
			sync := syncer(a.Store, c.Now, func(ctx context.Context, yield func(remote.Page, error) bool) {
				if readings++; readings > 1 {
					c.lists(listed("2", "Importing"))(ctx, yield)
					return
				}
				yield(c.page(1, listed("1", "Completed"), listed("2", "Importing")), nil)
				away = c.add(10 * time.Second)
				run, err := other(c.lists(listed("2", "Importing")))
				mustSync(t, run, err)
				yield(c.page(2), nil)
			})
			if _, err := sync(nil); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				c.add(5 * time.Minute)
				run, err := sync(nil)
				mustSync(t, run, err)
			}
			a.Expect(t, "completed", "SELECT state FROM jobs WHERE job_id = '1'") // nothing seen is lost
			gone := a.Rows(t, "SELECT not_before FROM transitions WHERE job_id = '1' AND kind = 'gone'")
			if len(gone) != 1 || gone[0][0] > away.Format(db.TimeFormat) {
				t.Errorf("gone after %v, but it was away from %v on", gone, away)
			}
			a.Verify(t)
		})
	}
}

func TestAStaleWriterMovesNothingBackWhereTheClockIsBehind(t *testing.T) {
	a, c := dbtest.NewArchive(t), newHandClock()
	b := a.Beside(t)
	other := syncer(b.Store, c.Now, c.lists(listed("1", "Pending")))
	run, err := other(nil)
	mustSync(t, run, err)
	c.add(-time.Hour)
	readings := 0
	sync := syncer(a.Store, c.Now, func(ctx context.Context, yield func(remote.Page, error) bool) {
		if readings++; readings > 1 {
			c.lists(listed("1", "Completed"))(ctx, yield)
			return
		}
		yield(c.page(1, listed("1", "InProgress")), nil)
		run, err := other(c.lists(listed("1", "Completed")))
		mustSync(t, run, err)
		yield(c.page(2), nil)
	})
	if _, err := sync(nil); err != nil {
		t.Fatal(err)
	}
	a.Expect(t, "0", "SELECT count(*) FROM transitions WHERE from_state = 'completed'")
	a.Verify(t)
}

// TestAnothersNewestIsHeldToo has the clock jump back after another process has
// written something later than where this run began: the listing that is
// read again must not count as earlier than what the other had seen.
func TestAnothersNewestIsHeldToo(t *testing.T) {
	a, c := dbtest.NewArchive(t), newHandClock()
	b := a.Beside(t)
	other := syncer(b.Store, c.Now, c.lists(listed("1", "Pending"), listed("2", "Pending")))
	run, err := other(nil)
	mustSync(t, run, err)
	c.add(5 * time.Minute)
	now := listed("1", "InProgress")
	readings := 0
	sync := syncer(a.Store, c.Now, func(ctx context.Context, yield func(remote.Page, error) bool) {
		if readings++; readings == 1 {
			run, err := other(func(_ context.Context, yield func(remote.Page, error) bool) {
				asked := c.now // as early as this run began
				_ = yield(remote.Page{Number: 1, Jobs: []remote.Job{now, listed("2", "Pending")}, Count: -1, Tries: 1, Asked: asked, Received: c.add(2 * time.Second)}, nil) &&
					yield(c.page(2), nil)
			})
			mustSync(t, run, err)
			c.add(-time.Hour)
		}
		c.lists(now, listed("2", "Pending"))(ctx, yield)
	})
	run, err = sync(nil)
	mustSync(t, run, err)
	a.Verify(t)
	run, err = sync(c.lists(listed("2", "Pending"))) // what is missed is written down as it was last seen
	mustSync(t, run, err)
	a.Verify(t)
	c.add(2 * time.Hour)
	a.Reopen(t)
	run, err = syncer(a.Store, c.Now, c.lists(listed("2", "Pending")))(nil)
	mustSync(t, run, err)
	a.Expect(t, "1", "SELECT count(*) FROM transitions WHERE kind = 'gone'")
	a.Verify(t)
}

// TestAShuffledListWithARejectEnds: a service that ignores page numbers and
// answers in another order each time, with a record that says not which job it is.
func TestAShuffledListWithARejectEnds(t *testing.T) {
	a, c := dbtest.NewArchive(t), newHandClock()
	pages := 0
	sync := syncer(a.Store, c.Now, func(_ context.Context, yield func(remote.Page, error) bool) {
		for n := 1; ; n++ {
			jobs := []remote.Job{listed("1", "Completed"), listed("2", "Completed"), listed("3", "Completed")}
			jobs[0], jobs[n%3] = jobs[n%3], jobs[0]
			p := c.page(n, jobs...)
			p.Rejects = []remote.Reject{{Reason: "no job id", Raw: `{"jobId":0}`}}
			if pages++; pages > 100 {
				t.Fatal("it does not end")
			}
			if !yield(p, nil) {
				return
			}
		}
	})
	if run, err := sync(nil); err != nil || run.Outcome != db.Partial {
		t.Fatalf("%+v: %v", run, err)
	}
	a.Expect(t, "3", "SELECT count(*) FROM jobs")
	a.Verify(t)
}
