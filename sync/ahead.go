package sync

import (
	"importarchive/db"
	"importarchive/sync/remote"
)

// ahead says how much of a listing may be asked for before what is in front of
// it has come, and notices where that can't be trusted.
//
// Pages that are read one after the other give away that a job was put in on
// top: what was pushed onto the next page comes twice. Side by side, the next
// page may be answered first, and then what was pushed onto it is on neither,
// and nothing comes twice. So pages are asked for side by side only if
//
//   - the service's own total is known from the first page, and each page
//     repeats it: an addition alone changes it in between. Without that, a
//     listing that was read so is disturbed.
//   - the newest page had no news: every job on it was in the list before this
//     listing began. The total alone is not enough, as another job may leave
//     in the same moment, and does where a service keeps a fixed number. But
//     what pushes jobs from a page to the next must stand on it or in front of
//     it. On it, it is news. In front of it, it has pushed jobs of earlier
//     pages onto it, which come twice, unless it has pushed everything away
//     that was there, and then all that is on it is news.
//
// Where a page turns out to have news while others behind it were on their
// way, these are asked for again, and from there on the listing is read in
// order. In a list with the newest first that happens to no page but the
// first ones, which nothing was asked for behind yet. The last page by the
// total is asked for when the one before it has come, because in a list with
// the oldest first these two have the news. The page after it, whose being
// empty ends the listing, is asked for in order too, so no request is made
// that reading in order would not have made. A first listing is news all through.
//
// What is left is what reading in order can't notice either: that as many jobs
// leave in front of a page as come behind it, between two answers.
type ahead struct {
	records, largest int64 // of all pages; of the largest
	through          int   // the last page that may be asked for ahead, 0 for none
	news             int   // the newest page with news
	careful          bool  // it is read in order from here on
	anew             bool  // what was asked for ahead of the newest page is not to be used

	sideBySide bool // a page was asked for before the one before it had come
	early      bool // even one that news stood in front of
	uncounted  bool // a page gave no total
}

// Surely implements [remote.Reader]. Two idle pages in a row end a listing, so
// the page after one that had something new is wanted whatever this one has.
func (r *run) Surely() bool { return r.listing.idle == 0 && !r.listing.quick.may }

// Ahead implements [remote.Reader].
func (r *run) Ahead() (through int, anew bool) { return r.listing.ahead.through, r.listing.ahead.anew }

// Unread implements [remote.Reader]. What such a page shows was seen, though
// not in its place: its jobs are archived, and the listing is none the wiser.
func (r *run) Unread(p remote.Page) {
	r.row.Requests += p.Tries
	r.row.Retries += max(0, p.Tries-1)
	if len(p.Jobs)+len(p.Rejects) > 0 && r.memory.known == r.listing.known { // else that was thrown away
		r.decide(r.listing, &p, true)
	}
}

// readAhead takes note of how a page was asked for, and how it was counted.
func (l *listing) readAhead(p *remote.Page, records int) {
	a := &l.ahead
	a.records += int64(records)
	a.largest = max(a.largest, int64(records))
	a.uncounted = a.uncounted || records > 0 && p.Count <= int64(records)
	if p.Ahead > 0 {
		a.sideBySide = true
		a.early = a.early || a.news > p.Number-1-p.Ahead
	}
}

// planAhead decides, when a page has been decided, how to go on from it.
func (l *listing) planAhead(page int, news bool) {
	a := &l.ahead
	a.anew = news && a.through > page
	a.careful = a.careful || a.anew
	a.through = 0
	if news {
		a.news = page
	}
	if news || a.careful || l.quick.may || l.total < 0 || l.recounts || a.uncounted || l.idle > 0 || a.largest == 0 {
		return
	}
	left := (l.total - a.records + a.largest - 1) / a.largest // pages
	a.through = page + int(min(max(left, 1), maxAhead)) - 1
}

// maxAhead is more pages than anybody asks for ahead.
const maxAhead = 1 << 10

// loose decides a page that has no place in the listing. Its jobs were seen,
// so none of them is missed; what the listing says as a whole is left as it is.
func (l *listing) loose(p *remote.Page, old bool) (db.Batch, remote.Page) {
	l.old = old
	l.received = later(l.received, p.Received)
	l.order.astray = true
	defer func() { l.order.astray = false }()
	sighting := db.Sighting{Asked: p.Asked, Seen: p.Received}
	number := l.known.Saw(sighting)
	var batch db.Batch
	news := remote.Page{Number: p.Number, Asked: p.Asked, Received: p.Received, Count: -1}
	for i := range p.Jobs {
		j := &p.Jobs[i]
		e := l.known.Find(j.ID)
		aside := l.aside[j.ID] || e.Seq == 0 || !e.SeenSince(l.first)
		listed, decided := l.listed, len(batch.Changes)
		batch.Changes = l.job(batch.Changes, j, number, sighting, true)
		if l.listed = listed; len(batch.Changes) > decided {
			news.Jobs = append(news.Jobs, *j)
		}
		if aside {
			if l.aside == nil {
				l.aside = map[string]bool{}
			}
			l.aside[j.ID] = true
		}
	}
	for _, j := range p.Rejects {
		if l.raws[j.Raw] == 0 { // in its place it will be the first
			batch.Rejects = append(batch.Rejects, db.Reject{At: p.Received, Reason: j.Reason, Raw: j.Raw, Nth: 1})
			news.Rejects = append(news.Rejects, j)
		}
	}
	return batch, news
}
