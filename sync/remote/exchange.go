package remote

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"importarchive/sync/remote/answer"
)

// exchange is one request and its answer, not yet judged.
type exchange struct {
	asked, received time.Time
	clock           Clock
	status          int
	header          http.Header
	body            []byte // with the key hidden in it
	hide            hider
}

// maxFailure is how much of an answer with another status than 200 the client reads.
const maxFailure = 1 << 20

// linger is how long the client waits for the answer to a request that is under way
// when the caller gives up. It is worth some seconds, because perhaps no later answer
// has the same jobs. It must leave a run most of the ten seconds that it then has to
// store and close (see the allowance of package sync).
const linger = 3 * time.Second

// lingering returns a context that ends linger after the cancellation of ctx. After
// a deadline it ends at once: the caller has set it in advance.
func lingering(ctx context.Context) (context.Context, context.CancelFunc) {
	late, end := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			end(context.Cause(ctx))
			return
		}
		t := time.AfterFunc(linger, func() { end(context.Cause(ctx)) })
		context.AfterFunc(late, func() { t.Stop() })
	})
	return late, func() { stop(); end(nil) }
}

// exchange makes one request. A bad status alone is no error here: the answer has the
// status.
func (c *Client) exchange(ctx context.Context, key Secret, call call, bounds answer.Bounds) (exchange, *Error) {
	x := exchange{hide: newHider(key, c.target.Network.Proxy)}
	ctx, land := lingering(ctx)
	defer land()
	ctx, cancel := limited(ctx, c.target.Timeout)
	defer cancel()
	req, err := c.request(ctx, key, call)
	if err != nil {
		return x, &Error{Kind: Settings, Err: x.hide.Error(err)}
	}
	x.asked = c.now()
	resp, err := c.http.Do(req)
	if err != nil {
		return x, broken(ctx, err, x.hide)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		bounds = answer.Bounds{Bytes: maxFailure}
	}
	body, err := bounds.Read(resp.Body)
	if resp.ContentLength > 0 && int64(len(body)) == resp.ContentLength {
		err = nil // the answer is whole, although a context ended after it
	}
	x.received = c.now()
	x.clock = clockOf(resp.Header, x.asked, x.received)
	x.status, x.header = resp.StatusCode, resp.Header
	if err != nil && resp.StatusCode == http.StatusOK { // any other status says enough without its body
		failure := broken(ctx, err, x.hide)
		failure.Status = resp.StatusCode
		return x, failure
	}
	x.body = x.hide.body(bytes.TrimPrefix(body, []byte("\ufeff")))
	return x, nil
}

// blame adds status and headers of the answer to an error.
func (x *exchange) blame(failure *Error) *Error {
	failure.Message = x.hide.Text(failure.Message) // it may have been spelled in \u escapes
	if failure.Err != nil {
		failure.Err = x.hide.Error(failure.Err)
	}
	failure.Code = x.hide.Text(failure.Code)
	failure.RequestID = clean(x.hide.Text(x.header.Get("RequestId")))
	if failure.retryable() {
		failure.RetryAfter = RetryAfter(x.header, x.received)
	}
	return failure
}
