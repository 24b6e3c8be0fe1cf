package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// maxDetails is how much is read of an answer about one job. A job has some
// thousand files at most in Milvus, and a file takes some 200 bytes.
const maxDetails = 4 << 20

// describe tries the names of the call until the server knows one.
func (c *Client) describe(ctx context.Context, jobID string, turn waiter) (got Details, failure *Error) {
	var (
		key   Secret
		tries int
	)
	defer func() {
		if p := recover(); p != nil {
			failure = &Error{Kind: Protocol, Err: newHider(key).error(fmt.Errorf("panic: %v", p))}
		}
		if failure != nil {
			got, failure.Tries = Details{}, tries
		}
	}()
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
	x, failure := c.exchange(ctx, key, call, maxDetails)
	if failure != nil {
		return Details{}, failure
	}
	d, failure := c.target.Dialect.readDetails(x.status, x.body, jobID)
	if failure != nil {
		return Details{}, x.blame(failure)
	}
	if x.escapes {
		x.hide.details(&d)
	}
	d.Asked, d.Received = x.asked, x.received
	return d, nil
}

// readDetails judges an answer: the details of the job that was asked for, or
// an error with its kind.
func (d *Dialect) readDetails(status int, body []byte, jobID string) (details Details, failure *Error) {
	failure = d.judge(status, body, func(env envelope) (err error) {
		details, err = env.details(jobID)
		return err
	})
	if failure == nil {
		return details, nil
	}
	code, err := strconv.ParseInt(failure.Code, 10, 64)
	if err == nil && d.forgotten(code, failure.Message, jobID) && !denial(status) { // what may not be seen is not gone
		failure.Err = ErrForgotten
	}
	if errors.Is(failure, ErrForgotten) {
		failure.Kind, failure.Message = NotFound, cmp.Or(failure.Message, clean(details.Reason))
	}
	return Details{}, failure
}

// unknownCall says whether an error means that the server does not know the
// call: the status, or a code that stands for it, is 404 or 405, and no code of
// the dialect says that something else was not found.
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
