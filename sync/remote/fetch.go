package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// reply is what came of asking for a page; with an error its page has no
// more than its times.
type reply struct {
	page Page
	date time.Time // the service's clock
}

// page asks for a page until there is an answer, an error that another try
// would not mend, or no time left. The time runs from the first try: before
// it the request waits its turn among all that share the pace, however long
// that takes.
func (c *Client) page(ctx context.Context, n int) (got reply, failure *Error) {
	var (
		key   Secret
		last  *Error // the newest that is about the service, not about our patience
		tries int
		rest  = func() {} // ends the wait before a retry
	)
	defer func() {
		if p := recover(); p != nil {
			failure = &Error{Kind: Protocol, Err: newHider(key).error(fmt.Errorf("panic: %v", p))}
		}
		if failure != nil {
			failure.Page, failure.Tries = n, tries
		}
	}()
	if key, failure = c.admit(ctx); failure != nil {
		return got, failure
	}
	budget, cancel := patience(ctx, c.target.RetryFor)
	defer cancel()
	try := func() (reply, error) {
		if tries > 0 {
			rest()
			rest = func() {}
			var err *Error
			if key, err = c.admit(budget); err != nil {
				if err.Kind != Cancelled {
					last = err
				}
				return reply{}, backoff.Permanent(err)
			}
		}
		tries++
		r, err := c.try(budget, key, n)
		c.asked(n, err, tries > 1)
		got = r
		if err == nil {
			return r, nil
		}
		if last == nil || budget.Err() == nil {
			last = err
		}
		return r, again(err)
	}
	resting := backoff.WithNotify(func(error, time.Duration) { rest = c.wait(ForRetry) })
	_, err := backoff.Retry(budget, try, append(c.retryOptions(), resting)...)
	rest()
	if err == nil {
		got.page.Number, got.page.Tries = n, tries
		return got, nil
	}
	if ctx.Err() != nil && last.retryable() {
		last = cancelled(ctx)
	}
	return got, last
}

// again tells backoff what to do about an error.
func again(err *Error) error {
	switch {
	case !err.retryable():
		return backoff.Permanent(err)
	case err.RetryAfter > 0:
		return errors.Join(err, &backoff.RetryAfterError{Duration: err.RetryAfter})
	}
	return err
}

func (c *Client) retryOptions() []backoff.RetryOption {
	options := []backoff.RetryOption{backoff.WithBackOff(jitter()), backoff.WithMaxElapsedTime(c.target.RetryFor)}
	if c.target.RetryFor <= 0 { // which backoff would take for no limit
		options = append(options, backoff.WithMaxTries(1))
	}
	return options
}

// tooSlow is the cause of a context that ended because the service did not
// answer in time, in contrast to one that the caller ended.
type tooSlow time.Duration

func (t tooSlow) Error() string { return fmt.Sprintf("no answer within %v", time.Duration(t)) }

// patience limits ctx to d; 0 is no limit.
func patience(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, d, tooSlow(d))
}

// admit gets the key for a request and waits for its turn.
func (c *Client) admit(ctx context.Context) (Secret, *Error) {
	if c.baseErr != nil {
		return Secret{}, &Error{Kind: Settings, Err: c.baseErr}
	}
	var key Secret
	if c.target.Key != nil {
		var err error
		if key, err = c.target.Key(); err != nil {
			return Secret{}, &Error{Kind: Settings, Err: fmt.Errorf("API key: %w", err)}
		}
	}
	if err := usable(key); err != nil {
		return Secret{}, &Error{Kind: Settings, Err: err}
	}
	turn := c.wait(ForTurn)
	err := c.pacer.wait(ctx, c.base.Host, key, c.target.Rate)
	turn()
	if err != nil {
		if ctx.Err() != nil {
			return Secret{}, cancelled(ctx)
		}
		// The limiter refuses at once to wait beyond a context's deadline.
		return Secret{}, &Error{Kind: Cancelled, Err: fmt.Errorf("%w: its turn would come too late", context.DeadlineExceeded)}
	}
	return key, nil
}

// try makes one request and judges its answer.
func (c *Client) try(ctx context.Context, key Secret, n int) (reply, *Error) {
	var r reply
	hide := newHider(key)
	ctx, cancel := patience(ctx, c.target.Timeout)
	defer cancel()
	req, err := c.request(ctx, key, n)
	if err != nil {
		return r, &Error{Kind: Settings, Err: hide.error(err)}
	}
	r.page.Asked = c.now()
	resp, err := c.http.Do(req)
	if err != nil {
		return r, broken(ctx, err, hide)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := readAtMost(resp.Body, c.maxBody)
	r.page.Received = c.now()
	r.date = serverDate(resp.Header)
	if err != nil && resp.StatusCode == http.StatusOK { // any other status says enough without its body
		failure := broken(ctx, err, hide)
		failure.Status = resp.StatusCode
		return r, failure
	}
	l, failure := c.target.Dialect.read(resp.StatusCode, bytes.TrimPrefix(hide.bytes(body), []byte("\ufeff")))
	if failure != nil {
		failure.Message = hide.string(failure.Message) // it may have been spelled in \u escapes
		failure.Code = hide.string(failure.Code)
		failure.RequestID = clean(hide.string(resp.Header.Get("RequestId")))
		if failure.retryable() {
			failure.RetryAfter = retryAfter(resp.Header, r.page.Received)
		}
		return r, failure
	}
	if bytes.IndexByte(body, '\\') >= 0 {
		hide.listing(&l)
	}
	r.page.Jobs, r.page.Rejects, r.page.Count = l.jobs, l.rejects, l.count
	return r, nil
}

// errTooBig is an answer beyond the limit.
type errTooBig int64

func (e errTooBig) Error() string { return fmt.Sprintf("the answer is larger than %d bytes", int64(e)) }

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(body)) > limit {
		return body[:limit], errTooBig(limit)
	}
	return body, err
}

// pastEnd says whether an error is how the dialect says "no such page".
func (c *Client) pastEnd(err *Error) bool {
	code, bad := strconv.ParseInt(err.Code, 10, 64)
	return bad == nil && slices.Contains(c.target.Dialect.pastEnd, code)
}
