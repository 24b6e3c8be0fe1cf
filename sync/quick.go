package sync

import (
	"time"

	"importarchive/db"
)

// A quick listing ends where nothing below can have changed. Where a service
// has proven to list newest first (order.go), new jobs stand on top, so a page on
// which every job was known has no new ones below it; and once every open job was
// listed, only finished ones are left, which never change. A quick listing says
// nothing of the jobs that it did not get to. A job that only a complete listing
// shows has the bounds of that one.

// worthwhile is how many pages a list must have for quick listings. Reading a
// shorter one whole costs next to nothing, and shows what is gone.
const worthwhile = 10

// mayBeQuick reports whether the next reading of the list may end early, and
// when it must have begun for that. Since the newest conclusive run nothing may
// have left a page unread: no partial run, no other process, no gap. A run by hand
// reads the whole list.
func (r *run) mayBeQuick() (by time.Time, ok bool) {
	before, k := &r.row.Before, r.memory.known
	switch {
	case r.cluster.CompleteEvery <= 0 || r.row.Trigger != db.BySchedule:
		return by, false
	case !r.previousConclusive || r.conflict || k == nil || k.Generation != r.row.Generation:
		return by, false
	case before.NewestFirst < provenListings || r.row.Order == db.OtherOrder || r.memory.pages < worthwhile:
		return by, false
	}
	now, every := r.engine.Now(), r.cluster.CompleteEvery
	by = before.At.Add(2 * before.Expected)
	return by, now.Sub(before.Since) >= every && now.Sub(k.CompleteStart) < every
}

// quick is what a listing keeps of whether it may end early.
type quick struct {
	may     bool
	by      time.Time       // when it must have begun, or there was a gap before it
	open    map[uint32]bool // jobs that are open as far as is known, and not listed yet
	stopped bool            // it was read no further, as nothing below can have changed
}

// endEarly lets the listing end where nothing below can have changed, if its list
// is what it was proven to be, and it begins by then.
func (l *listing) endEarly(by time.Time) {
	l.quick = quick{may: true, by: by, open: map[uint32]bool{}}
	for e := range l.known.All() {
		if !e.Gone() && !l.known.Job(e).State.Terminal() {
			l.quick.open[e.Seq] = true
		}
	}
}

func (q *quick) lists(e db.KnownJob) { delete(q.open, e.Seq) }

// enough reports whether a quick listing has seen all that may have changed:
// every open job, and below the newest ones a page on which all was known. Where
// the list stands otherwise than was proven, none is enough.
func (l *listing) enough() bool {
	l.quick.stopped = l.quick.may && len(l.quick.open) == 0 && !l.news && l.idle == 0 && !l.order.broken && l.rejected == 0 && !l.start.After(l.quick.by)
	return l.quick.stopped
}
