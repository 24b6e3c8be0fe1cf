package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/notify"
)

// post is one request that reached the fake network.
type post struct {
	method, url, key, token string
	at                      time.Time
	body                    []byte
	accepted                bool
	Text, Archive           string
	Events                  []map[string]any
}

// outside is the network: it keeps the requests, and answers as a test wants.
type outside struct {
	posts, pings []post
	answer       func(*http.Request) (*http.Response, error) // nil: 200
	log          bytes.Buffer
	order        sync.Mutex
}

// touch shows the race detector that a story and its notifier take turns, which
// only the bubble's time says otherwise.
func (o *outside) touch() {
	o.order.Lock()
	defer o.order.Unlock()
}

// Write keeps the log.
func (o *outside) Write(line []byte) (int, error) {
	o.touch()
	return o.log.Write(line)
}

func (o *outside) RoundTrip(r *http.Request) (*http.Response, error) {
	o.touch()
	p := post{method: r.Method, url: r.URL.String(), key: r.Header.Get("Idempotency-Key"), token: r.Header.Get("Authorization"), at: time.Now()}
	if r.Body != nil {
		p.body, _ = io.ReadAll(r.Body)
		if err := json.Unmarshal(p.body, &p); err != nil {
			panic(err)
		}
	}
	resp, err := status(200), error(nil)
	if o.answer != nil {
		resp, err = o.answer(r)
	}
	p.accepted = err == nil && resp.StatusCode < 300
	if r.Method == http.MethodGet {
		o.pings = append(o.pings, p)
	} else {
		o.posts = append(o.posts, p)
	}
	return resp, err
}

func status(code int, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader("no"))}
}

func always(code int, header ...string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return status(code, header...), nil }
}

// accepted returns the events of the posts that were accepted, in their order.
func (o *outside) accepted() (all []map[string]any) {
	for _, p := range o.posts {
		if p.accepted {
			all = append(all, p.Events...)
		}
	}
	return all
}

const (
	webhook   = "https://hooks.example/services/T0/s3cr3t-hook?x=s3cr3t-query"
	heartbeat = "https://ping.example/s3cr3t-ping"
)

func at(address string) func() (*url.URL, error) {
	return func() (*url.URL, error) { return url.Parse(address) }
}

// service is an archive with its notifier, inside a bubble of time.
type service struct {
	*outside
	t        *testing.T
	path     string
	st       *sqlite.Archive
	set      func(*notify.Notifier)
	clusters []string
	stories  map[string]*dbtest.Story
	stop     func()
}

// newService begins with an empty archive, and without a notifier.
func newService(t *testing.T, clusters ...string) *service {
	s := &service{
		outside: &outside{}, t: t, path: dbtest.Fresh(t), clusters: clusters,
		stories: map[string]*dbtest.Story{}, set: func(*notify.Notifier) {}, stop: func() {},
	}
	s.open()
	for _, name := range clusters {
		s.stories[name] = dbtest.Tell(t, s.st, name)
	}
	t.Cleanup(func() { s.stop(); s.st.Close() })
	return s
}

func (s *service) open() {
	s.t.Helper()
	var err error
	if s.st, err = sqlite.Open(context.Background(), s.path, sqlite.Options{}); err != nil {
		s.t.Fatal(err)
	}
	for _, story := range s.stories {
		story.Store = s.st
	}
}

// notifier returns one with the addresses of the constants.
func (s *service) notifier() *notify.Notifier {
	n := &notify.Notifier{
		Archive: s.st.Store, On: notify.Kinds[:], Webhook: at(webhook), Heartbeat: at(heartbeat),
		Transport: s.outside, Now: time.Now, Log: zerolog.New(s.outside),
	}
	for _, name := range s.clusters {
		n.Clusters = append(n.Clusters, notify.Cluster{Name: name, StaleAfter: func(time.Time) time.Duration { return 10 * time.Minute }})
	}
	s.set(n)
	return n
}

// start begins to call a notifier's steps.
func (s *service) start() {
	n := s.notifier()
	ctx, cancel := context.WithCancel(context.Background())
	n.Begin(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			s.step(ctx, n)
			select {
			case <-ctx.Done():
			case <-time.After(notify.Every):
			}
		}
	}()
	s.stop = func() { s.touch(); cancel(); <-done; s.stop = func() {} }
}

// step calls Step as a scheduler does that survives a panic.
func (s *service) step(ctx context.Context, n *notify.Notifier) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintln(s.outside, p)
		}
	}()
	n.Step(ctx)
}

// restart ends the process, and begins another one.
func (s *service) restart() {
	s.t.Helper()
	s.stop()
	if err := s.st.Close(); err != nil {
		s.t.Fatal(err)
	}
	s.open()
	s.start()
}

// lists has a cluster list these jobs now; then a minute passes.
func (s *service) lists(cluster string, jobs ...db.Job) {
	s.t.Helper()
	story := s.stories[cluster]
	story.Now = time.Now()
	story.Begin()
	story.Page(jobs...)
	story.Complete()
	s.pass(time.Minute)
}

// pass lets time pass, and the notifier do all that falls into it.
func (s *service) pass(d time.Duration) {
	s.touch()
	time.Sleep(d)
	synctest.Wait()
}

// row returns the one row of a query, its columns parted by bars.
func (s *service) row(query string) string {
	s.t.Helper()
	columns, from, _ := strings.Cut(query, " FROM ")
	var text string
	if err := s.st.Reader.QueryRow("SELECT concat_ws('|', " + columns + ") FROM " + from).Scan(&text); err != nil {
		s.t.Fatal(err)
	}
	return text
}

// isSound checks the invariants of the archive, and that neither the log nor a
// row shows a secret.
func (s *service) isSound() {
	s.t.Helper()
	findings, err := sqlite.Verify(context.Background(), s.st.Reader)
	if err != nil || len(findings) > 0 {
		s.t.Error(findings, err)
	}
	if strings.Contains(s.log.String(), "s3cr3t") {
		s.t.Errorf("a secret is in the log:\n%s", s.log.String())
	}
	if shown := s.row(`count(*) FROM notify_notices WHERE error LIKE '%s3cr3t%'`); shown != "0" {
		s.t.Errorf("%s notices show a secret", shown)
	}
}

// kinds returns the events in short.
func kinds(events []map[string]any) string {
	var all []string
	for _, e := range events {
		word := e["kind"].(string) + " " + e["cluster"].(string)
		if id, ok := e["job_id"].(string); ok {
			word += " " + id
		}
		all = append(all, word)
	}
	return strings.Join(all, ", ")
}
