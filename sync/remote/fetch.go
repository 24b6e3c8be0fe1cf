package remote

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"

	"importarchive/sync/remote/answer"
)

// reply is the result of a request for a page. With an error, its page has only
// times and the clock.
type reply struct {
	page Page
	rest iter.Seq[answer.Listing] // further pieces of its answer
}

// page requests a page until there is an answer, an error that another try would not
// mend, or no time left. The time runs from the first try; before it the request
// waits for its turn among all clients of the pacer, however long that takes.
func (c *Client) page(ctx context.Context, n int) (got reply, failure *Error) {
	var (
		key   Secret
		last  *Error // the newest error of the service, not of the time limit
		tries int
		clock Clock       // by the answers so far
		rest  = func() {} // ends the wait before a retry
	)
	defer func() {
		if failure != nil {
			failure.Page, failure.Tries, failure.Clock = n, tries, clock
		}
	}()
	defer c.contain(&key, &failure)
	if key, failure = c.admit(ctx, c.pacer.wait); failure != nil {
		return got, failure
	}
	budget, cancel := limited(ctx, c.target.RetryFor)
	defer cancel()
	try := func() (reply, error) {
		if tries > 0 {
			rest()
			rest = func() {}
			var err *Error
			if key, err = c.admit(budget, c.pacer.wait); err != nil {
				if err.Kind != Cancelled {
					last = err
				}
				return reply{}, backoff.Permanent(err)
			}
		}
		tries++
		r, err := c.try(budget, key, n)
		c.asked(n, err, tries > 1)
		clock = clock.Nearer(r.page.Clock)
		got, got.page.Clock = r, clock
		if err == nil {
			return r, nil
		}
		if last == nil || budget.Err() == nil {
			last = err
		}
		return r, again(err)
	}
	resting := backoff.WithNotify(func(error, time.Duration) { rest = c.timed(ForRetry) })
	_, err := backoff.Retry(budget, try, append(c.retryOptions(), resting)...)
	rest()
	if err == nil {
		got.page.Number, got.page.Tries = n, tries
		return got, nil
	}
	if ctx.Err() != nil && (last.retryable() || last.Kind == Cancelled) {
		last = cancelled(ctx)
	}
	return got, last
}

// again converts an error for package backoff.
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
	if c.target.RetryFor <= 0 { // backoff treats 0 as no limit
		options = append(options, backoff.WithMaxTries(1))
	}
	return options
}

// tooSlow is the cause of a context that ended because the service did not
// answer in time, in contrast to one that the caller ended.
type tooSlow time.Duration

func (t tooSlow) Error() string { return fmt.Sprintf("no answer within %v", time.Duration(t)) }

// limited returns a context that ends after d at the latest; 0 is no limit.
func limited(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, d, tooSlow(d))
}

// admit reads the key for a request and waits for its turn by the pacer's wait or
// yield.
func (c *Client) admit(ctx context.Context, turn waiter) (Secret, *Error) {
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
	waited := c.timed(ForTurn)
	err := turn(ctx, c.base.Host, key, c.target.Rate)
	waited()
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
	x, failure := c.exchange(ctx, key, c.target.Dialect.call(&c.target, n), c.bounds())
	r := reply{page: Page{Asked: x.asked, Received: x.received, Clock: x.clock}}
	if failure != nil {
		return r, failure
	}
	l, failure := c.target.Dialect.read(n, x.status, x.body)
	if failure != nil {
		return r, x.blame(failure)
	}
	r.page.set(&l)
	r.rest = l.Rest
	return r, nil
}

// pastEnd reports whether the error means "no such page" in the dialect.
func (c *Client) pastEnd(err *Error) bool {
	code, bad := strconv.ParseInt(err.Code, 10, 64)
	return bad == nil && slices.Contains(c.target.Dialect.pastEnd, code)
}
