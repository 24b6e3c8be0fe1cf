package sync

import (
	"fmt"
	"hash/maphash"
	"time"

	"importarchive/db"
	"importarchive/sync/rejects"
	"importarchive/sync/remote"
)

// listing decides what one reading of a cluster's list changes. It does no I/O: it
// takes pages, returns changes and updates Known. A batch that can't be stored
// leaves Known ahead of the archive; the run must then load Known again.
type listing struct {
	known     *db.Known
	goneAfter int

	start    time.Time // when the request for its first page went out
	received time.Time // when its newest page was received
	first    uint32    // the number of its first page in Known

	listed  int // distinct jobs
	rejects rejects.Set
	old     bool // the present page may be older than Known
	idle    int  // pages in a row that brought nothing new
	news    bool // the present page has a job that no page before it had
	order   order
	quick   quick

	// The signs of a list that moved while it was read.
	seed     maphash.Seed
	head     uint64 // digest of the first page
	full     int    // pages with records
	repeats  int    // pages that repeat the first one exactly
	twice    bool   // a job came twice
	total    int64  // the service's count of the whole listing; -1: none so far
	recounts bool   // that count changed

	forgotten int // jobs that the service counted and forgot while it made the list
}

func newListing(k *db.Known, goneAfter int) *listing {
	return &listing{known: k, goneAfter: goneAfter, seed: maphash.MakeSeed(), total: -1}
}

// page decides one page. It returns the changes, and the jobs that changed
// something: the run decides those again if the archive refuses the batch. The
// page's times are whole milliseconds, and not earlier than those of the page before.
// The request for an old page went out before Known was loaded, and another process
// may have stored later news meanwhile.
func (l *listing) page(p *remote.Page, old bool) ([]db.Change, remote.Page) {
	l.old = old
	if l.start.IsZero() {
		l.start = p.Asked
	}
	l.received = db.Later(l.received, p.Received)
	sighting := db.Sighting{Asked: p.Asked, Seen: p.Received}
	number := l.known.Saw(sighting)
	if l.first == 0 {
		l.first = number
	}
	repeat := p.Piece == 0 && l.recognise(p)
	l.countTotal(p)

	var changes []db.Change
	news := remote.Page{Number: p.Number, Asked: p.Asked, Received: p.Received, Count: -1}
	before, fresh := l.listed, false
	l.news = false
	for i := range p.Jobs {
		decided := len(changes)
		changes = l.job(changes, &p.Jobs[i], number, sighting, repeat)
		if len(changes) > decided {
			news.Jobs = append(news.Jobs, p.Jobs[i])
		}
	}
	if !repeat {
		for _, j := range p.Rejects {
			fresh = l.rejects.Add(db.Reject{At: p.Received, Reason: j.Reason, Raw: j.Raw}) || fresh
		}
		l.forgotten += p.Forgotten
	}
	switch {
	case l.listed > before || fresh:
		l.idle = 0
	case p.Piece == 0: // a piece that brings nothing new ends no listing: its answer goes on
		l.idle++
	}
	return changes, news
}

// ended reports whether further pages would bring nothing: two pages in a row had no
// job that was new to the listing. One such page may come from a shift by a whole
// page, with more jobs after it. A service that ignores page numbers repeats itself
// for ever.
func (l *listing) ended() bool { return l.idle >= 2 }

// surely reports, before page decides a page, whether the listing needs the page
// after it in any case: a listing ends after two pages without news. A quick one may
// end at any page.
func (l *listing) surely() bool { return l.idle == 0 && !l.quick.may }

// disturbed returns why the listing may not be whole, or "". The run may still be
// partial for other reasons.
func (l *listing) disturbed() string {
	switch {
	case l.twice || l.repeats > 0 && l.repeats != l.full-1:
		return "a job came twice, so the list moved while it was read"
	case l.rejects.TooMany():
		return "more records without an id than can be told apart"
	case l.recounts:
		return "the service's own count changed while the list was read"
	case l.quick.stopped: // it did not read all jobs that the service counts
	case l.total >= 0 && l.total != int64(l.records()):
		return fmt.Sprintf("the service counts %d jobs and listed %d", l.total, l.records())
	}
	return ""
}

// records returns how many records the service can have counted.
func (l *listing) records() int { return l.listed + l.rejects.Count() + l.forgotten }

// recognise reports whether a page repeats the first one exactly.
func (l *listing) recognise(p *remote.Page) bool {
	if len(p.Jobs)+len(p.Rejects) == 0 {
		return false
	}
	var h maphash.Hash
	h.SetSeed(l.seed)
	for i := range p.Jobs {
		_, _ = h.WriteString(p.Jobs[i].ID)
		_ = h.WriteByte(0)
	}
	for _, j := range p.Rejects {
		_, _ = h.WriteString(j.Raw)
		_ = h.WriteByte(1)
	}
	l.full++
	if l.full == 1 {
		l.head = h.Sum64()
		return false
	}
	if l.head != h.Sum64() {
		return false
	}
	l.repeats++
	return true
}

// countTotal records a count that must be of the whole listing, because it is greater
// than the number of records on its page. A smaller count may be that of the page:
// the service's documents say so in one place, and show a total in another.
func (l *listing) countTotal(p *remote.Page) {
	if p.Count <= int64(p.Records()) {
		return
	}
	if l.total >= 0 && l.total != p.Count {
		l.recounts = true
	}
	l.total = p.Count
}

// job appends the changes from the sighting of one job.
func (l *listing) job(changes []db.Change, j *remote.Job, page uint32, s db.Sighting, repeat bool) []db.Change {
	now := db.Job{
		ID: j.ID, Collection: j.Collection, State: stateOf(j.RawState), RawState: j.RawState,
		Progress: j.Progress, Reason: j.Reason, Extra: j.Extra,
	}
	e := l.known.Find(j.ID)
	switch {
	case e.Seq == 0:
		l.listed++
		l.news = true
		below := l.order.known
		e = l.known.Add(j.ID)
		l.order.see(e.Seq, true)
		l.known.Remember(e, &now)
		e.See(page)
		c := l.change(db.Appeared, e, now, s, l.absentAt(s))
		if !below || !c.NotBefore.IsZero() {
			c.ListingStart = l.start
		}
		changes = append(changes, c)
		return l.missedSince(changes, e, now, s, 1)
	case e.SeenSince(l.first):
		l.twice = l.twice || !repeat
	default:
		l.listed++
		l.news = l.news || e.Gone() || e.Misses() > 0
		l.order.see(e.Seq, false)
		l.quick.lists(e)
	}
	if l.oldNews(e, s) {
		return changes
	}
	return l.resighted(changes, e, now, page, s)
}

// overtaken reports whether a sighting is older than the newest complete
// listing, which must then be another process's.
func (l *listing) overtaken(s db.Sighting) bool {
	return l.old && s.Asked.Before(l.known.CompleteStart)
}

// oldNews reports whether the archive may have newer news of a job than this
// sighting: of its state, or of its absence.
func (l *listing) oldNews(e db.KnownJob, s db.Sighting) bool {
	return l.old && !s.Asked.After(l.known.LastSighting(e).Seen) || e.Gone() && l.overtaken(s)
}

// moves decides whether a sighting moves a job, and sets the job's state. A list that
// repeats its word has no news: if details have shown another state since, that state
// stays until the list has another word. If the list then has the word of the
// details, it only catches up.
func (l *listing) moves(e db.KnownJob, was, now *db.Job) bool {
	before := l.known.ListedRaw(e)
	if now.RawState == before && (before != was.RawState || now.State == was.State) {
		now.State, now.RawState = was.State, was.RawState
		return false
	}
	return now.State != was.State || now.RawState != was.RawState
}

// absentAt returns the latest time at which a job that now appears was certainly not
// listed: the start of the newest complete listing, unless that is later than the
// sighting.
func (l *listing) absentAt(s db.Sighting) time.Time {
	if l.overtaken(s) {
		return time.Time{}
	}
	return l.known.CompleteStart
}

// missedSince appends that a sighted job is missed again, if a complete listing
// later than the sighting lacks it. Otherwise the job would count as seen by that
// listing.
func (l *listing) missedSince(changes []db.Change, e db.KnownJob, now db.Job, s db.Sighting, misses uint8) []db.Change {
	if misses == 0 || !l.overtaken(s) {
		return changes
	}
	e.SetMisses(misses)
	c := l.change(db.Missed, e, now, s, s.Asked)
	c.Misses = int(misses)
	return append(changes, c)
}

// resighted appends the changes from another sighting of a known job.
func (l *listing) resighted(changes []db.Change, e db.KnownJob, now db.Job, page uint32, s db.Sighting) []db.Change {
	was, last, away, misses := l.known.Job(e), l.known.LastSighting(e), e.Gone(), e.Misses()
	if now.Collection == "" {
		now.Collection = was.Collection // a listing without the name is no rename
	}
	listed := now.RawState
	moved := l.moves(e, &was, &now)
	renamed := now.Collection != was.Collection && was.Collection != ""
	edited := misses > 0 || listed != l.known.ListedRaw(e) || now.Collection != was.Collection || !l.known.SameQuietly(e, &now)
	e.See(page)
	if !moved && !edited {
		return changes
	}
	l.known.Remember(e, &now)
	l.known.RememberListed(e, listed)
	e.Mark(false, e.Pruned() && !moved && !renamed && !away) // history brings a pruned job back

	if moved {
		c := l.change(db.Moved, e, now, s, last.Asked)
		c.FromState, c.FromRawState, c.Away = was.State, was.RawState, away
		changes = append(changes, c)
	}
	if renamed {
		c := l.change(db.Renamed, e, now, s, last.Asked)
		c.Away = away
		changes = append(changes, c)
	}
	if away {
		// The newest complete listing did not have it. There is none if the job was
		// confirmed gone by a run that was partial because of other jobs.
		changes = append(changes, l.change(db.Returned, e, now, s, db.Later(l.known.CompleteStart, last.Asked)))
	}
	if !moved && !renamed && !away {
		changes = append(changes, l.change(db.Edited, e, now, s, last.Asked))
	}
	return l.missedSince(changes, e, now, s, misses)
}

func (l *listing) change(k db.Kind, e db.KnownJob, j db.Job, s db.Sighting, notBefore time.Time) db.Change {
	observed := s.Seen
	if !observed.After(notBefore) {
		observed = notBefore.Add(time.Millisecond) // the clock stood still or was clamped, and an interval is never empty
	}
	return db.Change{Kind: k, Seq: e.Seq, Job: j, ListedRaw: l.known.ListedRaw(e), NotBefore: notBefore, ObservedAt: observed, Asked: s.Asked, Seen: s.Seen}
}
