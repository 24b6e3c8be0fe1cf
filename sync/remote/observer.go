package remote

import (
	"net/http"
	"time"
)

// Observer is told what a client does, so that it can be counted. Its methods
// are called from several goroutines, and while a page is waited for: they
// must be quick.
type Observer interface {
	// Asked is told of every request that was made: the HTTP status of its
	// answer, 0 when there was none; what kind of failure it was, "" when the
	// answer was what was asked for; and whether it asked for a page again.
	Asked(status int, kind Kind, again bool)

	// Waited is told of every wait that has ended, also one that was cut short.
	Waited(why Wait, took time.Duration)
}

// Wait is what a client waits for.
type Wait string

// The reasons to wait.
const (
	ForTurn  Wait = "pace"  // the turn among all requests to one host with one key
	ForRetry Wait = "retry" // before a page is asked for again
)

// silent is who is told when nobody wants to know.
type silent struct{}

func (silent) Asked(int, Kind, bool)      {}
func (silent) Waited(Wait, time.Duration) {}

// Observe has an observer told of all that the client does from now on. It is
// called before the first page is asked for, if at all.
func (c *Client) Observe(o Observer) { c.observer = o }

// asked tells of a request for page n. That a page is past the end is told by
// some services as an error, and is none.
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

// askedFor tells of a request for the details of a job. Neither that the job
// is forgotten is a failure, nor that the server knows the call by another
// name, if there is one left to try.
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

// wait begins a wait, and gives what is to be called when it has ended.
func (c *Client) wait(why Wait) (ended func()) {
	began := c.now()
	return func() {
		if took := c.now().Sub(began); took > 0 {
			c.observer.Waited(why, took)
		}
	}
}
