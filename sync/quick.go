package sync

import (
	"time"

	"importarchive/db"
)

// A quick listing ends where nothing below can have changed. If a service has proven
// to list newest first (order.go), new jobs are on top, so a page with only known
// jobs has no new ones below it. Once the listing has had every open job, only
// finished ones are left, which never change. A quick listing allows no conclusion
// about the jobs that it did not reach. A job that only a complete listing shows has
// the bounds of that one.

// worthwhile is how many pages a list must have for quick listings. To read a shorter
// one whole costs next to nothing, and shows which jobs are gone.
const worthwhile = 10

// mayBeQuick reports whether the next reading of the list may end early, and by when
// it must begin for that. There must be no partial run, no other process and no gap
// since the newest conclusive run, because each may have left a page unread. A run by
// hand reads the whole list, and so does every run while the clock is behind the
// archive: then it can't say when a complete listing is due.
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
	return by, now.Sub(before.Since) >= every && now.Sub(k.CompleteStart) < every && !now.Before(k.CompleteStart)
}

// quick is the part of a listing that decides whether it may end early.
type quick struct {
	may     bool
	by      time.Time       // when it must begin; later there is a gap before it
	open    map[uint32]bool // jobs that are open in Known, and not listed yet
	stopped bool            // the run read no further, because nothing below can have changed
}

// endEarly allows the listing to end early, if it begins by this time and finds the
// proven order.
func (l *listing) endEarly(by time.Time) {
	l.quick = quick{may: true, by: by, open: map[uint32]bool{}}
	for e := range l.known.All() {
		if !e.Gone() && !l.known.Job(e).State.Terminal() {
			l.quick.open[e.Seq] = true
		}
	}
}

func (q *quick) lists(e db.KnownJob) { delete(q.open, e.Seq) }

// enough reports whether a quick listing has seen all that may have changed: every
// open job, and below the newest ones a page with only known jobs. If the list is not
// in the proven order, no part of it is enough.
func (l *listing) enough() bool {
	l.quick.stopped = l.quick.may && len(l.quick.open) == 0 && !l.news && l.idle == 0 && !l.order.broken && l.rejects.Count() == 0 && !l.start.After(l.quick.by)
	return l.quick.stopped
}
