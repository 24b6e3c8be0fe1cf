package sync_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/sync"
	"importarchive/sync/remote"
)

// newestFirstList lists its jobs as they stand in a slice, ten a page, a page a second.
type newestFirstList struct {
	jobs  []remote.Job
	born  int
	fails int // this page, 0: none
}

func (c *newestFirstList) Pages(context.Context, func() bool) iter.Seq2[remote.Page, error] {
	return func(yield func(remote.Page, error) bool) {
		for n := 1; ; n++ {
			p := remote.Page{Number: n, Asked: time.Now(), Count: -1, Tries: 1}
			time.Sleep(time.Second)
			if n == c.fails {
				yield(remote.Page{}, &remote.Error{Kind: remote.Unavailable, Page: n, Tries: 1, Err: errors.New("the service answered 503")})
				return
			}
			p.Received = time.Now()
			p.Jobs = c.jobs[min(10*(n-1), len(c.jobs)):min(10*n, len(c.jobs))]
			if !yield(p, nil) || len(p.Jobs) == 0 {
				return
			}
		}
	}
}

func (c *newestFirstList) bear(n int, state string) {
	for range n {
		c.born++
		c.jobs = slices.Insert(c.jobs, 0, remote.Job{ID: "job-" + strconv.Itoa(c.born), RawState: state})
	}
}

// end has all jobs end that have not.
func (c *newestFirstList) end() {
	for i := range c.jobs {
		c.jobs[i].RawState = "ImportCompleted"
	}
}

// quick is a cluster of two hundred finished jobs and one a run.
type quick struct {
	*dbtest.Archive
	t      *testing.T
	list   newestFirstList
	engine *sync.Engine
}

func newQuick(t *testing.T) *quick {
	q := &quick{Archive: dbtest.NewArchive(t), t: t}
	q.list.bear(200, "ImportCompleted")
	q.start()
	return q
}

func (q *quick) start() {
	q.engine = &sync.Engine{Store: q.Store, Parallel: 1, Now: time.Now, Log: zerolog.Nop(), Clusters: []sync.Cluster{{
		Name: "prod", API: "zilliz-v2", Schedule: cron.Every(5 * time.Minute), GoneAfter: 2, CompleteEvery: time.Hour, Remote: &q.list,
	}}}
}

// sync makes a run, after which the archive holds its invariants.
func (q *quick) sync(trigger db.Trigger) *db.Run {
	q.t.Helper()
	run := q.run(trigger)
	q.Verify(q.t)
	return run
}

// run makes a run and waits for the next one's time.
func (q *quick) run(trigger db.Trigger) *db.Run {
	q.t.Helper()
	next := time.Now().Add(5 * time.Minute)
	run, err := q.engine.Sync(q.t.Context(), &q.engine.Clusters[0], trigger)
	if err != nil {
		q.t.Fatal(err)
	}
	time.Sleep(time.Until(next))
	return run
}

// is makes a run and demands that it end so, after so many pages.
func (q *quick) is(outcome db.Outcome, pages int) {
	q.t.Helper()
	if run := q.sync(db.BySchedule); run.Outcome != outcome || run.Pages != pages {
		q.t.Errorf("the run was %s after %d pages, not %s after %d: %s", run.Outcome, run.Pages, outcome, pages, run.Error)
	}
}

// proven has a new job stand on top of each listing, until a quick one is
// risked.
func (q *quick) proven() {
	q.t.Helper()
	for n := range 100 {
		q.list.end()
		q.list.bear(1, "ImportRunning")
		if run := q.run(db.BySchedule); run.Outcome == db.Quick {
			if n < 20 {
				q.t.Errorf("a quick listing was risked after %d complete ones", n)
			}
			q.Verify(q.t)
			return
		}
	}
	q.t.Fatal("no run was quick")
}

func quickly(t *testing.T, f func(q *quick)) {
	synctest.Test(t, func(t *testing.T) { f(newQuick(t)) })
}

func TestAQuickListingReadsWhatMayHaveChanged(t *testing.T) {
	t.Parallel()
	quickly(t, func(q *quick) {
		q.proven()
		q.list.end()
		q.list.bear(3, "ImportPending")
		q.is(db.Quick, 2)
		q.expectText("3 of 3", `SELECT count(*) || ' of 3' FROM jobs WHERE state = 'pending'`)
		q.list.end()
		q.is(db.Quick, 1)
		q.expectText("0", `SELECT count(*) FROM jobs WHERE outcome = 'open'`)
		q.list.bear(20, "ImportPending")
		q.is(db.Quick, 3)
		q.list.bear(25, "ImportCompleted")
		q.is(db.Quick, 5) // the oldest open job stands on the fifth page
		q.expectText("0", `SELECT count(*) FROM gaps WHERE ended_at IS NOT NULL`)
		q.expectText("1", `SELECT last_complete_at < last_conclusive_at AND last_outcome = 'quick' AND failures = 0 FROM clusters`)
		q.expectText("5", `SELECT runs_quick FROM totals`)
	})
}

// A quick listing says nothing of what it did not get to: that a job is gone is
// for the next complete one to see, within an hour.
func TestACompleteListingComesEveryHour(t *testing.T) {
	t.Parallel()
	quickly(t, func(q *quick) {
		q.proven()
		q.list.end()
		q.list.jobs = slices.Delete(q.list.jobs, 100, 101)
		complete := 0
		for range 40 {
			q.list.bear(1, "ImportCompleted")
			if run := q.run(db.BySchedule); run.Outcome == db.Complete {
				complete++
				q.Verify(t)
			} else if run.Gone > 0 || run.Pages > 3 {
				t.Errorf("a run of %d pages that is %s concludes absence", run.Pages, run.Outcome)
			}
		}
		q.Verify(t)
		if complete < 3 || complete > 4 {
			t.Errorf("%d of 40 runs were complete", complete)
		}
		q.expectText("1", `SELECT count(*) FROM jobs WHERE gone_at IS NOT NULL`)
		q.expectText("0", `SELECT count(*) FROM gaps WHERE ended_at IS NOT NULL`)
	})
}

func TestNoListingIsQuick(t *testing.T) {
	t.Parallel()
	for why, f := range map[string]func(q *quick){
		"of a sync by hand": func(q *quick) {
			if run := q.sync(db.ByHand); run.Outcome != db.Complete {
				q.t.Errorf("it was %s", run.Outcome)
			}
		},
		"after a restart": func(q *quick) {
			q.Reopen(q.t)
			q.start()
			q.is(db.Complete, 24)
		},
		"after a partial one": func(q *quick) {
			q.list.bear(15, "ImportCompleted")
			q.list.fails = 2
			q.is(db.Partial, 1)
			q.list.fails = 0
			q.is(db.Complete, 25)
		},
		"after another process has written": func(q *quick) {
			other := *q
			other.start()
			other.list.jobs = q.list.jobs
			other.sync(db.ByHand)
			q.is(db.Complete, 24)
		},
		"after a gap": func(q *quick) {
			time.Sleep(20 * time.Minute)
			q.is(db.Complete, 24)
			q.expectText("1", `SELECT count(*) FROM gaps AS g JOIN runs AS r ON r.finished_at = g.started_at AND r.outcome = 'quick'`)
		},
		"where the settings want none": func(q *quick) {
			q.engine.Clusters[0].CompleteEvery = 0
			q.is(db.Complete, 24)
		},
		"while an open job is missing": func(q *quick) {
			q.list.jobs = slices.DeleteFunc(q.list.jobs, func(j remote.Job) bool { return j.RawState == "ImportRunning" })
			q.is(db.Complete, 24)
			q.is(db.Complete, 24)
			q.expectText("1", `SELECT count(*) FROM jobs WHERE outcome = 'lost'`)
			q.is(db.Quick, 1)
		},
		"of a list that moves while it is read": func(q *quick) {
			q.list.jobs = slices.Insert(q.list.jobs, 0, q.list.jobs[0])
			q.is(db.Partial, 3) // a page each time
		},
		"of a list that stands otherwise": func(q *quick) {
			q.list.bear(1, "ImportCompleted")
			q.list.jobs[0], q.list.jobs[7] = q.list.jobs[7], q.list.jobs[0]
			q.is(db.Complete, 24)
			q.is(db.Complete, 24)
			q.expectText("0", `SELECT newest_first FROM archive_clusters`)
		},
	} {
		t.Run(why, func(t *testing.T) {
			quickly(t, func(q *quick) {
				q.proven()
				f(q)
			})
		})
	}
}

func (q *quick) expectText(want, query string) {
	q.t.Helper()
	if got := q.Rows(q.t, query); fmt.Sprint(got) != "[["+want+"]]" {
		q.t.Errorf("%s gives %v, not %s", query, got, want)
	}
}

// Quick listings rely on the order of the list. If the list turns out to have
// another order, no run has read its lower part since the newest complete listing,
// and that is a gap.
func TestQuickListingsStopCountingOnceTheListHasAnotherOrder(t *testing.T) {
	t.Parallel()
	for how, c := range map[string]struct {
		fails   int // the page of the listing that shows it
		outcome db.Outcome
		pages   int
	}{
		"a complete listing shows it": {0, db.Complete, 24},
		"a partial one shows it":      {20, db.Partial, 19},
	} {
		t.Run(how, func(t *testing.T) {
			quickly(t, func(q *quick) {
				q.proven()
				q.list.end()
				q.is(db.Quick, 1)
				before := q.Rows(q.t, `SELECT last_complete_at FROM clusters`)
				// From now on new jobs stand further down, where no quick listing looks.
				q.list.born++
				q.list.jobs = slices.Insert(q.list.jobs, 100, remote.Job{ID: "below", RawState: "ImportCompleted"})
				q.is(db.Quick, 1)
				q.is(db.Quick, 1)
				q.engine.Clusters[0].CompleteEvery = time.Minute
				q.list.fails = c.fails
				q.is(c.outcome, c.pages)
				q.list.fails = 0
				q.is(db.Complete, 24)
				q.expectText("0", `SELECT newest_first FROM archive_clusters`)
				if got := q.Rows(q.t, `SELECT started_at FROM gaps WHERE ended_at IS NOT NULL`); fmt.Sprint(got) != fmt.Sprint(before) {
					t.Errorf("gaps begin at %v, the newest complete listing before ended at %v", got, before)
				}
				q.expectText("1", `SELECT gaps FROM totals`)
			})
		})
	}
}
