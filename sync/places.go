package sync

import (
	"context"
	"slices"
	"sync"
)

// places bounds how many runs go on at the same time. A channel can't do it,
// because the bound changes while runs hold places: they keep them, and count.
type places struct {
	mu      sync.Mutex
	limit   int
	taken   int
	waiting []chan struct{} // in the order of their coming; closed: it is your turn
}

func (p *places) resize(limit int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit = limit
	p.admit()
}

func (p *places) admit() {
	for p.taken < p.limit && len(p.waiting) > 0 {
		close(p.waiting[0])
		p.waiting = p.waiting[1:]
		p.taken++
	}
}

// take waits for a place. After an error there is none to leave.
func (p *places) take(ctx context.Context) error {
	turn := make(chan struct{})
	p.mu.Lock()
	p.waiting = append(p.waiting, turn)
	p.admit()
	p.mu.Unlock()
	select {
	case <-turn:
	case <-ctx.Done():
	}
	if ctx.Err() == nil {
		return nil
	}
	p.mu.Lock()
	i := slices.Index(p.waiting, turn)
	if i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
	p.mu.Unlock()
	if i < 0 { // both came at once
		p.leave()
	}
	return context.Cause(ctx)
}

func (p *places) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	p.admit()
}
