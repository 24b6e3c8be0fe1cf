package notify_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/longtest"
	"importarchive/notify"
)

func running(id string) db.Job { return dbtest.Listed(id, db.Running) }

func failed(id string) db.Job {
	j := dbtest.Listed(id, db.Failed)
	j.Reason = "row <7> has no\nvector & more"
	return j
}

// aboutJobs has nothing got clusters.
func aboutJobs(n *notify.Notifier) { n.On = []notify.Kind{notify.Failed, notify.Lost} }

// long leaves a story out of the race detector's runs: hours are thousands of steps.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long with the race detector")
	}
}

// bubble runs a story in a time of its own, and checks what is left of it.
func bubble(t *testing.T, clusters []string, story func(s *service)) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, clusters...)
		story(s)
		s.stop()
		s.isSound()
	})
}

func TestAJobThatFailsGetsOneNotice(t *testing.T) {
	t.Parallel()
	bubble(t, []string{"prod"}, func(s *service) {
		s.start()
		s.lists("prod", running("a"), running("b"))
		s.lists("prod", failed("a"), running("b"))
		for range 20 {
			s.lists("prod", failed("a"), running("b"))
		}
		if got := kinds(s.accepted()); got != "failed prod a" || len(s.posts) != 1 {
			t.Fatalf("got %s, in %d posts", got, len(s.posts))
		}
		p := s.posts[0]
		e := p.Events[0]
		if e["id"] != 1.0 || e["state"] != "failed" || e["raw_state"] != "ImportFailed" || e["collection"] != "films" ||
			e["reason"] != "row <7> has no\nvector & more" || e["not_before"] == nil || e["observed_at"] == nil || e["noticed_at"] == nil {
			t.Errorf("%v", e)
		}
		observed := s.row(`observed_at FROM transitions WHERE to_state = 'failed'`)
		if want := "prod: job `a` into `films` failed, seen at " + observed[:19] + " UTC: row &lt;7&gt; has no vector &amp; more"; p.Text != want {
			t.Errorf("it says\n%s, not\n%s", p.Text, want)
		}
		if !strings.HasPrefix(p.key, p.Archive+"-1-1-") || len(p.Archive) != 32 || p.method != "POST" || p.url != webhook || p.token != "" {
			t.Errorf("%+v", p)
		}
		if got := s.row(`kind, job_id, collection, attempts, sent_at IS NOT NULL, error IS NULL FROM notices`); got != "failed|a|films|1|1|1" {
			t.Errorf("the archive says %s", got)
		}
	})
}

func TestANoticeOfAFailureHasTheReasonThatTheServiceGivesLater(t *testing.T) {
	bubble(t, []string{"prod"}, func(s *service) {
		s.set = func(n *notify.Notifier) { aboutJobs(n); n.Clusters[0].Details = true }
		s.start()
		s.lists("prod", running("a"), running("b"))
		prod := s.stories["prod"]
		fails := func(jobs ...db.Job) {
			prod.Now = time.Now()
			prod.Begin()
			prod.Page(jobs...)
			prod.Complete()
			s.pass(20 * time.Second)
		}
		answers := func(id string, state db.State, d db.Details) {
			now := time.Now()
			err := s.st.Described(context.Background(), &prod.Run, []db.Described{{
				Seq: prod.Known.Find(id).Seq, ID: id, Asked: now, Received: now, State: state, Details: &d,
			}})
			if err != nil {
				t.Error(err)
			}
		}
		answers("b", db.Running, db.Details{FileName: "films.json"})
		fails(dbtest.Listed("a", db.Failed), running("b"))
		if len(s.posts) > 0 {
			t.Errorf("sent before the service was asked why: %s", s.posts[0].Text)
		}
		answers("a", db.Failed, db.Details{Reason: "row 7 has no vector"})
		s.pass(10 * time.Second)
		if len(s.posts) != 1 || s.posts[0].Events[0]["reason"] != "row 7 has no vector" || !strings.HasSuffix(s.posts[0].Text, ": row 7 has no vector") {
			t.Errorf("got %v", s.accepted())
		}
		// The service gives no reason for b. A failure without its reason is news as well.
		fails(dbtest.Listed("a", db.Failed), dbtest.Listed("b", db.Failed))
		s.pass(time.Minute)
		if got := kinds(s.accepted()); got != "failed prod a, failed prod b" || s.posts[1].Events[0]["reason"] != nil {
			t.Errorf("got %v", s.accepted())
		}
	})
}

func TestAJobThatIsLostGetsOneNotice(t *testing.T) {
	bubble(t, []string{"prod"}, func(s *service) {
		s.set = func(n *notify.Notifier) { n.Token = func() (string, error) { return "s3cr3t-token", nil } }
		s.start()
		s.lists("prod", running("a"), dbtest.Listed("done", db.Completed))
		for range 5 {
			s.lists("prod")
		}
		if got := kinds(s.accepted()); got != "lost prod a" || !strings.Contains(s.posts[0].Text, "went away unfinished (it was running)") {
			t.Errorf("got %s: %s", got, s.posts[0].Text)
		}
		if s.posts[0].token != "Bearer s3cr3t-token" {
			t.Error(s.posts[0].token)
		}
	})
}

func TestALostJobThatIsListedAgainIsTakenBack(t *testing.T) {
	bubble(t, []string{"prod"}, func(s *service) {
		s.start()
		done := dbtest.Listed("done", db.Completed)
		s.lists("prod", running("a"), running("b"), done)
		s.lists("prod")
		s.lists("prod")
		s.lists("prod", running("a"), done)
		if got := kinds(s.accepted()); got != "lost prod a, lost prod b, found prod a" {
			t.Errorf("got %s", got)
		}
		if text := s.posts[len(s.posts)-1].Text; !strings.Contains(text, "is listed again (it is running)") || !strings.HasSuffix(text, ": it was not lost") {
			t.Error(text)
		}
	})
}

// TestALossThatIsFoundLateIsTakenBackWithItsReturn: both happened without a
// notifier.
func TestALossThatIsFoundLateIsTakenBackWithItsReturn(t *testing.T) {
	bubble(t, []string{"prod"}, func(s *service) {
		s.start()
		s.lists("prod", running("a"))
		s.stop()
		s.lists("prod")
		s.lists("prod")
		s.lists("prod", running("a"))
		s.start()
		s.pass(time.Minute)
		if got := kinds(s.accepted()); got != "lost prod a, found prod a" {
			t.Errorf("got %s", got)
		}
	})
}

func TestALostJobWhoseHistoryWasPrunedIsTakenBack(t *testing.T) {
	bubble(t, []string{"prod"}, func(s *service) {
		s.start()
		s.lists("prod", running("a"))
		s.lists("prod")
		s.lists("prod")
		s.pass(time.Hour)
		s.lists("prod")
		if _, err := s.st.Prune(context.Background(), &db.Prune{Now: time.Now(), Keep: db.Retention{Lost: time.Minute}}); err != nil {
			s.t.Fatal(err)
		}
		if s.row("count(*) FROM pruned") != "1" {
			t.Fatal("nothing was pruned")
		}
		s.lists("prod", running("a"))
		if got := kinds(s.accepted()); !strings.HasSuffix(got, "found prod a") || strings.Count(got, "found") != 1 {
			t.Errorf("got %s", got)
		}
	})
}

func TestWhatWasThereBeforeIsNoNews(t *testing.T) {
	bubble(t, []string{"prod", "new"}, func(s *service) {
		s.lists("prod", running("a"), running("b"))
		s.lists("prod", failed("a"))
		s.lists("prod", failed("a")) // b is lost
		s.start()
		s.lists("new", failed("old")) // had failed before the first run
		s.lists("new", failed("old"), failed("quick"))
		if got := kinds(s.accepted()); got != "failed new quick" {
			t.Errorf("got %s", got)
		}
	})
}

func TestOnlyTheKindsOfTheSettingsAreSent(t *testing.T) {
	bubble(t, []string{"prod"}, func(s *service) {
		s.set = func(n *notify.Notifier) { n.On = []notify.Kind{notify.Lost, notify.Recovered} }
		s.start()
		s.lists("prod", running("a"), running("b"))
		s.lists("prod", failed("a"))
		s.lists("prod", failed("a"))
		s.pass(time.Hour)
		s.lists("prod", failed("a"))
		if got := kinds(s.accepted()); got != "lost prod b, recovered prod" {
			t.Errorf("got %s", got)
		}
	})
}

func TestWhatWasCommittedBeforeARestartIsSentOnceAfterIt(t *testing.T) {
	bubble(t, []string{"prod"}, func(s *service) {
		s.start()
		s.lists("prod", running("a"), running("b"))
		s.stop()
		s.lists("prod", failed("a"), running("b")) // a sync by hand
		s.start()
		s.pass(time.Minute)
		s.restart()
		s.lists("prod", failed("a"), failed("b"))
		s.restart()
		s.pass(time.Minute)
		if got := kinds(s.accepted()); got != "failed prod a, failed prod b" || len(s.posts) != 2 {
			t.Errorf("got %s, in %d posts", got, len(s.posts))
		}
	})
}

func TestAWebhookThatIsDownForHoursGetsAllInOrderAndNoneTwice(t *testing.T) {
	longtest.Only(t)
	t.Parallel()
	bubble(t, []string{"prod"}, func(s *service) {
		s.set = aboutJobs
		s.start()
		var jobs []db.Job
		for i := range 300 {
			jobs = append(jobs, running(fmt.Sprintf("job-%03d", i)))
		}
		s.lists("prod", jobs...)
		answers := []func(*http.Request) (*http.Response, error){
			always(503), always(500), always(408),
			func(r *http.Request) (*http.Response, error) { return nil, fmt.Errorf("dial %v: refused", r.URL) },
		}
		asked := 0
		s.answer = func(r *http.Request) (*http.Response, error) { asked++; return answers[asked%len(answers)](r) }
		down := time.Now()
		for i := range 300 {
			jobs[i] = failed(jobs[i].ID)
			s.lists("prod", jobs...)
			if i == 100 || i == 200 {
				s.restart()
			}
		}
		tried := len(s.posts)
		if tried > 60 || tried < 25 {
			t.Errorf("%d attempts in %v", tried, time.Since(down))
		}
		if len(s.accepted()) != 0 {
			t.Fatal("a post was accepted")
		}
		s.answer = nil
		s.pass(20 * time.Minute)
		sent := s.accepted()
		for i, e := range sent {
			if e["id"] != float64(i+1) || e["job_id"] != fmt.Sprintf("job-%03d", i) {
				t.Fatalf("event %d is %v", i, e)
			}
		}
		if posts := len(s.posts) - tried; len(sent) != 300 || posts != 4 { // the one that was tried all the time, and three full ones
			t.Errorf("%d sent, in %d posts", len(sent), posts)
		}
		if got := s.row(`count(*) FROM notices WHERE sent_at IS NULL OR error IS NOT NULL`); got != "0" {
			t.Errorf("%s are not sent", got)
		}
	})
}

// The process ends when the receiver has accepted a post, before that is stored.
// The receiver knows the second post by its ids and its key.
func TestACrashBetweenSendingAndStoringSendsTheSameAgain(t *testing.T) {
	bubble(t, []string{"prod"}, func(s *service) {
		s.start()
		s.lists("prod", running("a"), running("b"), running("c"))
		s.answer = func(r *http.Request) (*http.Response, error) {
			s.st.Close() // nothing can be stored from here on
			return status(200), nil
		}
		story := s.stories["prod"]
		story.Now = time.Now()
		story.Begin()
		story.Page(failed("a"), failed("b"), running("c"))
		story.Complete()
		s.pass(10 * time.Second)
		s.stop()
		s.answer = nil
		s.open()
		s.lists("prod", failed("a"), failed("b"), failed("c"))
		s.start()
		s.pass(time.Minute)
		if got := kinds(s.accepted()); got != "failed prod a, failed prod b, failed prod a, failed prod b, failed prod c" || len(s.posts) != 3 {
			t.Fatalf("got %s, in %d posts", got, len(s.posts))
		}
		if first, again := s.posts[0], s.posts[1]; first.key != again.key || !bytes.Equal(first.body, again.body) {
			t.Errorf("it was sent\n%s %s, and again\n%s %s", first.key, first.body, again.key, again.body)
		}
		if got := s.row(`group_concat(attempts, ' ') FROM notices`); got != "2 2 1" {
			t.Errorf("attempts: %s", got)
		}
	})
}

func TestTenThousandFailuresAreSomePostsOfBoundedSize(t *testing.T) {
	long(t)
	t.Parallel()
	n := longtest.Size(2_000, 10_000)
	bubble(t, []string{"prod"}, func(s *service) {
		s.set = aboutJobs
		s.start()
		var before, after []db.Job
		for i := range n {
			id := fmt.Sprintf("job-%05d", i)
			before = append(before, running(id))
			j := failed(id)
			j.Reason = strings.Repeat("<long>\n", 1+i%400)
			after = append(after, j)
		}
		s.lists("prod", before...)
		s.lists("prod", after...)
		s.pass(10 * time.Minute)
		sent := s.accepted()
		if len(sent) != n || len(s.posts) > n/66 {
			t.Fatalf("%d sent, in %d posts", len(sent), len(s.posts))
		}
		for i, e := range sent {
			if e["id"] != float64(i+1) {
				t.Fatalf("event %d is %v", i, e)
			}
		}
		for i, p := range s.posts {
			if len(p.body) > 256<<10 || len(p.Text) > 8<<10 {
				t.Errorf("a post has %d bytes, its text %d", len(p.body), len(p.Text))
			}
			if i > 0 && p.at.Sub(s.posts[i-1].at) < time.Second {
				t.Fatalf("posts %v apart", p.at.Sub(s.posts[i-1].at))
			}
		}
		lines := strings.Split(s.posts[0].Text, "\n")
		if len(lines) != 12 || lines[0] != "importarchive: 100 jobs failed" || lines[11] != "… and 90 more" {
			t.Errorf("%s", s.posts[0].Text)
		}
	})
}
