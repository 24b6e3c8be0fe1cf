package remote

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Pacer spaces out requests. Zilliz Cloud counts 20 requests a second to one
// user and call, whatever cluster they are about, so all clients of a program
// share one Pacer: it paces each pair of host and key by itself.
type Pacer struct {
	mu       sync.Mutex
	limiters map[[sha256.Size]byte]*rate.Limiter // keys are known by hash only
}

// NewPacer makes a Pacer that has seen no request yet.
func NewPacer() *Pacer {
	return &Pacer{limiters: map[[sha256.Size]byte]*rate.Limiter{}}
}

// wait returns when the next request may go out, or with an error when ctx
// ends before. Clients that ask for different rates get the lowest of them;
// 0 asks for no limit.
func (p *Pacer) wait(ctx context.Context, host string, key Secret, perSecond float64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.limiter(host, key, limitOf(perSecond)).Wait(ctx)
}

// waiter is how a request gets its turn.
type waiter func(ctx context.Context, host string, key Secret, perSecond float64) error

// yield is wait for requests that others must not wait for. A listing that
// waits has its turn reserved; this takes none but one that is free now, and
// looks again when the next could be.
func (p *Pacer) yield(ctx context.Context, host string, key Secret, perSecond float64) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		l := p.limiter(host, key, limitOf(perSecond))
		if l.Allow() {
			return nil
		}
		// A minute at the most, as a pace may be too slow for a Duration; and
		// never nothing, as what rounding leaves over would be waited for in
		// vain on a clock that stands still meanwhile.
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
