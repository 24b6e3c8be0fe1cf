package notify_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/notify"
)

func TestALifeGivesANoticeForEachJobThatFailedOrWasLostOrFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		s.start()
		dbtest.Live(t, s.st)
		s.pass(time.Minute)
		s.restart()
		s.pass(time.Minute)
		want := s.row(`group_concat(id || CASE kind WHEN 'gone' THEN 'lost' WHEN 'returned' THEN 'found' ELSE 'failed' END || cluster || job_id) FROM transitions AS t
			WHERE kind = 'moved' AND to_state = 'failed' OR kind = 'gone' AND from_state NOT IN ('completed', 'failed', 'cancelled')
			   OR kind = 'returned' AND (SELECT g.from_state FROM transitions AS g
					WHERE g.cluster = t.cluster AND g.job_id = t.job_id AND g.kind = 'gone' AND g.id < t.id
					ORDER BY g.id DESC LIMIT 1) NOT IN ('completed', 'failed', 'cancelled')`)
		if got := s.row(`group_concat(transition_id || kind || cluster || job_id) FROM notices`); got != want || got == "" {
			t.Errorf("notices\n%s\ntransitions\n%s", got, want)
		}
		s.stop()
		s.isSound()
	})
}

func TestAFailureWaitsForItsReason(t *testing.T) {
	t.Parallel()
	failed, vain := dbtest.Listed("1", db.Failed), db.Details{}
	for name, story := range map[string]struct {
		details []string // clusters whose jobs are queried
		after   time.Duration
		answer  *db.Details // nil: none yet
		never   bool        // the service has answered no query before
		want    string
	}{
		"the service gave it":                    {[]string{"a"}, time.Second, &db.Details{Reason: "row 7 has no vector"}, false, "1 row 7 has no vector, 2"},
		"the service was not asked yet":          {[]string{"b", "a"}, 55 * time.Second, nil, false, ""},
		"the service was not asked for long":     {[]string{"a"}, 61 * time.Second, nil, false, "1, 2"},
		"its cluster's jobs are not queried":     {[]string{"c"}, time.Second, nil, false, "1, 2"},
		"the service never answers":              {[]string{"a"}, time.Second, nil, true, "1, 2"},
		"the service does not know":              {[]string{"a"}, time.Second, &vain, false, "1, 2"},
		"the failure lies in the clock's future": {[]string{"a"}, -time.Hour, nil, false, "1, 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, "a", "b", "c")
			a, b := s.stories["a"], s.stories["b"]
			now := a.Now
			n := s.notifier()
			n.On, n.Now = []notify.Kind{notify.Failed}, func() time.Time { return now }
			n.Webhook, n.Heartbeat = at(webhook), nil
			s.answer = func(*http.Request) (*http.Response, error) { return nil, errors.New("it is down") }
			for i := range n.Clusters {
				for _, name := range story.details {
					n.Clusters[i].Details = n.Clusters[i].Details || name == n.Clusters[i].Name
				}
			}
			n.Begin(t.Context())
			a.Lists(dbtest.Listed("1", db.Running))
			b.Lists(dbtest.Listed("2", db.Running))
			describe := func(d db.Described) {
				if err := s.st.Described(t.Context(), &a.Run, []db.Described{d}); err != nil {
					t.Fatal(err)
				}
			}
			if !story.never {
				describe(db.Described{Seq: 1, ID: "1", Asked: a.Now, Received: a.Now, State: db.Running, Details: &db.Details{FileName: "films.json"}})
			}
			a.Begin()
			a.Page(failed)
			a.Complete()
			seen := a.Now
			b.Now = seen.Add(-time.Second) // stored later, so it waits behind a's
			b.Begin()
			b.Page(dbtest.Listed("2", db.Failed))
			b.Complete()
			switch answer := (db.Described{Seq: 1, ID: "1", Asked: seen, Received: seen}); story.answer {
			case nil:
			case &vain:
				describe(answer)
			default:
				answer.State, answer.Details = db.Failed, story.answer
				describe(answer)
			}
			now = seen.Add(story.after)
			n.Step(t.Context())
			got := s.row(`coalesce(group_concat(trim(job_id || ' ' || coalesce(facts ->> 'reason', '')), ', '), '') FROM notices`)
			if got != story.want {
				t.Errorf("notices of %q, not %q", got, story.want)
			}
		})
	}
}

func TestNothingPassesAPostThatFailed(t *testing.T) {
	t.Parallel()
	long(t)
	bubble(t, []string{"prod"}, func(s *service) {
		s.answer = always(503)
		s.start()
		s.lists("prod", running("a"), running("b"))
		s.lists("prod", failed("a"), running("b"))
		s.lists("prod", failed("a"), failed("b"))
		s.pass(12 * time.Minute) // prod turns stale
		s.answer = nil
		s.pass(16 * time.Minute) // longer than any wait between two attempts
		last := len(s.posts) - 1
		for _, p := range s.posts[:last] {
			if kinds(p.Events) != "failed prod a" || p.key != s.posts[0].key {
				t.Errorf("a post %s of %s", p.key, kinds(p.Events))
			}
		}
		if got := kinds(s.accepted()); got != "failed prod a, failed prod b, stale prod" || !s.posts[last-1].accepted {
			t.Errorf("sent %s", got)
		}
		if got := s.row(`count(*) FROM notices WHERE sent_at IS NULL OR error IS NOT NULL OR next_attempt_at IS NOT NULL`); got != "0" {
			t.Errorf("%s notices are not sent", got)
		}
	})
}

// A clock that was wrong by a year, and set right again, holds up nothing.
func TestANextAttemptThatIsYearsAwayIsDue(t *testing.T) {
	t.Parallel()
	bubble(t, []string{"prod"}, func(s *service) {
		wrong := 365 * 24 * time.Hour
		s.set = func(n *notify.Notifier) {
			aboutJobs(n)
			n.Now = func() time.Time { return time.Now().Add(wrong) }
		}
		s.answer = always(503)
		s.start()
		s.lists("prod", running("a"))
		s.lists("prod", failed("a"))
		if got := s.row(`next_attempt_at > '2000-12-30' FROM notices`); got != "1" {
			t.Fatal("the clock was not wrong")
		}
		s.stop()
		wrong, s.answer = 0, nil
		s.start()
		s.pass(time.Minute)
		if got := kinds(s.accepted()); got != "failed prod a" {
			t.Errorf("sent %s", got)
		}
	})
}

func TestClustersThatLeaveTheSettingsAreForgotten(t *testing.T) {
	bubble(t, []string{"a", "b"}, func(s *service) {
		for _, settings := range []struct {
			clusters []string
			want     string
		}{{[]string{"a", "b"}, "a 0, b 0"}, {[]string{"b", "c"}, "b 0, c 1"}, {nil, "none"}} {
			s.clusters = settings.clusters
			s.start()
			s.stop()
			if got := s.row(`coalesce(group_concat(cluster || ' ' || ((since_ms - 946684800000) / 3600000), ', '), 'none') FROM notify_watched`); got != settings.want {
				t.Errorf("with %v the archive watches %s, not %s", settings.clusters, got, settings.want)
			}
			s.pass(time.Hour)
		}
	})
}

// A job's texts can be of any length; a post of a hundred of them must not be.
func TestAPostIsBounded(t *testing.T) {
	t.Parallel()
	bubble(t, []string{"prod"}, func(s *service) {
		s.set = aboutJobs
		s.start()
		long := strings.Repeat(`"`, 100_000)
		var before, after []db.Job
		for i := range 120 {
			j := dbtest.Listed(long+string(rune('A'+i)), db.Running)
			before = append(before, j)
			j.State, j.Reason = db.Failed, long
			after = append(after, j)
		}
		s.lists("prod", before...)
		s.lists("prod", after...)
		for _, p := range s.posts {
			if len(p.body) > 160<<10 || len(p.Events) > 100 {
				t.Errorf("%d notices of %d bytes", len(p.Events), len(p.body))
			}
		}
		if sent := len(s.accepted()); sent != 120 {
			t.Errorf("%d notices are sent", sent)
		}
	})
}

func TestWhatWaitsOutlivesEditsAndPruning(t *testing.T) {
	t.Parallel()
	long(t)
	bubble(t, []string{"prod"}, func(s *service) {
		s.set = aboutJobs
		s.answer = always(503)
		s.start()
		s.lists("prod", running("a"), running("b"))
		j := failed("a")
		s.lists("prod", j, running("b"))
		j.Reason = "another one"
		s.lists("prod", j, failed("b")) // its notice waits behind that of a
		s.lists("prod")
		s.lists("prod")
		s.pass(time.Hour)
		s.lists("prod")
		if _, err := s.st.Prune(context.Background(), &db.Prune{Now: time.Now(), Keep: db.Retention{Failed: time.Minute}}); err != nil {
			s.t.Fatal(err)
		}
		if s.row("count(*) FROM pruned") != "2" {
			s.t.Fatal("nothing was pruned")
		}
		s.answer = nil
		s.pass(20 * time.Minute)
		for _, p := range s.posts[:len(s.posts)-1] {
			if string(p.body) != string(s.posts[0].body) || p.key != s.posts[0].key {
				t.Errorf("posted\n%s %s, first\n%s %s", p.key, p.body, s.posts[0].key, s.posts[0].body)
			}
		}
		if got := kinds(s.accepted()); got != "failed prod a, failed prod b" {
			t.Errorf("sent %s", got)
		}
	})
}
