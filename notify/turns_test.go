package notify_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
)

func TestAClusterThatTurnsStaleAndRecoversGetsOneNoticeEach(t *testing.T) {
	t.Parallel()
	long(t)
	bubble(t, []string{"prod", "quiet"}, func(s *service) {
		s.start()
		s.lists("prod")
		s.lists("quiet")
		complete := s.row(`last_complete_at FROM clusters WHERE name = 'prod'`)
		story := s.stories["prod"]
		story.Wait(time.Minute)
		story.Reads(db.Quick)
		conclusive := s.row(`last_conclusive_at FROM clusters WHERE name = 'prod'`)
		for range 12 {
			s.pass(4 * time.Minute)
			s.lists("quiet")
			if time.Since(s.stories["prod"].Now) < 9*time.Minute && len(s.posts) > 0 {
				t.Fatalf("got %s too early", kinds(s.accepted()))
			}
		}
		story.Now = time.Now()
		story.Begin()
		story.Close(db.Failure)
		s.restart()
		s.pass(time.Minute)
		if got := kinds(s.accepted()); got != "stale prod" {
			t.Fatalf("got %s", got)
		}
		e := s.posts[0].Events[0]
		if e["last_complete_at"] != complete || e["last_conclusive_at"] != conclusive || e["stale_from"] != conclusive || e["stale_after_seconds"] != 600.0 || e["last_outcome"] != "quick" {
			t.Errorf("%v", e)
		}
		if want := "prod is stale: its newest conclusive run ended at " + conclusive[:19] + " UTC"; s.posts[0].Text != want {
			t.Error(s.posts[0].Text)
		}
		s.lists("prod")
		s.restart()
		s.pass(time.Minute)
		if got := kinds(s.accepted()); got != "stale prod, recovered prod" {
			t.Fatalf("got %s", got)
		}
		e = s.posts[1].Events[0]
		if e["stale_from"] != conclusive || e["last_complete_at"] == complete {
			t.Errorf("%v", e)
		}
		if want := "prod is fresh again. It was stale from " + conclusive[:19] + " UTC on"; s.posts[1].Text != want {
			t.Error(s.posts[1].Text)
		}
	})
}

func TestAClusterThatWasNeverCompleteIsStaleAfterItsTime(t *testing.T) {
	bubble(t, []string{"prod"}, func(s *service) {
		s.start()
		began := time.Now()
		story := s.stories["prod"]
		story.Now = began
		story.Begin()
		story.Close(db.Failure)
		s.pass(6 * time.Minute)
		s.restart() // it has been watched for longer than this process lives
		s.pass(6 * time.Minute)
		if got := kinds(s.accepted()); got != "stale prod" || s.posts[0].at.Sub(began) > 11*time.Minute {
			t.Fatalf("got %s", got)
		}
		want := "prod is stale: it had no conclusive run since it is watched, 2000-01-01 00:00:00 UTC." +
			" The last run failed: the service answered 503"
		if p := s.posts[0]; p.Text != want || p.Events[0]["last_complete_at"] != nil || p.Events[0]["error_kind"] != "unavailable" {
			t.Errorf("%s %v", p.Text, p.Events[0])
		}
		s.lists("prod")
		if got := kinds(s.accepted()); got != "stale prod, recovered prod" {
			t.Errorf("got %s", got)
		}
	})
}

func TestARetentionTooShortForTheScheduleGetsOneNoticeAndOneWhenItIsLongEnough(t *testing.T) {
	t.Parallel()
	long(t)
	bubble(t, []string{"prod"}, func(s *service) {
		s.start()
		completed := func(prefix string, n int) (all []db.Job) {
			for i := range n {
				all = append(all, dbtest.Listed(fmt.Sprintf("%s-%d", prefix, i), db.Completed))
			}
			return all
		}
		five := func(jobs ...db.Job) {
			s.t.Helper()
			s.lists("prod", jobs...)
			s.pass(4 * time.Minute)
		}
		five()
		for i := range 3 { // gone after one listing
			five(completed(fmt.Sprint("short-", i), 5)...)
			five()
			five()
		}
		s.restart()
		five()
		if got := kinds(s.accepted()); got != "retention prod" {
			t.Fatalf("got %s", got)
		}
		e := s.posts[0].Events[0]
		if e["too_slow"] != true || e["schedule_seconds"] != 300.0 || e["shortest_max_seconds"] == nil ||
			!strings.HasPrefix(s.posts[0].Text, "prod: the schedule is too slow: a job went at most ") {
			t.Errorf("%s %v", s.posts[0].Text, e)
		}
		for range 6 {
			five(completed("long", 100)...)
		}
		five()
		five()
		five()
		if got := kinds(s.accepted()); got != "retention prod, retention prod" || s.posts[1].Events[0]["too_slow"] != false {
			t.Fatalf("got %s", got)
		}
		if want := "prod: the schedule is quick enough again for how long the service keeps finished jobs"; s.posts[1].Text != want {
			t.Error(s.posts[1].Text)
		}
	})
}

func TestWithoutAClusterThereIsNoRoundAndNoHeartbeat(t *testing.T) {
	bubble(t, nil, func(s *service) {
		s.start()
		s.pass(time.Hour)
		if len(s.pings) > 0 {
			t.Errorf("%d pings", len(s.pings))
		}
	})
}

func TestTheHeartbeatComesAfterEachCompleteRound(t *testing.T) {
	bubble(t, []string{"a", "b"}, func(s *service) {
		s.lists("a")
		s.lists("b")
		wants := func(pings int, why string) {
			t.Helper()
			if len(s.pings) != pings {
				t.Fatalf("%d pings, want %d: %s", len(s.pings), pings, why)
			}
		}
		s.start()
		s.pass(time.Minute)
		wants(0, "that round was before the first service")
		s.lists("a")
		s.lists("a")
		wants(0, "b is not complete")
		s.lists("b")
		wants(1, "a round")
		s.restart()
		s.pass(time.Minute)
		wants(1, "the same round, after a restart")
		s.lists("a")
		s.restart()
		wants(1, "b is not complete")
		s.lists("b")
		wants(2, "half of the round was before a restart")
		s.answer = always(500)
		s.lists("b")
		s.lists("a")
		s.pass(3 * time.Minute)
		failing := len(s.pings)
		if failing < 4 || failing > 8 || strings.Count(s.log.String(), "the heartbeat was not accepted") != 1 {
			t.Fatalf("%d pings, the log:\n%s", failing, s.log.String())
		}
		s.answer = nil
		s.pass(2 * time.Minute)
		wants(failing+1, "the receiver is back")

		s.stop()
		s.lists("a")
		s.lists("b")
		s.pass(time.Hour)
		s.start()
		s.pass(time.Minute)
		wants(failing+1, "that round was an hour ago")
		s.lists("a")
		s.lists("b")
		wants(failing+2, "both are fresh")
		for _, p := range s.pings {
			if p.method != "GET" || p.url != heartbeat || len(p.body) > 0 {
				t.Errorf("%+v", p)
			}
		}
	})
}
