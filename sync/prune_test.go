package sync_test

import (
	"context"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/sync/remote"
)

// prune forgets what ended more than an hour ago.
func prune(t *testing.T, a *dbtest.Archive, c *handClock, want int64) {
	t.Helper()
	p := &db.Prune{Now: c.Now(), Keep: db.Retention{Completed: time.Hour, Failed: time.Hour, Cancelled: time.Hour, Lost: time.Hour}}
	done, err := a.Store.Prune(context.Background(), p)
	if err != nil || done.Jobs() != want {
		t.Fatalf("%d jobs were pruned, want %d: %v", done.Jobs(), want, err)
	}
	a.Verify(t)
}

// prunedStory has a service list a job that completed, syncs, lets a day go by
// and prunes it. restart returns an engine that knows nothing yet.
type prunedStory struct {
	*testing.T
	*dbtest.Archive
	*handClock
	sync func(scripted) (*db.Run, error)
}

func (s *prunedStory) restart() { s.sync = syncer(s.Store, s.Now, nil) }

func (s *prunedStory) lists(jobs ...remote.Job) {
	s.T.Helper()
	run, err := s.sync(s.handClock.lists(jobs...))
	mustSync(s.T, run, err)
	s.add(5 * time.Minute)
	s.Verify(s.T)
}

func newPrunedStory(t *testing.T) *prunedStory {
	s := &prunedStory{T: t, Archive: dbtest.NewArchive(t), handClock: newHandClock()}
	s.restart()
	old := listed("old", "Completed")
	old.Reason = "42 rows"
	s.lists()
	s.lists(old, listed("open", "Pending"))
	s.add(24 * time.Hour)
	s.lists(old, listed("open", "Pending"))
	prune(t, s.Archive, s.handClock, 1)
	s.Expect(t, "1", "SELECT count(*) FROM pruned WHERE job_id = 'old' AND first_seen_at = '2026-01-01 00:05:06.000'")
	s.Expect(t, "0", "SELECT count(*) FROM transitions WHERE job_id = 'old'")
	return s
}

// history checks the transitions of the pruned job from then on.
func (s *prunedStory) history(want string) {
	s.T.Helper()
	s.Expect(s.T, want, "SELECT coalesce(group_concat(kind || ' ' || coalesce(from_state, '-') || ' ' || coalesce(to_state, '-'), ', '), '') FROM (SELECT * FROM transitions WHERE job_id = 'old' ORDER BY id)")
}

func TestAPrunedJob(t *testing.T) {
	t.Parallel()
	for process, restarted := range map[string]bool{"to the process that knew it": false, "to a new process": true} {
		for name, story := range map[string]func(s *prunedStory){
			"that is still listed does not come back": func(s *prunedStory) {
				for range 3 {
					s.lists(listed("old", "Completed"), listed("open", "Pending"))
				}
				again := listed("old", "Completed")
				again.Reason, again.Progress = "43 rows", new(float64)
				s.lists(again, listed("open", "Pending"))
				s.Expect(s.T, "1", "SELECT count(*) FROM jobs")
				s.history("")
				s.Expect(s.T, "2", "SELECT archived FROM clusters")
				s.Expect(s.T, "1", "SELECT sum(completed) FROM days")
			},
			"that is missed once and listed again does not come back": func(s *prunedStory) {
				s.lists(listed("open", "Pending"))
				s.lists(listed("old", "Completed"), listed("open", "Pending"))
				s.lists(listed("open", "Pending"))
				s.lists(listed("old", "Completed"), listed("open", "Pending"))
				s.history("")
			},
			"that moves comes back as it was first seen": func(s *prunedStory) {
				s.lists(listed("old", "Importing"), listed("open", "Pending"))
				s.history("moved completed running")
				s.Expect(s.T, "2026-01-01 00:05:06.000", "SELECT first_seen_at FROM jobs WHERE job_id = 'old'")
				s.Expect(s.T, "1", "SELECT count(history_pruned_at) FROM jobs")
				prune(s.T, s.Archive, s.handClock, 0) // it is open
				s.lists(listed("old", "Completed"), listed("open", "Pending"))
				s.history("moved completed running, moved running completed")
				s.add(2 * time.Hour)
				s.lists(listed("old", "Completed"), listed("open", "Pending"))
				prune(s.T, s.Archive, s.handClock, 1)
				s.history("")
			},
			"that goes is told of, and pruned again": func(s *prunedStory) {
				s.lists(listed("open", "Pending"))
				s.lists(listed("open", "Pending"))
				s.history("gone completed -")
				prune(s.T, s.Archive, s.handClock, 1)
				s.lists(listed("open", "Pending"))
				s.history("")
				s.Expect(s.T, "1", "SELECT count(gone_at) FROM pruned")
			},
			"that returns years later is no new job": func(s *prunedStory) {
				s.lists(listed("open", "Pending"))
				s.lists(listed("open", "Pending"))
				prune(s.T, s.Archive, s.handClock, 1)
				s.add(3 * 365 * 24 * time.Hour)
				s.lists(listed("old", "Failed"), listed("open", "Pending"))
				s.history("moved completed failed, returned - failed")
				s.Expect(s.T, "2026-01-01 00:05:06.000", "SELECT first_seen_at FROM jobs WHERE job_id = 'old'")
				s.Expect(s.T, "2", "SELECT count(*) FROM jobs")
			},
			"that is renamed comes back": func(s *prunedStory) {
				renamed := listed("old", "Completed")
				renamed.Collection = "books"
				s.lists(renamed, listed("open", "Pending"))
				s.history("renamed completed completed")
				prune(s.T, s.Archive, s.handClock, 1)
				s.lists(renamed, listed("open", "Pending"))
				s.history("")
			},
		} {
			t.Run(name+", "+process, func(t *testing.T) {
				s := newPrunedStory(t)
				if restarted {
					s.restart()
				}
				story(s)
			})
		}
	}
}

// TestAPruneBesideASync has another process prune between two pages, where the
// first has shown that a job moved on, and the second one that does not.
func TestAPruneBesideASync(t *testing.T) {
	a, c := dbtest.NewArchive(t), newHandClock()
	b := a.Beside(t)
	sync := syncer(a.Store, c.Now, nil)
	run, err := sync(c.lists(listed("1", "Completed"), listed("2", "Completed"), listed("3", "Completed")))
	mustSync(t, run, err)
	c.add(24 * time.Hour)
	run, err = sync(func(_ context.Context, yield func(remote.Page, error) bool) {
		_ = yield(c.page(1, listed("1", "Importing")), nil)
		prune(t, b, c, 0) // there was no other run since
		_ = yield(c.page(2, listed("2", "Completed")), nil) && yield(c.page(3), nil)
	})
	mustSync(t, run, err)
	run, err = sync(func(_ context.Context, yield func(remote.Page, error) bool) {
		_ = yield(c.page(1, listed("1", "Completed"), listed("2", "Failed")), nil)
		prune(t, b, c, 2) // by what is stored, 1 is running
		_ = yield(c.page(2), nil) && yield(c.page(3), nil)
	})
	mustSync(t, run, err)
	if run.Generation == 0 || run.Moved != 2 || run.Gone != 1 {
		t.Errorf("%+v", run)
	}
	a.Expect(t, "1 completed, 2 failed, 3 completed", "SELECT group_concat(job_id || ' ' || state, ', ') FROM (SELECT * FROM jobs ORDER BY job_id)")
	a.Expect(t, "3", "SELECT count(*) FROM transitions WHERE run_id = 3")
	a.Verify(t)
}
