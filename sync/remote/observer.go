package remote

import (
	"net/http"
	"time"
)

// Observer counts what a client does. The client calls its methods from several
// goroutines, and while it waits for pages: they must be quick.
type Observer interface {
	// Asked is called after every request, with the HTTP status of its answer, 0
	// when there was none; the kind of its failure, "" for none; and whether it
	// was a retry.
	Asked(status int, kind Kind, again bool)

	// Waited is called after every wait, also one that was cut short.
	Waited(why Wait, took time.Duration)
}

// Wait is what a client waits for.
type Wait string

// The reasons to wait.
const (
	ForTurn  Wait = "pace"  // the turn among all requests to one host with one key
	ForRetry Wait = "retry" // before another try for a page
)

// silent is the observer of a client without one.
type silent struct{}

func (silent) Asked(int, Kind, bool)      {}
func (silent) Waited(Wait, time.Duration) {}

// Observe sets the client's observer. It must come before the first request.
func (c *Client) Observe(o Observer) { c.observer = o }

// asked reports a request for page n. Some services answer a page past the end with
// an error, which is none here.
func (c *Client) asked(n int, failure *Error, again bool) {
	switch {
	case failure == nil:
		c.observer.Asked(http.StatusOK, "", again)
	case n > 1 && c.pastEnd(failure):
		c.observer.Asked(failure.Status, "", again)
	default:
		c.observer.Asked(failure.Status, failure.Kind, again)
	}
}

// askedFor reports a request for one job. It is no failure that the service has
// forgotten the job, nor that the server lacks this name of the call while there
// is another to try.
func (c *Client) askedFor(failure *Error, otherName bool) {
	switch {
	case failure == nil:
		c.observer.Asked(http.StatusOK, "", false)
	case otherName || failure.Err == ErrForgotten:
		c.observer.Asked(failure.Status, "", false)
	default:
		c.observer.Asked(failure.Status, failure.Kind, false)
	}
}

// timed begins to time a wait. The caller calls ended when the wait is over.
func (c *Client) timed(why Wait) (ended func()) {
	began := c.now()
	return func() {
		if took := c.now().Sub(began); took > 0 {
			c.observer.Waited(why, took)
		}
	}
}
