package simulator

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"
)

var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}

// A request of a listing has no more than a few parameters.
const maxRequest = 64 << 10

// bits is how many pieces a dripping body comes in.
const bits = 8

// ServeHTTP answers over a socket. A handler can't refuse a connection that
// was accepted, so [Refused] breaks it instead.
func (w *World) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	a, err := w.answer(r.Context(), ask(r, body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		out.Header()[name] = values
	}
	out.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	out.WriteHeader(a.status)
	// A reader of what would have arrived, sent on piece by piece: half of a
	// body ends in an error, and aborting then is what makes it one over there.
	from := newBody(r.Context(), a)
	flush := http.NewResponseController(out)
	for piece := make([]byte, 32<<10); ; {
		n, err := from.Read(piece)
		if _, failed := out.Write(piece[:n]); failed != nil {
			return
		}
		if err == io.EOF {
			return
		}
		if a.cut || a.drip > 0 {
			_ = flush.Flush() // a writer that can't sends it all at the end
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}

// Transport answers without sockets: within the caller's goroutine, so that
// time in a testing/synctest bubble goes on while it waits. It ends when the
// request's context does, and breaks as a connection would.
func (w *World) Transport() http.RoundTripper { return transport{w} }

type transport struct{ world *World }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		if err = errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
	}
	a, err := t.world.answer(r.Context(), ask(r, body))
	if err != nil {
		return nil, err
	}
	a.header.Set("Content-Length", strconv.Itoa(len(a.body)))
	return &http.Response{
		Status:        strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          newBody(r.Context(), a),
		ContentLength: int64(len(a.body)),
		Request:       r,
	}, nil
}

// body is an answer's body on its way.
type body struct {
	ctx   context.Context // of the request: a response's body ends with it
	here  []byte          // has arrived
	rest  []byte          // has not
	piece int             // how much arrives at a time
	pause time.Duration   // before each piece
	end   error
	heard func()
}

func newBody(ctx context.Context, a *answer) *body {
	b := &body{ctx: ctx, rest: a.body, piece: len(a.body), end: io.EOF, heard: a.heard}
	if a.drip > 0 {
		b.piece = max(1, (len(a.body)+bits-1)/bits)
		b.pause = a.drip / bits
	}
	if a.cut {
		b.rest, b.end, b.heard = a.body[:len(a.body)/2], io.ErrUnexpectedEOF, nil
	}
	return b
}

func (b *body) Read(p []byte) (int, error) {
	if err := context.Cause(b.ctx); err != nil {
		return 0, err
	}
	if len(b.here) == 0 {
		if len(b.rest) == 0 {
			return 0, b.end
		}
		if err := wait(b.ctx, b.pause); err != nil {
			return 0, err
		}
		n := min(b.piece, len(b.rest))
		b.here, b.rest = b.rest[:n], b.rest[n:]
	}
	n := copy(p, b.here)
	b.here = b.here[n:]
	if len(b.here)+len(b.rest) == 0 && b.heard != nil {
		b.heard()
		b.heard = nil
	}
	return n, nil
}

// Close keeps what is left from being read, as a closed connection does.
func (b *body) Close() error {
	b.here, b.rest, b.end, b.heard = nil, nil, http.ErrBodyReadAfterClose, nil
	return nil
}
