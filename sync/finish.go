package sync

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"strings"
	"time"

	"importarchive/db"
	"importarchive/sync/remote"
)

// finish closes a run whose listing was whole and undisturbed. A quick listing
// allows no conclusion about the jobs that it did not reach. For any other listing,
// finish queries the jobs that it lacks. The run is complete, unless absences stay
// undecided.
func (r *run) finish(ctx context.Context, l *listing) (service, archive error) {
	r.row.ListingStart = l.start
	if l.quick.stopped {
		r.row.Outcome, r.row.FinishedAt = db.Quick, r.finishTime()
		return nil, r.conclude(l, nil)
	}
	a, service, archive := r.confirm(ctx, l)
	if service != nil || archive != nil {
		return service, archive
	}
	if a.unsupported && a.hidden {
		r.unsure = errHidden
	}
	r.countAbsences(a)
	r.row.Outcome = db.Complete
	if r.row.Absences.Undecided > 0 {
		r.row.Outcome = db.Partial
		r.fail(undecidedError(r.row.Absences.Undecided, r.unsure))
	} else if r.row.Order == db.NoOrder {
		r.row.Order = l.order.shows()
	}
	r.row.FinishedAt = r.finishTime()
	return nil, r.finishWhole(l, a)
}

// finishWhole stores what a whole listing says, in one transaction.
func (r *run) finishWhole(l *listing, a *absences) error {
	gone, found := r.row.Gone, r.row.Absences
	err := r.conclude(l, func(yield func(db.Change) bool) {
		for c := range l.conclude(a) {
			if c.Kind == db.Gone {
				r.row.Gone++
			}
			if c.Kind == db.Gone && a.unsupported {
				r.row.Absences.Unconfirmed++
			}
			if !yield(c) {
				return
			}
		}
	})
	if err != nil {
		r.row.Gone, r.row.Absences = gone, found
		return err
	}
	if r.row.Outcome == db.Complete {
		l.known.CompleteStart = l.start
		r.memory.pages = l.full
	}
	return nil
}

// conclude closes the run with what its listing concludes. If the archive
// refuses that, the run stays open.
func (r *run) conclude(l *listing, absences iter.Seq[db.Change]) error {
	err := r.engine.Store.Finish(r.grace, &r.row, absences)
	if err == nil {
		l.known.Generation = r.row.Generation
		r.closed = true
		return nil
	}
	r.memory.known = nil
	r.row.Outcome, r.row.ErrorKind, r.row.Error = "", "", ""
	if errors.Is(err, db.ErrConflict) {
		r.conflict = true
		return err
	}
	return fmt.Errorf("closing the run of %s: %w", r.cluster.Name, err)
}

// finishIncomplete closes a run that is neither complete nor quick.
func (r *run) finishIncomplete(service, archive error) error {
	r.row.FinishedAt = r.finishTime()
	r.row.Outcome = db.Failure
	if r.row.Pages > 0 {
		r.row.Outcome = db.Partial
	}
	switch {
	case service != nil:
		r.fail(service)
		if re, ok := errors.AsType[*remote.Error](service); ok && re.Page > 0 { // requests for one job have a counter of their own
			r.requested(re.Tries, re.Clock)
		}
		if r.row.ErrorKind == string(remote.Cancelled) {
			r.row.Outcome = db.Interrupted
		}
	case archive != nil:
		r.memory.known = nil
		r.row.Error, _, _ = strings.Cut(archive.Error(), "\n")
	}
	if err := r.engine.Store.Finish(r.grace, &r.row, nil); err != nil {
		row := r.row
		r.memory.unclosed = &row
		return fmt.Errorf("closing the run of %s: %w", r.cluster.Name, err)
	}
	return nil
}

// fail writes the service's error into the run's row.
func (r *run) fail(err error) {
	kind := remote.KindOf(err)
	switch {
	case kind != "":
	case errors.Is(err, errNoTime), errors.Is(err, errNotStored):
		kind = remote.Unavailable
	default:
		kind = remote.Protocol
	}
	r.row.ErrorKind, r.row.Error = string(kind), err.Error()
}

// finishEarlier closes the run before this one, if a full disk or a lock prevented
// that. If it fails again, this run reports why.
func (r *run) finishEarlier() {
	if row := r.memory.unclosed; row != nil && r.engine.Store.Finish(r.grace, row, nil) == nil {
		r.memory.unclosed = nil
	}
}

// keepWhatWasRead stores the pages decided before a panic. Known may be ahead of
// them, so the next run loads it again.
func (r *run) keepWhatWasRead() error {
	known := r.memory.known
	defer func() { r.memory.known = nil }()
	if known == nil {
		return nil
	}
	_, err := r.commit(newListing(known, r.cluster.GoneAfter))
	return err
}

func (r *run) finishTime() time.Time {
	now := r.engine.Now()
	r.row.ClockThen = ceil(now.Round(0))
	return ceil(r.clamp(now, r.received))
}

// contain turns a panic into an error, so that the run closes in any case.
func contain(f func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	f()
	return nil
}
