package remote

import (
	"context"
	"crypto/sha256"
	"sync"

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
	limit := rate.Inf
	if perSecond > 0 {
		limit = rate.Limit(perSecond)
	}
	return p.limiter(host, key, limit).Wait(ctx)
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
