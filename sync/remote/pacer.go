package remote

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Pacer spaces out requests. Zilliz Cloud allows one user 20 requests a second per
// call, over all clusters, so all clients of a program share one Pacer. It paces each
// pair of host and key separately.
type Pacer struct {
	mu       sync.Mutex
	limiters map[[sha256.Size]byte]*rate.Limiter // by hash, so that it stores no key
}

// NewPacer returns a Pacer without requests so far.
func NewPacer() *Pacer {
	return &Pacer{limiters: map[[sha256.Size]byte]*rate.Limiter{}}
}

// wait returns when the next request may go out, or with an error when ctx ends
// before. Of different rates for one pair, the lowest applies; 0 is no limit.
func (p *Pacer) wait(ctx context.Context, host string, key Secret, perSecond float64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.limiter(host, key, limitOf(perSecond)).Wait(ctx)
}

// waiter is how a request gets its turn.
type waiter func(ctx context.Context, host string, key Secret, perSecond float64) error

// yield is wait for requests that must not delay a listing. A waiting listing has
// reserved its turn. yield takes only a turn that is free now; otherwise it tries
// again at the time of the next one.
func (p *Pacer) yield(ctx context.Context, host string, key Secret, perSecond float64) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		l := p.limiter(host, key, limitOf(perSecond))
		if l.Allow() {
			return nil
		}
		// At most a minute, because a very low rate overflows a Duration. Never
		// zero: after rounding, a wait of zero would loop for ever on a clock
		// that stands still.
		missing := min((1-l.Tokens())/float64(l.Limit()), 60)
		next := time.NewTimer(max(time.Duration(missing*float64(time.Second)), time.Microsecond))
		select {
		case <-next.C:
		case <-ctx.Done():
			next.Stop()
		}
	}
}

func limitOf(perSecond float64) rate.Limit {
	if perSecond > 0 {
		return rate.Limit(perSecond)
	}
	return rate.Inf
}

func (p *Pacer) limiter(host string, key Secret, limit rate.Limit) *rate.Limiter {
	id := sha256.Sum256([]byte(host + "\x00" + key.Reveal()))
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.limiters[id]
	if !ok {
		l = rate.NewLimiter(limit, 1)
		p.limiters[id] = l
	}
	if limit < l.Limit() {
		l.SetLimit(limit)
	}
	return l
}
