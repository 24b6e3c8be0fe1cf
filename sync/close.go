package sync

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"importarchive/db"
	"importarchive/sync/remote"
)

// conclude closes the run as complete, together with what its listing
// concludes from absence, or as quick.
func (r *run) conclude(l *listing) error {
	if l.quick.stopped {
		return r.concludeQuick(l)
	}
	r.row.Outcome, r.row.ListingStart, r.row.FinishedAt = db.Complete, l.start, r.finish()
	if r.row.Order == db.NoOrder {
		r.row.Order = l.order.shows()
	}
	before := r.row.Gone
	err := r.engine.Store.Finish(r.grace, &r.row, func(yield func(db.Change) bool) {
		for c := range l.absences() {
			if c.Kind == db.Gone {
				r.row.Gone++
			}
			if !yield(c) {
				return
			}
		}
	})
	if err != nil {
		r.row.Gone = before
		return r.notConcluded(err)
	}
	l.known.CompleteStart, l.known.Generation = l.start, r.row.Generation
	r.memory.pages = l.full
	r.closed = true
	return nil
}

func (r *run) concludeQuick(l *listing) error {
	r.row.Outcome, r.row.ListingStart, r.row.FinishedAt = db.Quick, l.start, r.finish()
	if err := r.engine.Store.Finish(r.grace, &r.row, nil); err != nil {
		return r.notConcluded(err)
	}
	l.known.Generation = r.row.Generation
	r.closed = true
	return nil
}

func (r *run) notConcluded(err error) error {
	r.memory.known = nil
	r.row.Outcome = ""
	if errors.Is(err, db.ErrConflict) {
		r.conflict = true
		return err
	}
	return fmt.Errorf("closing the run of %s: %w", r.cluster.Name, err)
}

// close closes a run that is not complete.
func (r *run) close(service, archive error) error {
	r.row.FinishedAt = r.finish()
	r.row.Outcome = db.Failure
	if r.row.Pages > 0 {
		r.row.Outcome = db.Partial
	}
	var re *remote.Error
	switch {
	case errors.As(service, &re):
		r.row.ErrorKind, r.row.Error = string(re.Kind), re.Error()
		r.requested(re.Tries)
		if re.Kind == remote.Cancelled {
			r.row.Outcome = db.Interrupted
		}
	case service != nil:
		r.row.ErrorKind, r.row.Error = string(remote.Protocol), service.Error()
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

// closeEarlier closes the run before this one, if a full disk or a lock kept
// it from being closed. If it still can't be, this run will say why.
func (r *run) closeEarlier() {
	if row := r.memory.unclosed; row != nil && r.engine.Store.Finish(r.grace, row, nil) == nil {
		r.memory.unclosed = nil
	}
}

// keepWhatWasRead stores the pages that were decided whole before a panic.
// What is known may be ahead of them, and is thrown away.
func (r *run) keepWhatWasRead() error {
	known := r.memory.known
	defer func() { r.memory.known = nil }()
	if known == nil {
		return nil
	}
	_, err := r.commit(newListing(known, r.cluster.GoneAfter))
	return err
}

func (r *run) finish() time.Time { return ceil(r.held(r.engine.Now(), r.received)) }

// contain turns a panic into an error, so that a run is closed whatever
// happens inside it.
func contain(f func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	f()
	return nil
}
