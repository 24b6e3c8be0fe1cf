package cli

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"importarchive/config"
)

// companion is something that the service does beside the syncs.
type companion struct {
	name string // one of a kind

	// reads are the tables or keys of the settings, such as "export" or
	// "sync.timezone", that it keeps to itself: a reload that changes one of
	// them replaces it by another one. What it asks [service.present] for at
	// each use needs not be here. With none, every reload replaces it.
	reads []string

	// open takes what the service can't be ready without, such as a listener,
	// while the one before it may still be running: an error keeps the
	// service from starting, and a reload from changing anything. What it
	// returns runs until the context ends, which is when the service stops, or
	// until replaced is closed; it frees what was taken, also when that is
	// closed from the beginning.
	open func(ctx context.Context) (run func(ctx context.Context, replaced <-chan struct{}), err error)
}

// untilReplaced gives a context that also ends when a companion is replaced.
func untilReplaced(ctx context.Context, replaced <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-replaced:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// companions are all of them that these settings want.
func (s *service) companions(cfg *config.Config) []companion {
	all := []companion{s.pages(cfg), s.teller(cfg)}
	for _, t := range s.tasks(cfg, s.st, s.log) {
		t.counts = s.counts
		s.counts.Scheduled(t.name)
		all = append(all, companion{name: t.name, reads: t.reads, open: func(context.Context) (func(context.Context, <-chan struct{}), error) {
			return t.run, nil
		}})
	}
	return all
}

// company is the companions that run.
type company struct {
	ctx     context.Context
	running map[string]*member
	newest  map[string]*member // also of those that are no longer wanted, and may not have ended yet
	all     sync.WaitGroup
}

type member struct {
	run      func(ctx context.Context, replaced <-chan struct{})
	replaced chan struct{}
	done     chan struct{}
}

func newCompany(ctx context.Context) *company {
	return &company{ctx: ctx, newest: map[string]*member{}}
}

// prepare opens the companions that are not running as they are wanted.
// Nothing changes before change is called.
func (c *company) prepare(wanted []companion, stays func(*companion) bool) (change func(), err error) {
	next, opened := map[string]*member{}, map[string]*member{}
	for i := range wanted {
		w := &wanted[i]
		if m := c.running[w.name]; m != nil && stays(w) {
			next[w.name] = m
			continue
		}
		run, err := w.open(c.ctx)
		if err != nil {
			for _, m := range opened {
				close(m.replaced)
				m.run(c.ctx, m.replaced)
			}
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		opened[w.name] = &member{run: run, replaced: make(chan struct{}), done: make(chan struct{})}
	}
	maps.Copy(next, opened)
	return func() {
		for name, m := range c.running {
			if next[name] != m {
				close(m.replaced)
			}
		}
		for name, m := range opened {
			c.start(m, c.newest[name])
			c.newest[name] = m
		}
		c.running = next
	}, nil
}

// start lets a companion run once the one before it has ended.
func (c *company) start(m, before *member) {
	c.all.Go(func() {
		defer close(m.done)
		if before != nil {
			<-before.done
		}
		m.run(c.ctx, m.replaced)
	})
}

// wait returns when all have ended, which they do after the context.
func (c *company) wait() { c.all.Wait() }
