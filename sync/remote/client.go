package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"importarchive/network"
	"importarchive/sync/remote/answer"
)

const (
	// maxPages makes an endless listing an error. At 100 jobs per page it allows
	// five million jobs, and more than an hour at 10 requests a second.
	maxPages = 50_000

	// maxBody is how much of a page the client reads, decompressed. A page of 100 jobs
	// has some 15 kB.
	maxBody = 16 << 20

	// Milvus sends all its jobs at once, 1024 of them open at the most. It forgets the
	// others after some hours.
	maxWholeBody    = 64 << 20
	maxWholeRecords = 1_000_000

	// manyTimes is how many times the records that were asked for a page may have. A
	// service that ignores the size may send some more, never so many.
	manyTimes = 10
)

// bounds returns the bounds of an answer to the request for a page.
func (c *Client) bounds() answer.Bounds {
	b := answer.Bounds{
		Bytes: maxBody, Records: manyTimes * c.target.PageSize,
		Why: fmt.Sprintf(", %d times the %d that were asked for", manyTimes, c.target.PageSize),
	}
	if c.target.Dialect.OneAnswer {
		b = answer.Bounds{Bytes: maxWholeBody, Records: maxWholeRecords}
	}
	if c.maxBody > 0 {
		b.Bytes = c.maxBody
	}
	return b
}

// Client reads the listing of one cluster, and the details of its jobs. It stores
// no key, only the function that returns it, and is safe for concurrent use.
type Client struct {
	target  Target
	base    *url.URL
	baseErr error // why there is no base; every call returns it
	http    *http.Client
	pacer   *Pacer
	now     func() time.Time

	spelling *atomic.Int32 // the name of the call for one job to try first
	observer Observer
	maxPages int
	maxBody  int64 // of tests; 0: as bounds says
}

// NewClient returns a client that sends its requests through transport, at the pace
// of pacer, and takes its times from now. A nil transport stands for one that follows
// the target's Network, a nil pacer for a new one.
func NewClient(t Target, transport http.RoundTripper, pacer *Pacer, now func() time.Time) *Client {
	t.PageSize = cmp.Or(t.PageSize, t.Dialect.MaxPageSize)
	if transport == nil {
		transport = network.New(t.Network, now)
	}
	if pacer == nil {
		pacer = NewPacer()
	}
	c := &Client{
		target: t, pacer: pacer, now: now, spelling: new(atomic.Int32), observer: silent{},
		maxPages: maxPages,
	}
	c.base, c.baseErr = parseBase(t.BaseURL)
	c.http = &http.Client{Transport: transport, CheckRedirect: checkRedirect}
	return c
}

// parseBase accepts scheme and host, perhaps with a path before the service's own.
// Its error does not quote the URL, which may have a secret in it.
func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("base_url is not a URL")
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return nil, errors.New("base_url is not of the form https://host")
	case u.User != nil:
		return nil, errors.New("base_url has a user name in it: the key has a setting of its own")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("base_url has more than scheme, host and path")
	}
	return u, nil
}

// Pages reads the listing from its first page on. It ends
//
//   - after an empty page, which is yielded too, because its Count and Tries
//     matter;
//   - after the first page of a dialect that answers all at once. A long answer comes
//     in several pieces, each a Page of its own with the same number;
//   - when the service says that a page is out of range, after at least one page
//     with records. It then yields a page without jobs and Count -1;
//   - with an error, always an [*Error], yielded once.
//
// A short page does not end it, because services cap the size of their pages.
// Neither does Count, because no document says what it counts. A service that
// ignores paging sends the same page again and again: the caller must stop a
// listing that brings nothing new. Pages itself ends with an error after 50,000
// pages.
//
// While the caller works on a page the client fetches the next one, within the
// pace. It calls surely before it yields a page, from the goroutine that ranges;
// surely reports whether the caller will need the page after it whatever this one
// has, and nil stands for yes. An error comes after the page before it.
//
// When ctx is cancelled, no further request goes out, but the answer to one that is
// under way may still come for some seconds (see linger). Such a page is yielded
// like any other, and then the error of the cancelled context.
//
// A caller that leaves the loop ends a fetch that is under way, within the same
// seconds, and loses its page. To see or count that page it cancels ctx and reads
// on.
func (c *Client) Pages(ctx context.Context, surely func() bool) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		var ahead <-chan step // gives the next page; nil while there is no request
		defer func() {
			stop()
			if ahead != nil {
				<-ahead
			}
		}()
		for n := 1; ; n++ {
			if ahead == nil {
				ahead = c.start(ctx, n)
			}
			s := <-ahead
			ahead = nil
			if s.err != nil {
				yield(Page{}, s.err)
				return
			}
			if !s.last && (surely == nil || surely()) {
				ahead = c.start(ctx, n+1)
			}
			if !s.yield(yield) || s.last {
				return
			}
		}
	}
}

// step is one page of a listing, or the error instead. Nothing follows an error or
// the last page.
type step struct {
	page Page
	rest iter.Seq[answer.Listing] // the further pieces of the page's answer
	err  *Error
	last bool
}

// yield yields the page in all its pieces.
func (s *step) yield(yield func(Page, error) bool) bool {
	if !yield(s.page, nil) {
		return false
	}
	if s.rest == nil {
		return true
	}
	piece := Page{Number: s.page.Number, Asked: s.page.Asked, Received: s.page.Received}
	for l := range s.rest {
		piece.Piece++
		piece.set(&l)
		if !yield(piece, nil) {
			return false
		}
	}
	return true
}

// start fetches a page in a goroutine of its own. The channel delivers one step.
func (c *Client) start(ctx context.Context, n int) <-chan step {
	came := make(chan step, 1)
	go func() {
		// Only a Goexit under the fetch leaves this as it is.
		s := step{err: &Error{Kind: Protocol, Page: n, Err: errors.New("the listing broke off inside this program")}}
		defer func() { came <- s }()
		s = c.step(ctx, n)
	}()
	return came
}

// step fetches a page.
func (c *Client) step(ctx context.Context, n int) step {
	if n > c.maxPages {
		return step{err: &Error{Kind: Protocol, Page: n, Err: fmt.Errorf("the listing has more than %d pages", c.maxPages)}}
	}
	r, err := c.page(ctx, n)
	if err != nil && n > 1 && c.pastEnd(err) {
		r.page, err = Page{Number: n, Count: -1, Asked: r.page.Asked, Received: r.page.Received, Clock: r.page.Clock, Tries: err.Tries}, nil
	}
	if err != nil {
		return step{err: err}
	}
	return step{page: r.page, rest: r.rest, last: c.target.Dialect.OneAnswer || r.page.Records() == 0}
}

// Probe fetches only the first page, and counts what does not fit into a piece of it. With
// an error, the page has only times and the clock.
func (c *Client) Probe(ctx context.Context) (Page, error) {
	r, err := c.page(ctx, 1)
	if err != nil { // not returned as it is: a nil *Error is no nil error
		return r.page, err
	}
	if r.rest != nil {
		for l := range r.rest {
			r.page.Further += l.Records()
		}
	}
	return r.page, nil
}
