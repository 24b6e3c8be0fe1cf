package web

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"importarchive/longtest"
)

// withPlaces serves without any time limit, so that a client which the places do not
// let in waits for ever.
func withPlaces(t *testing.T) (address string, p *places) {
	t.Helper()
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	p = newPlaces(l)
	large := bytes.Repeat([]byte("x"), 1<<20)
	s := &http.Server{ConnState: p.changed, ConnContext: withConn, Handler: p.handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.URL.Path == "/large" {
			if _, err := w.Write(large); err != nil {
				return
			}
		}
		_, _ = io.WriteString(w, "ok")
	}))}
	ended := make(chan struct{})
	go func() { _ = s.Serve(p); close(ended) }()
	t.Cleanup(func() { _ = s.Close(); <-ended })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "127.0.0.1:" + port, p
}

// few is a listener of a process that may have so many connections.
type few struct {
	net.Listener
	open atomic.Int32
}

func (f *few) Accept() (net.Conn, error) {
	if f.open.Load() >= 10 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
	conn, err := f.Listener.Accept()
	f.open.Add(1)
	return &one{Conn: conn, of: f}, err
}

type one struct {
	net.Conn
	of   *few
	once sync.Once
}

func (o *one) Close() error {
	o.once.Do(func() { o.of.open.Add(-1) })
	return o.Conn.Close()
}

// TestSlowClientsTakeTheLastDescriptorsFromNoOther has fewer descriptors than places.
func TestSlowClientsTakeTheLastDescriptorsFromNoOther(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := newPlaces(&few{Listener: l})
	defer p.Close()
	go func() {
		for range 30 {
			if client, err := net.Dial("tcp", l.Addr().String()); err == nil {
				defer client.Close()
			}
		}
	}()
	for i := range 30 {
		if _, err := p.Accept(); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
}

// TestSlowClientsDoNotTakeHealthAway opens more connections than there are places, of
// every kind of slow client, from one address. Health must answer that address and
// another one, and so must a page for another one.
func TestSlowClientsDoNotTakeHealthAway(t *testing.T) {
	for name, sent := range map[string]string{
		"half a header":     "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
		"nothing":           "",
		"no body":           "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n",
		"nothing more":      "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a page unread":     "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"half of all kinds": "",
	} {
		t.Run(name, func(t *testing.T) {
			address, p := withPlaces(t)
			for i := range longtest.Size(300, 1000) {
				conn, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if name == "half of all kinds" {
					sent = []string{"GET /lar", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"}[i%3]
				}
				_, _ = io.WriteString(conn, sent) // the server may have closed it
			}
			for _, from := range []string{"127.0.0.1", "127.0.0.2"} {
				for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
					if got := askFrom(t, from, address, path); got != "200 ok" {
						t.Errorf("%s from %s: %s", path, from, got)
					}
				}
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			if len(p.all) > connections || p.busy > answering {
				t.Errorf("%d connections, %d answer", len(p.all), p.busy)
			}
		})
	}
}

// askFrom makes one request from an address of this machine.
func askFrom(t *testing.T, from, address, path string) string {
	t.Helper()
	dial := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dial.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Skipf("no second address of this machine: %v", err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(resp.Status, " OK") + " " + string(body)
}

// TestTheAddressWithMostWaitingConnectionsLosesOne fills all places from two addresses.
func TestTheAddressWithMostWaitingConnectionsLosesOne(t *testing.T) {
	p := &places{all: map[net.Conn]*place{}}
	add := func(host string) *place {
		near, far := net.Pipe()
		t.Cleanup(func() { _ = near.Close(); _ = far.Close() })
		c := &place{conn: near, host: host, since: p.turn()}
		p.all[near] = c
		return c
	}
	alone, first := add("a"), add("b")
	second := add("b")
	if got := p.victim(); got != first {
		t.Errorf("%+v", got)
	}
	end, ok := p.begin(first.conn, false)
	if got := p.victim(); !ok || got != alone {
		t.Errorf("a connection that answers is no victim: %+v", got)
	}
	for _, c := range []*place{alone, second} {
		if _, ok := p.begin(c.conn, c == second); !ok {
			t.Error("refused")
		}
	}
	if got := p.victim(); got != second {
		t.Errorf("only health can go where all answer: %+v", got)
	}
	end()
	if got := p.victim(); got != first || p.busy != 1 {
		t.Errorf("%+v, %d busy", got, p.busy)
	}
	p.busy = answering
	if _, ok := p.begin(first.conn, false); ok {
		t.Error("more answer than may")
	}
	if _, ok := p.begin(first.conn, true); !ok {
		t.Error("health is refused")
	}
}
