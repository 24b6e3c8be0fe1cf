package simulator

import (
	"slices"
	"strconv"
	"time"

	"importarchive/sync/remote/simulator/fate"
)

// Kind is a kind of fault.
type Kind string

const (
	Slow        Kind = "slow"         // Delay passes, and the answer is of the moment halfway
	Hang        Kind = "hang"         // nothing, until the caller gives up
	Refused     Kind = "refused"      // no connection
	Redirect    Kind = "redirect"     // 307 to another host, which a key must not follow
	HTTPStatus  Kind = "http status"  // Status (503 by default) with RetryAfter and Body
	ErrorCode   Kind = "error code"   // HTTP 200, and Code in a JSON body
	Verbatim    Kind = "verbatim"     // HTTP 200, and Body as it is
	HTML        Kind = "html"         // Status (200 by default) and a page of a proxy
	Cut         Kind = "cut"          // half of the body, then the connection breaks
	Drip        Kind = "drip"         // the body comes in bits that take Delay together
	EmptyObject Kind = "empty object" // {}
	NoData      Kind = "no data"      // success without data
	NullData    Kind = "null data"    // success with data null
	NullList    Kind = "null list"    // success with the list null, as an empty one may be sent, and the usual count
	SmallPages  Kind = "small pages"  // no page is longer than Size, and nothing says so
	SamePage    Kind = "same page"    // the service treats each page number as 1
	Shifted     Kind = "shifted"      // By jobs came in front (they repeat), or went if negative (others are skipped): use with FromPage
	Miscount    Kind = "miscount"     // count is By too high
	RateLimit   Kind = "rate limit"   // more than Rate requests within a second with one key are refused, with RetryAfter

	// Lies: successful lists that are not what the cluster has. Each hits whole
	// listings, or none of their pages: the decision for page 1 holds for all pages
	// until the next request for page 1. So they have no FromPage, and After, Every,
	// Share and Times count listings.
	Away     Kind = "away"     // the coordinator is away: lists are empty, and a query for one job gets the dialect's error
	Denied   Kind = "denied"   // the right to import to Collection, or to any: lists leave its jobs out, describe refuses them; without Collection lists are refused too
	Stale    Kind = "stale"    // the list is that of Delay ago
	Omits    Kind = "omits"    // the list lacks Part of the jobs, the same ones each time
	Nameless Kind = "nameless" // lists have Part of the jobs without their ids, the same ones each time
	Ghosts   Kind = "ghosts"   // lists have jobs that left within the last Delay, as failed because they do not exist; Milvus only
)

// Fault is something that goes wrong with some requests. Several can hit the same
// one. Each cluster and call has its own count of requests, so that the hits of a
// fault do not depend on the turns of clusters, or on queries for single jobs.
type Fault struct {
	Kind Kind

	// Which requests: all of these must hold.
	Cluster     string    // "" for all
	Call        Call      // "" for all that the kind makes sense for
	From, Until time.Time // asked in [From, Until); zero: no bound
	FromPage    int       // for this page or a later one; a query for one job has page 1
	After       int       // not the first so many
	Every       int       // of the remaining ones, every nth
	Share       float64   // a random part, the same in each world of one seed; 0: all
	Times       int       // at most so many hits; 0: no end

	// How. Each kind names those that it uses.
	Delay       time.Duration
	Collection  string
	Part        float64 // from 0 to 1
	Status      int
	RetryAfter  time.Duration // the Retry-After header; 0: none
	RetryAsDate bool          // as a date, not in seconds
	Code        int
	Body        string
	Size, By    int
	Rate        int
}

// fault is a Fault and its state.
type fault struct {
	Fault
	number int
	seen   map[source]int
	hits   map[source]int
	lying  map[*cluster]bool      // whether the listing under way is hit by a lie
	passed map[string][]time.Time // by key: when RateLimit last let requests through
}

// source is the key of the counts of requests.
type source struct {
	cluster *cluster
	call    Call
}

// ofLists are the kinds that make no sense for one job.
var ofLists = []Kind{NullList, SmallPages, SamePage, Shifted, Miscount, Stale, Omits, Nameless, Ghosts}

var kinds = append([]Kind{
	Slow, Hang, Refused, Redirect, HTTPStatus, ErrorCode, Verbatim, HTML, Cut, Drip,
	EmptyObject, NoData, NullData, NullList, SmallPages, SamePage, Shifted, Miscount, RateLimit,
}, lies...)

// Script adds faults to those there are. It panics on a kind it doesn't know.
func (w *World) Script(faults ...Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, of := range faults {
		if !slices.Contains(kinds, of.Kind) {
			panic("simulator: no kind of fault " + strconv.Quote(string(of.Kind)))
		}
		w.faults = append(w.faults, &fault{
			Fault:  of,
			number: len(w.faults),
			seen:   make(map[source]int),
			hits:   make(map[source]int),
			lying:  make(map[*cluster]bool),
			passed: make(map[string][]time.Time),
		})
	}
}

// Heal ends all faults, except for requests under way.
func (w *World) Heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = nil
}

// hit is the effect of all faults on one request.
type hit struct {
	lie
	refused, hang  bool
	delay          time.Duration
	instead        *answer // of the first fault that answers itself
	shape          Kind    // of the envelope, when it is not the usual
	pageCap, shift int
	miscount       int
	samePage, cut  bool
	drip           time.Duration
}

func (w *World) hit(c *cluster, q *question) *hit {
	h := &hit{}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	for _, f := range w.faults {
		if f.picks(c, q, now) {
			f.strike(h, c, q, now)
		}
	}
	return h
}

// picks reports whether a request is one of the fault's, and counts it.
func (f *fault) picks(c *cluster, q *question, now time.Time) (ok bool) {
	if q.call == List && slices.Contains(lies, f.Kind) {
		if q.pageNumber() > 1 {
			return f.lying[c]
		}
		defer func() { f.lying[c] = ok }()
	}
	switch {
	case f.Cluster != "" && f.Cluster != c.ID,
		f.Call != "" && f.Call != q.call,
		q.call != List && slices.Contains(ofLists, f.Kind),
		!f.From.IsZero() && now.Before(f.From),
		!f.Until.IsZero() && !now.Before(f.Until),
		f.FromPage > q.pageNumber():
		return false
	}
	from := source{c, q.call}
	f.seen[from]++
	nth := f.seen[from] - f.After
	switch {
	case nth <= 0,
		f.Every > 1 && nth%f.Every != 0,
		f.Times > 0 && f.hits[from] == f.Times:
		return false
	}
	if f.Share > 0 {
		purpose := fate.Shares
		if q.call == Describe {
			purpose = fate.SharesOfDescriptions
		}
		if d := fate.Roll(c.seed+uint64(f.number)<<8, purpose, nth); d.Unit() >= f.Share {
			return false
		}
	}
	f.hits[from]++
	return true
}

// strike applies the fault to one request.
func (f *fault) strike(h *hit, c *cluster, q *question, now time.Time) {
	switch f.Kind {
	case Slow:
		h.delay += f.Delay
	case Hang:
		h.hang = true
	case Refused:
		h.refused = true
	case Cut:
		h.cut = true
	case Drip:
		h.drip += f.Delay
	case EmptyObject, NoData, NullData, NullList:
		h.shape = f.Kind
	case SmallPages:
		h.pageCap = f.Size
	case SamePage:
		h.samePage = true
	case Shifted:
		h.shift += f.By
	case Miscount:
		h.miscount += f.By
	case Stale:
		h.lag += f.Delay.Milliseconds()
	case Nameless:
		h.nameless = f.part(c)
	case Ghosts:
		h.ghosts += f.Delay.Milliseconds()
	case Omits, Away, Denied, Redirect, HTTPStatus, ErrorCode, Verbatim, HTML, RateLimit:
		if lacks := f.withheld(c, q.call); lacks != nil {
			h.lacks = append(h.lacks, lacks)
		} else if h.instead == nil {
			h.instead = f.answer(c, q, now)
		}
	}
}
