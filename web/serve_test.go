package web

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/page"
	"importarchive/queries"
	"importarchive/report"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// endless are reports without an end: one that gives no row, and one that
// gives rows for ever.
func endless(s served) {
	s.reports["silent"] = &queries.Query{Name: "silent", SQL: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS i FROM n"}
	s.reports["endless"] = &queries.Query{Name: "endless", SQL: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, hex(zeroblob(500)) AS x FROM n"}
}

func TestAQuestionWithoutAnEndIsGivenUp(t *testing.T) {
	t.Parallel()
	s := serveArchive(t, tell(t), func(s *Site) { s.limits = limits{page: 50 * time.Millisecond, download: 50 * time.Millisecond} })
	endless(s)
	s.shows(t, "/reports/silent", http.StatusServiceUnavailable, "took too long")
	s.shows(t, "/reports/silent.csv", http.StatusServiceUnavailable, "took too long")
	if strings.Contains(s.log.String(), "error") {
		t.Error(s.log)
	}
	// On a slow machine the time may be over before the file begins.
	for !s.breaksOff(t, "/reports/endless.csv") {
		s.limits.page, s.limits.download = 2*s.limits.page, 2*s.limits.download
	}
	s.limits.page = time.Minute
	s.shows(t, "/reports", http.StatusOK) // and its place is free again
}

// breaksOff asks for a file and reports whether it broke off. If not, there
// was no time for it to begin.
func (s *served) breaksOff(t *testing.T, address string) (broke bool) {
	t.Helper()
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			broke = true
		default:
			panic(p)
		}
	}()
	if w := s.get(t, address); w.Code != http.StatusServiceUnavailable {
		t.Fatalf("a file without an end ended with %d", w.Code)
	}
	return false
}

func TestAClientThatHasLeftIsNotWorkedFor(t *testing.T) {
	s := serveArchive(t, tell(t), nil)
	endless(s)
	for _, address := range []string{"/reports/silent", "/reports/silent.csv"} {
		ctx, leave := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.ask(request(t, "GET", address).WithContext(ctx))
		}()
		for len(s.pages)+len(s.files) == 0 {
			time.Sleep(time.Millisecond)
		}
		leave()
		<-done
	}
	if s.log.Len() > 0 {
		t.Error(s.log)
	}
}

func TestFewPagesAreMadeAtTheSameTime(t *testing.T) {
	t.Parallel()
	s := serveArchive(t, tell(t), func(s *Site) { s.limits = limits{readers: 2} })
	s.pages <- struct{}{}
	s.shows(t, "/reports", http.StatusOK)
	s.pages <- struct{}{}
	s.shows(t, "/reports/failures.csv", http.StatusOK)
	s.files <- struct{}{}
	s.limits.page = 50 * time.Millisecond // a file may take long, but waits no longer for its turn than a page
	for _, address := range []string{"/reports/failures", "/reports/failures.csv"} {
		w := s.get(t, address)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "Too busy") {
			t.Errorf("%s: %d %v", address, w.Code, w.Header())
		}
	}
}

func TestAPanicIsOneRequests(t *testing.T) {
	s := serveArchive(t, tell(t), func(s *Site) {
		s.Metrics = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("s3cr3t state") })
	})
	w := s.get(t, "/metrics")
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "s3cr3t") || !strings.Contains(s.log.String(), "s3cr3t") {
		t.Errorf("%d %s\n%s", w.Code, w.Body, s.log)
	}
	s.shows(t, "/", http.StatusOK)
}

func TestAnArchiveThatCantBeReadIsSaidOnce(t *testing.T) {
	a := tell(t)
	s := serveArchive(t, a, nil)
	if err := a.st.Close(); err != nil {
		t.Fatal(err)
	}
	s.shows(t, "/", http.StatusInternalServerError, "can&#39;t be read now")
	if n := strings.Count(s.log.String(), "\n"); n != 1 {
		t.Errorf("%d lines in the log:\n%s", n, s.log)
	}
}

// TestAPageIsOneStateAndHoldsUpNobody writes while a page is made.
func TestAPageIsOneStateAndHoldsUpNobody(t *testing.T) {
	a := tell(t)
	s := serveArchive(t, a, nil)
	jobs := func(r report.Reader) (n int64) {
		table, err := report.Query(t.Context(), r, "SELECT count(*) FROM jobs", nil)
		if err != nil {
			t.Fatal(err)
		}
		for row, err := range table.Rows {
			if err != nil {
				t.Fatal(err)
			}
			n = row[0].(int64)
		}
		return n
	}
	err := s.read(t.Context(), s.pages, func(p page.Site) error {
		before := jobs(p.Reader)
		a.story.Lists(dbtest.Listed("late", db.Failed)) // it would wait here
		var page bytes.Buffer
		if err := p.Cluster(t.Context(), &page, "lab"); err != nil {
			return err
		}
		if after := jobs(p.Reader); after != before || strings.Contains(page.String(), ">late<") {
			t.Errorf("%d jobs, then %d", before, after)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	s.shows(t, "/clusters/lab", http.StatusOK, ">late<")
}

// running is a server on a port of its own.
type running struct {
	served
	origin string
	stop   func() error
}

func run(t *testing.T, a *told, change func(*Site)) *running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	site := Site{Archive: a.reader(), Now: func() time.Time { return a.now }, Title: "Imports", Access: Access{Listen: l.Addr().String()}, Log: zerolog.Nop()}
	if change != nil {
		change(&site)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	handler, err := site.Handler()
	if err != nil {
		t.Fatal(err)
	}
	go func() { ended <- Serve(ctx, l, handler, site.Log) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	return &running{origin: "http://" + l.Addr().String(), stop: stop}
}

// client returns a client that keeps no connection when the test ends.
func client(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestAServerStopsWithItsContext(t *testing.T) {
	waiting, release := make(chan struct{}), make(chan struct{})
	r := run(t, tell(t), func(s *Site) {
		s.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(waiting)
			<-release
			_, _ = io.WriteString(w, "whole")
		})
	})
	c := client(t)
	answer := make(chan string, 1)
	go func() {
		resp, err := c.Get(r.origin + "/metrics")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answer <- string(body)
	}()
	<-waiting
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	// The server finishes the answers under way, and accepts no new connection.
	for {
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.origin, "http://"))
		if err != nil {
			break
		}
		_ = conn.Close()
		time.Sleep(time.Millisecond)
	}
	close(release)
	if got := <-answer; got != "whole" {
		t.Error(got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestAStopWaitsForNoEndlessFile has a client that takes a file without an
// end.
func TestAStopWaitsForNoEndlessFile(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes the grace period")
	}
	s := serveArchive(t, tell(t), nil)
	endless(s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, s.site, s.Log) }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+"/reports/endless.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "identity") // compressed, minutes of it fit into the buffers between
	resp, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	read := make(chan error, 1)
	go func() {
		_, err := io.Copy(slowly{}, resp.Body)
		read <- err
	}()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := <-read; err == nil {
		t.Error("a file that was cut off seems whole")
	}
}

// slowly is a response writer that accepts everything, slowly.
type slowly struct{}

func (slowly) Write(b []byte) (int, error) {
	time.Sleep(10 * time.Millisecond)
	return len(b), nil
}

// TestAClientThatTakesNothingIsLeft has one that asks for a file without an
// end, and then reads none of it.
func TestAClientThatTakesNothingIsLeft(t *testing.T) {
	s := serveArchive(t, tell(t), func(s *Site) { s.limits = limits{stalled: 50 * time.Millisecond} })
	endless(s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, s.site, s.Log) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /reports/endless.csv HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if _, err := conn.Read(make([]byte, 1)); err != nil { // the file has begun
		t.Fatal(err)
	}
	for len(s.files) > 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAListenerThatFailsEndsTheServing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := Serve(t.Context(), l, http.NotFoundHandler(), zerolog.Nop()); err == nil {
		t.Error("Serve returns no error")
	}
}

// TestTheServerTakesNoNonsense speaks to it as no client does.
func TestTheServerTakesNoNonsense(t *testing.T) {
	t.Parallel()
	r := run(t, tell(t), nil)
	for _, row := range []struct{ said, want string }{
		{"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"}, // no Host
		{"GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 421"},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n", "HTTP/1.1 400"},
		{"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 405"},
		{"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 405"},
		{"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 421"},
		{"GET http://localhost/reports HTTP/1.1\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 200"}, // the URL's host counts, as the standard has it
		{"GET /" + strings.Repeat("a", 40<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 431"},
		{"GET /../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 404"},
		{"nonsense\r\n\r\n", "HTTP/1.1 400"},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.origin, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, row.said)
		got := make([]byte, len(row.want))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != row.want {
			t.Errorf("%.60q: %q, not %q (%v)", row.said, got, row.want, err)
		}
		_ = conn.Close()
	}
}
