package remote

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Reader is who reads a listing, and says what may be asked for ahead. It is
// called from the goroutine that reads.
type Reader interface {
	// Surely says, when a page has come and before it is taken, whether the page
	// after it will be wanted whatever it has.
	Surely() bool

	// Ahead says, when a page was taken, as far as which page others may be
	// asked for before those in front of them have come. Anew says that what
	// was asked for before the newest page came is of no use, and has to be
	// asked for again.
	Ahead() (through int, anew bool)

	// Unread is told of each page that was asked for and has no place in the
	// listing: how many requests it took, and what came. A page without jobs
	// is one that did not come.
	Unread(p Page)
}

// eager is a reader who wants everything, a page ahead.
type eager struct{}

func (eager) Surely() bool       { return true }
func (eager) Ahead() (int, bool) { return 0, false }
func (eager) Unread(Page)        {}

// flights are the pages of a listing that were asked for and not given yet, in
// their order.
type flights struct {
	client *Client
	reader Reader
	ctx    context.Context
	all    []*flight
	taken  int  // the newest page that was given
	broken bool // the reader does not take any more
}

// flight is one page on its way.
type flight struct {
	number int
	behind int // the newest page that had come when it was asked for
	cancel context.CancelFunc
	ended  chan struct{}

	mu    sync.Mutex
	asked time.Time // when the first of its requests went out, zero before; once it has landed, the one that was answered
	step  *step     // nil until it has landed
}

// step is one page of a listing, or why there is none. Nothing follows an
// error or the last page.
type step struct {
	page Page
	err  *Error
	last bool
}

// ask asks for pages up to this one, but for no more at a time than allowed,
// and for none behind the end.
func (f *flights) ask(through int) {
	for n := f.taken + len(f.all) + 1; n <= through && len(f.all) < f.client.target.Prefetch; n++ {
		for _, other := range f.all {
			if s := other.landed(); s != nil && (s.err != nil || s.last) {
				return
			}
		}
		f.start(n)
	}
}

func (f *flights) start(n int) {
	ctx, cancel := context.WithCancel(f.ctx)
	x := &flight{number: n, behind: f.taken, cancel: cancel, ended: make(chan struct{})}
	f.all = append(f.all, x)
	go func() {
		defer close(x.ended)
		s := f.client.step(ctx, n, func() { x.asks(f.client.now) })
		x.mu.Lock()
		defer x.mu.Unlock()
		if x.step = &s; s.err == nil {
			x.asked = s.page.Asked
		}
	}()
}

// asks takes the time under the lock: who then finds no time here knows that
// it will be a later one than now.
func (x *flight) asks(now func() time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.asked.IsZero() {
		x.asked = now()
	}
}

func (x *flight) landed() *step {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.step
}

// came waits for a flight.
func (x *flight) came() step {
	<-x.ended
	if s := x.landed(); s != nil {
		return *s
	}
	// Only a Goexit under the fetch leaves nothing.
	return step{err: &Error{Kind: Protocol, Page: x.number, Err: errors.New("the listing broke off inside this program")}}
}

// take gives the next page. It may have been asked for again, later than those
// behind it; as times must not run back from page to page, it is given as asked
// for when the first of them was. That is a weaker claim, and a true one.
func (f *flights) take() step {
	if len(f.all) == 0 {
		f.start(f.taken + 1)
	}
	x := f.all[0]
	s := x.came()
	f.all = f.all[1:]
	x.cancel()
	f.taken = x.number
	s.page.Ahead = x.number - 1 - x.behind
	s.page.Asked = earliest(s.page.Asked, f.all)
	return s
}

// earliest is when the first of these was asked for, by what the clock shows.
func earliest(asked time.Time, flights []*flight) time.Time {
	for _, x := range flights {
		x.mu.Lock()
		if at := x.asked; !at.IsZero() && at.Round(0).Before(asked.Round(0)) {
			asked = at
		}
		x.mu.Unlock()
	}
	return asked
}

// anew gives up what was asked for before the newest page came.
func (f *flights) anew() {
	keep := 0
	if len(f.all) > 0 && f.all[0].behind == f.taken {
		keep = 1
	}
	f.giveUp(keep)
}

// giveUp stops all flights but the first few, and waits for them. Pages that
// have come were seen, so they are not thrown away.
func (f *flights) giveUp(but int) {
	given := f.all[but:]
	f.all = f.all[:but]
	for _, x := range given {
		x.cancel()
	}
	for i, x := range given {
		s := x.came()
		switch {
		case s.err != nil:
			s.page = Page{Tries: s.err.Tries}
		case f.broken:
			s.page = Page{Tries: s.page.Tries}
		}
		s.page.Number, s.page.Ahead = x.number, x.number-1-x.behind
		s.page.Asked = earliest(earliest(s.page.Asked, f.all), given[i+1:])
		f.reader.Unread(s.page)
	}
}
