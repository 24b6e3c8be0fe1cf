package notify_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/longtest"
	"importarchive/notify"
)

func TestWhatIsRefusedIsTriedThreeTimesAndGivenUpAloud(t *testing.T) {
	long(t)
	t.Parallel()
	codes := []int{307, 401, 404, 301, 400, 403, 410}
	for _, code := range codes[:longtest.Size(2, len(codes))] {
		bubble(t, []string{"prod"}, func(s *service) {
			s.set = aboutJobs
			s.answer = always(code, "Location", "https://elsewhere.example/s3cr3t")
			s.start()
			s.lists("prod", running("a"), running("b"))
			s.lists("prod", failed("a"), running("b"))
			s.pass(time.Hour)
			if len(s.posts) != 3 {
				t.Errorf("%d: %d attempts", code, len(s.posts))
			}
			for _, p := range s.posts {
				if p.url != webhook {
					t.Errorf("%d: sent to %s", code, p.url)
				}
			}
			if got := s.row(`attempts, given_up_at IS NOT NULL, next_attempt_at IS NULL, sent_at IS NULL FROM notices`); got != "3|1|1|1" {
				t.Errorf("%d: the archive says %s", code, got)
			}
			if strings.Count(s.log.String(), `"level":"error"`) != 1 || !strings.Contains(s.log.String(), "notify: given up") {
				t.Errorf("%d:\n%s", code, s.log.String())
			}
			s.answer = nil
			s.lists("prod", failed("a"), failed("b"))
			s.pass(time.Hour)
			if got := kinds(s.accepted()); got != "failed prod b" {
				t.Errorf("%d: got %s", code, got)
			}
		})
	}
}

func TestAfterADayItIsGivenUpAloud(t *testing.T) {
	longtest.Only(t)
	t.Parallel()
	bubble(t, []string{"prod"}, func(s *service) {
		s.set = aboutJobs
		s.answer = always(502)
		s.start()
		s.lists("prod", running("a"), running("b"))
		s.lists("prod", failed("a"), running("b"))
		s.pass(23 * time.Hour)
		if got := s.row(`given_up_at IS NULL, error FROM notices`); got != "1|https://hooks.example: answered 502 Bad Gateway" {
			t.Fatal(got)
		}
		s.pass(2 * time.Hour)
		if got := s.row(`given_up_at IS NULL, attempts > 90, attempts < 250 FROM notices`); got != "0|1|1" {
			t.Error(got)
		}
		if strings.Count(s.log.String(), `"level":"error"`) != 1 {
			t.Error("it was not said aloud, once")
		}
		s.answer = nil
		s.lists("prod", failed("a"), failed("b"))
		s.pass(time.Hour)
		if got := kinds(s.accepted()); got != "failed prod b" {
			t.Errorf("got %s", got)
		}
	})
}

func TestTheReceiverSaysHowLongToWait(t *testing.T) {
	t.Parallel()
	long(t)
	for name, header := range map[string]string{"seconds": "1200", "a date": "Sat, 01 Jan 2000 00:21:05 GMT", "beyond reason": "999999999"} {
		bubble(t, []string{"prod"}, func(s *service) {
			s.set = aboutJobs
			s.answer = always(429, "Retry-After", header)
			s.start()
			s.lists("prod", running("a"))
			s.lists("prod", failed("a"))
			s.answer = nil
			s.pass(2 * time.Hour)
			if len(s.posts) != 2 {
				t.Fatalf("%s: %d posts", name, len(s.posts))
			}
			waited, least := s.posts[1].at.Sub(s.posts[0].at), 20*time.Minute
			if name == "beyond reason" {
				least = time.Hour
			}
			if waited < least || waited > least+time.Minute {
				t.Errorf("%s: it waited %v", name, waited)
			}
		})
	}
}

// A request under way is given up when the service stops; one that hangs is
// given up after some seconds, and holds up no sync.
func TestAWebhookThatHangsHoldsUpNothing(t *testing.T) {
	bubble(t, []string{"prod"}, func(s *service) {
		s.set = aboutJobs
		s.answer = func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: r.Context().Err()}
		}
		s.start()
		s.lists("prod", running("a"))
		s.lists("prod", failed("a"))
		if got := s.row(`error FROM notices`); got != "https://hooks.example: no answer within 10s" {
			t.Error(got)
		}
		for {
			began, asked := time.Now(), len(s.posts)
			s.pass(time.Second)
			if s.row(`sum(attempts) FROM notices`) != fmt.Sprint(asked) { // one is under way
				s.stop()
				if took := time.Since(began); took > time.Second {
					t.Errorf("stopping took %v", took)
				}
				break
			}
		}
		s.answer = nil
		s.restart()
		s.pass(time.Minute)
		if got := kinds(s.accepted()); got != "failed prod a" {
			t.Errorf("got %s", got)
		}
	})
}

// What goes wrong never says where to; the harness looks for it in the log
// and the archive after each story.
func TestWhatGoesWrongShowsNoSecret(t *testing.T) {
	t.Parallel()
	long(t)
	for name, set := range map[string]func(*service, *notify.Notifier){
		"the transport names the address": func(s *service, _ *notify.Notifier) {
			s.answer = func(r *http.Request) (*http.Response, error) {
				return nil, fmt.Errorf("proxy: %s %s %s %s", r.URL, r.URL.Path, r.URL.RequestURI(), r.Header.Get("Authorization"))
			}
		},
		"a password in the address": func(s *service, n *notify.Notifier) {
			n.Webhook = at("https://user:s3cr3t-password@hooks.example/s3cr3t")
			s.answer = func(r *http.Request) (*http.Response, error) { return nil, fmt.Errorf("407 for %v", r.URL.User) }
		},
		"the file is not there": func(_ *service, n *notify.Notifier) {
			n.Webhook = func() (*url.URL, error) { return nil, errors.New("webhook_file: no such file") }
		},
		"the token is not there": func(_ *service, n *notify.Notifier) {
			n.Token = func() (string, error) { return "", errors.New("token_file: no such file") }
		},
		"a panic": func(s *service, _ *notify.Notifier) {
			s.answer = func(*http.Request) (*http.Response, error) { panic("out of coffee") }
		},
	} {
		bubble(t, []string{"prod"}, func(s *service) {
			s.set = func(n *notify.Notifier) {
				aboutJobs(n)
				n.Token = func() (string, error) { return "s3cr3t-token", nil }
				set(s, n)
			}
			s.start()
			s.lists("prod", running("a"))
			s.lists("prod", failed("a"))
			s.pass(10 * time.Minute)
			if s.row(`attempts > 1, sent_at IS NULL FROM notices`) != "1|1" || s.log.Len() == 0 {
				t.Errorf("%s: nothing went wrong: %s", name, s.log.String())
			}
			s.set, s.answer = aboutJobs, nil
			s.restart()
			s.pass(20 * time.Minute)
			if got := kinds(s.accepted()); got != "failed prod a" {
				t.Errorf("%s: got %s", name, got)
			}
		})
	}
}

func TestTheTimeWithoutAWebhookGetsNoNotices(t *testing.T) {
	bubble(t, []string{"prod"}, func(s *service) {
		s.answer = always(503)
		s.start()
		s.lists("prod", running("a"), running("b"), running("c"))
		s.lists("prod", failed("a"), running("b"), running("c"))
		s.set = func(n *notify.Notifier) { n.Webhook, n.Heartbeat = nil, nil }
		s.restart()
		s.lists("prod", failed("a"), failed("b"), running("c"))
		s.pass(100 * time.Hour)
		if got := s.row(`count(*), count(given_up_at) FROM notices`); got != "1|1" {
			t.Errorf("notices and given up: %s", got)
		}
		s.set, s.answer = func(*notify.Notifier) {}, nil
		s.lists("prod", failed("a"), failed("b"), running("c"))
		s.restart()
		s.lists("prod", failed("a"), failed("b"), failed("c"))
		if got := kinds(s.accepted()); got != "failed prod c" {
			t.Errorf("got %s", got)
		}
	})
}

func TestANotifierWithoutReceiversWritesNothing(t *testing.T) {
	bubble(t, []string{"prod"}, func(s *service) {
		s.set = func(n *notify.Notifier) { n.Webhook, n.Heartbeat = nil, nil }
		s.start()
		s.pass(time.Minute)
		if got := s.row(`count(*) FROM notify_outbox`); got != "0" {
			t.Error("it has used the outbox")
		}
	})
}

func TestOldNoticesAreRemoved(t *testing.T) {
	t.Parallel()
	long(t)
	bubble(t, []string{"prod"}, func(s *service) {
		s.set = aboutJobs
		s.start()
		var before, after []db.Job
		for i := range 1200 {
			before, after = append(before, running(fmt.Sprint(i, "-"))), append(after, failed(fmt.Sprint(i, "-")))
		}
		s.lists("prod", before...)
		s.lists("prod", after...)
		s.pass(10 * time.Minute)
		s.stop()
		s.pass(29 * 24 * time.Hour)
		s.start()
		s.pass(time.Minute)
		if got := s.row(`count(*) FROM notices WHERE sent_at IS NOT NULL`); got != "1200" {
			t.Fatalf("%s after 29 days", got)
		}
		s.stop()
		s.pass(24 * time.Hour)
		s.start()
		s.pass(time.Minute)
		if got := s.row(`count(*) FROM notices`); got != "1200" {
			t.Fatalf("%s after 30 days by a clock that no listing has seen", got)
		}
		s.lists("prod", after...)
		s.pass(2 * time.Minute)
		if got := s.row(`count(*) FROM notices`); got != "0" {
			t.Errorf("%s after 30 days", got)
		}
		s.lists("prod", append(after, running("x"))...)
		s.lists("prod", append(after, failed("x"))...)
		if got := s.row(`id FROM notices`); got != "1201" {
			t.Errorf("the next one is %s: an id was used twice", got)
		}
	})
}
