package remote

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"importarchive/db/details"
	"importarchive/sync/remote/answer"
)

// Details is a service's answer to a query for one job. RawState is "" in zilliz-v1,
// which sends none.
type Details struct {
	details.Job
	Collection      string    // "" when not sent
	Asked, Received time.Time // as of a Page
}

// ErrForgotten means that the service does not have the job. Test for it with
// errors.Is.
var ErrForgotten = answer.ErrForgotten

// ErrCantDescribe means that the server has none of the calls for one job. Test for
// it with errors.Is.
var ErrCantDescribe = errors.New("the server has no call for the details of a job")

// Describe queries the details of one job, without a retry. Errors are [*Error]s;
// see [ErrForgotten] and [ErrCantDescribe]. It waits for its turn behind all
// listings that share its pace.
//
// Servers know the call by one of several names. The client tries them in turn,
// each with a request of its own, and remembers the one that the server knew.
func (c *Client) Describe(ctx context.Context, jobID string) (Details, error) {
	return c.about(ctx, jobID, c.pacer.yield)
}

// Confirm is Describe for a listing that waits for the answer: it takes turns like a
// page.
func (c *Client) Confirm(ctx context.Context, jobID string) (Details, error) {
	return c.about(ctx, jobID, c.pacer.wait)
}

func (c *Client) about(ctx context.Context, jobID string, turn waiter) (Details, error) {
	d, err := c.describe(ctx, jobID, turn)
	if err != nil { // not returned as it is: a nil *Error is no nil error
		return Details{}, err
	}
	return d, nil
}

// maxDetails is how much of an answer about one job the client reads. A job has some
// thousand files at most in Milvus, and a file takes some 200 bytes.
const maxDetails = 4 << 20

// describe tries the names of the call until the server knows one.
func (c *Client) describe(ctx context.Context, jobID string, turn waiter) (got Details, failure *Error) {
	var (
		key   Secret
		tries int
	)
	defer func() {
		if failure != nil {
			got, failure.Tries = Details{}, tries
		}
	}()
	defer c.contain(&key, &failure)
	calls := c.target.Dialect.describe(&c.target, jobID)
	for i := range calls {
		n := (int(c.spelling.Load()) + i) % len(calls)
		if key, failure = c.admit(ctx, turn); failure != nil {
			return got, failure
		}
		tries++
		got, failure = c.tryDescribe(ctx, key, calls[n], jobID)
		unknown := failure != nil && c.target.Dialect.unknownCall(failure)
		c.askedFor(failure, unknown && i+1 < len(calls))
		if !unknown {
			if failure == nil || errors.Is(failure, ErrForgotten) {
				c.spelling.Store(int32(n))
			}
			return got, failure
		}
	}
	failure.Err = ErrCantDescribe
	return got, failure
}

// tryDescribe makes one request and judges its answer.
func (c *Client) tryDescribe(ctx context.Context, key Secret, call call, jobID string) (Details, *Error) {
	x, failure := c.exchange(ctx, key, call, answer.Bounds{Bytes: maxDetails})
	if failure != nil {
		return Details{}, failure
	}
	d, failure := c.target.Dialect.readDetails(x.status, x.body, jobID)
	if failure != nil {
		return Details{}, x.blame(failure)
	}
	d.Asked, d.Received = x.asked, x.received
	return d, nil
}

// readDetails judges an answer: the details of the job of this id, or
// an error with its kind.
func (d *Dialect) readDetails(status int, body []byte, jobID string) (got Details, failure *Error) {
	failure = d.judge(status, body, func(env answer.Envelope) (err error) {
		got.Job, got.Collection, err = env.Job(jobID)
		return err
	})
	if failure == nil {
		return got, nil
	}
	code, err := strconv.ParseInt(failure.Code, 10, 64)
	if err == nil && d.forgotten(code, failure.Message, jobID) && !denial(status) { // a denial does not prove that the job is gone
		failure.Err = ErrForgotten
	}
	if errors.Is(failure, ErrForgotten) {
		failure.Kind, failure.Message = NotFound, cmp.Or(failure.Message, clean(got.Reason))
	}
	return Details{}, failure
}

// unknownCall reports whether an error means that the server does not have the call:
// the status, or a code that stands for it, is 404 or 405, and no code of the dialect
// says that something else was not found.
func (d *Dialect) unknownCall(e *Error) bool {
	code, err := strconv.ParseInt(e.Code, 10, 64)
	if err != nil {
		return noSuchCall(int64(e.Status))
	}
	if _, known := d.kind(code); known || e.Kind == Auth || errors.Is(e, ErrForgotten) {
		return false
	}
	return noSuchCall(code) || noSuchCall(int64(e.Status))
}

func noSuchCall(status int64) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed
}
