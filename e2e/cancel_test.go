package e2e_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"importarchive/db"
)

// secondPage is a service with three pages of ten jobs. The first one takes four
// seconds, so that the run stores its jobs as soon as it has decided them, and the
// second one takes the given time.
func secondPage(takes time.Duration) *reading {
	l := newReading(1, 30, 10)
	l.slowest[1], l.slowest[2] = 4*time.Second, takes
	return l
}

// TestACancelledRunArchivesThePageThatIsOnItsWay cancels runs two seconds after
// the request for the second page.
func TestACancelledRunArchivesThePageThatIsOnItsWay(t *testing.T) {
	const cancelAt = 6 * time.Second
	for _, story := range []struct {
		name     string
		takes    time.Duration // the second page
		work     time.Duration // of the engine on the first page
		archived int
		lacks    string // the page that did not come
		ends     time.Duration
	}{
		{"while it is waited for", 4 * time.Second, 0, 20, "3", 8 * time.Second},
		{"while the page in front is worked on", 4 * time.Second, 3 * time.Second, 20, "3", 8 * time.Second},
		{"unless it comes too late", time.Minute, 0, 10, "2", cancelAt + 3*time.Second},
		{"unless it comes too late, while the page in front is worked on", time.Minute, 4 * time.Second, 10, "2", cancelAt + 3*time.Second},
	} {
		t.Run(story.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := secondPage(story.takes)
				l.engine.Progress = func(_ string, pages, _ int) {
					if pages == 1 {
						time.Sleep(story.work)
					}
				}
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(cancelAt, cancel)
				start := time.Now()
				run := l.sync(ctx, t)
				if run.Outcome != db.Interrupted || run.Error != "page "+story.lacks+": cancelled: context canceled" || run.Requests != 2 || l.requests != 2 {
					t.Errorf("%d requests were made: %+v", l.requests, run)
				}
				if got := len(l.store.Jobs("x")); got != story.archived || run.Listed != got {
					t.Errorf("%d jobs are archived, %d listed, want %d", got, run.Listed, story.archived)
				}
				if took := time.Since(start); took != story.ends {
					t.Errorf("the run took %v, want %v", took, story.ends)
				}
			})
		})
	}
}

// TestARunThatIsCancelledBeforeItsLastPageIsComplete has the empty page on its way,
// and that says all there is to say.
func TestARunThatIsCancelledBeforeItsLastPageIsComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newReading(1, 10, 10)
		l.slowest[2] = 4 * time.Second
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Second, cancel)
		if run := l.sync(ctx, t); run.Outcome != db.Complete || len(l.store.Jobs("x")) != 10 {
			t.Errorf("%+v", run)
		}
	})
}

// fullStore takes no changes, which it says after a moment.
type fullStore struct{ db.Store }

func (fullStore) Commit(context.Context, *db.Run, db.Batch) error {
	time.Sleep(time.Millisecond)
	return errors.New("the disk is full")
}

// TestWhatIsOnItsWayWhenTheArchiveFailsIsCounted: the request was made, though
// there is no place for what it brings.
func TestWhatIsOnItsWayWhenTheArchiveFailsIsCounted(t *testing.T) {
	for _, takes := range []time.Duration{time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			l := secondPage(takes)
			l.engine.Store = fullStore{l.store}
			start := time.Now()
			run, err := l.engine.Sync(t.Context(), &l.engine.Clusters[0], db.ByHand)
			if err == nil || run.Outcome != db.Partial || run.Error != "storing what x listed: the disk is full" {
				t.Errorf("%v, %+v", err, run)
			}
			if run.Requests != 2 || l.requests != 2 {
				t.Errorf("%d requests were counted, %d made", run.Requests, l.requests)
			}
			if took, want := time.Since(start), 4*time.Second+min(takes, 3*time.Second+time.Millisecond); took != want {
				t.Errorf("the run took %v, want %v", took, want)
			}
		})
	}
}
