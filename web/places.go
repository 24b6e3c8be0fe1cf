package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// The server has so many connections at the same time, because the syncs need file
// descriptors too, and so many of them answer at the same time. The others are for
// clients that have not sent their whole request, for idle ones, and for health.
const (
	connections = 128
	answering   = 96
)

// places accepts every connection at once. If there are too many, it closes one that
// waits for its client: half a request, or none. So clients that send nothing, however
// many they are, take no place from those that do, and least from other addresses:
// the connection to close is of the address with the most of them, and the oldest.
type places struct {
	net.Listener
	mu   sync.Mutex
	all  map[net.Conn]*place
	next int
	busy int // connections that answer
}

// place is one connection.
type place struct {
	conn   net.Conn
	host   string // its client's address
	since  int    // greater for one that has waited less long
	answer bool   // its request has arrived, and the response has not been sent
	health bool   // and it is one that must be answered
}

func newPlaces(l net.Listener) *places {
	return &places{Listener: l, all: map[net.Conn]*place{}}
}

// Accept implements [net.Listener].
func (p *places) Accept() (net.Conn, error) {
	conn, err := p.Listener.Accept()
	for noDescriptor(err) && p.makeRoom() {
		conn, err = p.Listener.Accept()
	}
	if err != nil {
		return nil, err
	}
	if p.full() {
		p.makeRoom()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
	p.all[conn] = &place{conn: conn, host: host, since: p.turn()}
	return conn, nil
}

// noDescriptor reports whether the process may open no more files. The system may allow
// fewer than there are places.
func noDescriptor(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

func (p *places) full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.all) >= connections
}

// makeRoom closes a connection, and returns false if there is none to close.
func (p *places) makeRoom() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	victim := p.victim()
	if victim == nil {
		return false
	}
	_ = victim.conn.Close()
	p.drop(victim)
	return true
}

func (p *places) turn() int { p.next++; return p.next }

// victim returns the connection to close. Connections that answer a request stay,
// unless all do: then one that answers a health check has a client that reads nothing.
func (p *places) victim() *place {
	waiting := map[string]int{}
	for _, c := range p.all {
		if !c.answer {
			waiting[c.host]++
		}
	}
	var oldest *place
	for _, c := range p.all {
		switch {
		case c.answer && !c.health:
		case oldest == nil, oldest.answer && !c.answer:
			oldest = c
		case c.answer != oldest.answer:
		case waiting[c.host] > waiting[oldest.host],
			waiting[c.host] == waiting[oldest.host] && c.since < oldest.since:
			oldest = c
		}
	}
	return oldest
}

func (p *places) drop(c *place) {
	if p.all[c.conn] != c {
		return
	}
	delete(p.all, c.conn)
	if c.answer && !c.health {
		p.busy--
	}
}

// changed is the server's ConnState.
func (p *places) changed(conn net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.all[conn]
	switch {
	case c == nil:
	case state == http.StateIdle:
		c.since = p.turn()
	case state == http.StateClosed, state == http.StateHijacked:
		p.drop(c)
	}
}

// begin marks the connection of a request as one that answers. It returns false if too
// many do.
func (p *places) begin(conn net.Conn, health bool) (end func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.all[conn]
	switch {
	case c == nil: // it was just closed
		return func() {}, true
	case health:
	case p.busy >= answering:
		return nil, false
	default:
		p.busy++
	}
	c.answer, c.health = true, health
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.all[conn] == c && c.answer && !c.health {
			p.busy--
		}
		c.answer, c.health, c.since = false, false, p.turn()
	}, true
}

type connKey struct{}

// withConn is the server's ConnContext.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// healthWrites is how long a client may take to read an answer about health, and
// metrics.
const healthWrites = 5 * time.Second

// handler lets as many requests through as have places, and all for health.
func (p *places) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _ := r.Context().Value(connKey{}).(net.Conn)
		health := r.URL.Path == "/healthz" || r.URL.Path == "/readyz" || r.URL.Path == "/metrics"
		end, ok := p.begin(conn, health)
		if !ok {
			w.Header().Set("Connection", "close")
			w.Header().Set("Retry-After", "5")
			http.Error(w, "too many requests at the same time: try again in some seconds", http.StatusServiceUnavailable)
			return
		}
		defer end()
		if health {
			// It fails for a writer that is no connection, as in tests.
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(healthWrites))
		}
		if r.ContentLength != 0 {
			w.Header().Set("Connection", "close") // else net/http would first wait for the rest of the body
		}
		next.ServeHTTP(w, r)
	})
}
