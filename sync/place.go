package sync

import (
	"context"
	"sync"
	"time"
)

// patience is how long a run keeps its place while it waits for a page. Well
// services answer within a second or two.
const patience = 10 * time.Second

// place is one of the engine's Parallel places, which a run holds while it
// has something to do. A service that hangs must not keep other clusters from
// their schedule: with a place for each of its tries, twenty such clusters
// would take two ticks of three from five hundred others. So a run that has
// waited long for a page gives its place back, and takes one again with the
// next page. The number of those that only wait is not limited; the pace of
// requests is.
type place struct {
	all *places

	mu    sync.Mutex
	held  bool
	waits *time.Timer // while a page is waited for
}

// take waits for a place; it has none only where the context ended first.
func (p *place) take(ctx context.Context) {
	if p.all.take(ctx) == nil {
		p.mu.Lock()
		p.held = true
		p.mu.Unlock()
	}
}

// wait says that from now on nothing is done but waiting for a page.
func (p *place) wait() {
	p.mu.Lock()
	defer p.mu.Unlock()
	var mine *time.Timer
	mine = time.AfterFunc(patience, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.waits == mine {
			p.free()
		}
	})
	p.waits = mine
}

// work says that a page has come.
func (p *place) work(ctx context.Context) {
	if !p.stopWaiting() {
		p.take(ctx)
	}
}

// leave gives the place back for good.
func (p *place) leave() {
	p.stopWaiting()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free()
}

func (p *place) stopWaiting() (held bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waits != nil {
		p.waits.Stop()
		p.waits = nil
	}
	return p.held
}

// free is called with the lock.
func (p *place) free() {
	if p.held {
		p.held = false
		p.all.leave()
	}
}
