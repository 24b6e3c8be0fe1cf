package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"importarchive/db"
	"importarchive/sync/remote"
)

// reading is one run while it goes on.
type reading struct {
	*Engine
	cluster *Cluster
	memory  *memory
	run     db.Run
	closing context.Context // outlives the run's own for a while, to store and close

	batch     db.Batch
	news      []remote.Page // what the batch was decided from
	committed time.Time     // when a batch was last stored
	conflict  bool          // another process has written meanwhile

	asked, received time.Time // of the newest page; times do not run back behind them
	clockBehind     time.Duration
	closed          bool
}

const (
	// readings is how often a listing that moved while it was read is read
	// in all.
	readings = 3

	// A batch is stored when it has so many changes, or is so old.
	batchSize = 5_000
	batchAge  = 2 * time.Second
)

var errConflict = errors.New("another process was archiving the same cluster meanwhile")

func (r *reading) sync(ctx context.Context, t db.Trigger) error {
	r.run = db.Run{
		Trigger: t, StartedAt: r.now(), Cluster: db.Cluster{
			Name: r.cluster.Name, API: r.cluster.API, ClusterID: r.cluster.ClusterID, BaseURL: r.cluster.BaseURL,
			Expected: Expected(r.cluster.Schedule, r.Now()),
		},
	}
	err := r.Store.Begin(r.closing, &r.run)
	if err != nil && r.run.ID == 0 {
		r.run.Outcome, r.run.Error = db.Failure, err.Error()
		r.run.FinishedAt = r.run.StartedAt
		return fmt.Errorf("beginning a run of %s: %w", r.cluster.Name, err)
	}
	r.asked, r.received = r.run.NewestBefore, r.run.NewestBefore
	var archive, remoteErr error
	if err != nil {
		remoteErr = &remote.Error{Kind: remote.Settings, Err: err}
	} else {
		archive = contain(func() (err error) { remoteErr, err = r.read(ctx); return err })
	}
	if r.closed {
		return nil
	}
	return errors.Join(archive, r.close(remoteErr, archive))
}

// read reads the listing until it was undisturbed, or often enough. A complete
// listing closes the run; anything else is left to close, with what is wrong
// with the service and what is wrong with the archive.
func (r *reading) read(ctx context.Context) (service, archive error) {
	for n := 1; ; n++ {
		l, service, archive := r.list(ctx)
		if service != nil || archive != nil {
			return service, archive
		}
		why := l.disturbed()
		switch {
		case r.conflict:
			why = errConflict.Error()
		case why == "" && r.run.Rejected > 0:
			return fmt.Errorf("%d records could not be archived: see the view rejects", r.run.Rejected), nil
		case why == "":
			archive := r.conclude(l)
			if !errors.Is(archive, db.ErrConflict) {
				return nil, archive
			}
			why = errConflict.Error()
		}
		if n == readings {
			return fmt.Errorf("nothing is concluded from a listing that stayed disturbed, read %d times: %s", n, why), nil
		}
		r.Log.Debug().Str("cluster", r.cluster.Name).Int64("run", r.run.ID).Str("why", why).Msg("reading the listing again")
	}
}

// list reads the listing once, and stores what it shows.
func (r *reading) list(ctx context.Context) (l *listing, service, archive error) {
	if archive := r.recall(); archive != nil {
		return nil, nil, archive
	}
	r.conflict, r.committed = false, r.Now()
	l = newListing(r.memory.known, r.cluster.GoneAfter)
	for page, err := range r.cluster.Remote.Pages(ctx, func() bool { return l.idle == 0 }) {
		if err != nil {
			service = err
			break
		}
		r.run.Pages++
		r.run.Requests += page.Tries
		r.run.Retries += page.Tries - 1
		r.decide(l, &page)
		if len(r.batch.Changes) >= batchSize || len(r.batch.Changes) > 0 && r.Now().Sub(r.committed) > batchAge {
			if l, archive = r.commit(l); archive != nil {
				return l, nil, archive
			}
		}
		if r.Progress != nil {
			r.Progress(r.cluster.Name, r.run.Pages, l.listed)
		}
		if l.ended() {
			break
		}
	}
	r.run.Listed = l.listed
	r.run.Rejected = max(r.run.Rejected, l.rejected)
	l, archive = r.commit(l)
	return l, service, archive
}

// decide takes one page in. Its times become whole milliseconds, such that
// what it shows was certainly so in between.
func (r *reading) decide(l *listing, page *remote.Page) {
	r.asked = r.held(page.Asked, r.asked)
	r.received = r.held(page.Received, r.received)
	page.Asked, page.Received = r.asked.Truncate(time.Millisecond), ceil(r.received)
	batch, news := l.page(page)
	r.batch.Changes = append(r.batch.Changes, batch.Changes...)
	r.batch.Rejects = append(r.batch.Rejects, batch.Rejects...)
	if len(news.Jobs)+len(news.Rejects) > 0 {
		r.news = append(r.news, news)
	}
}

// held is a time that does not run back behind another: a clock that jumped
// back is held where the archive already is, and told of.
func (r *reading) held(t, floor time.Time) time.Time {
	if !t.Before(floor) {
		return t
	}
	if behind := floor.Sub(t); behind > time.Second {
		r.clockBehind = max(r.clockBehind, behind)
	}
	return floor
}

// recall makes sure that what is known is what the archive holds.
func (r *reading) recall() error {
	k := r.memory.known
	if k != nil && k.Generation == r.run.Generation && !r.conflict && k.Sightings() < maxSightings(k) {
		return nil
	}
	r.memory.known = nil
	k, err := r.Store.Known(r.closing, r.cluster.Name)
	if err != nil {
		return fmt.Errorf("loading what is known of %s: %w", r.cluster.Name, err)
	}
	k.LoadedAt = r.now()
	r.memory.known, r.run.Generation = k, k.Generation
	return nil
}

// maxSightings bounds the memory for pages that were read by what the jobs
// themselves take.
func maxSightings(k *db.Known) int { return 4096 + k.Len()/10 }

// commit stores the batch. If another process has written to the cluster's
// archive meanwhile, the batch is decided anew on what is known now, and the
// listing counts as disturbed: it is another one from then on.
func (r *reading) commit(l *listing) (*listing, error) {
	for len(r.batch.Changes)+len(r.batch.Rejects) > 0 {
		err := r.Store.Commit(r.closing, &r.run, r.batch)
		if err == nil {
			l.known.Generation = r.run.Generation
			r.tally(r.batch.Changes)
			r.batch, r.news = db.Batch{}, nil
			break
		}
		if !errors.Is(err, db.ErrConflict) {
			r.memory.known = nil
			return l, fmt.Errorf("storing what %s listed: %w", r.cluster.Name, err)
		}
		r.conflict = true
		if err := r.recall(); err != nil {
			return l, err
		}
		l = newListing(r.memory.known, r.cluster.GoneAfter)
		r.batch = db.Batch{}
		for i := range r.news {
			batch, _ := l.page(&r.news[i])
			r.batch.Changes = append(r.batch.Changes, batch.Changes...)
			r.batch.Rejects = append(r.batch.Rejects, batch.Rejects...)
		}
	}
	r.committed = r.Now()
	return l, nil
}

// conclude closes the run as complete, together with what its listing
// concludes from absence.
func (r *reading) conclude(l *listing) error {
	r.run.Outcome, r.run.ListingStart, r.run.FinishedAt = db.Complete, l.start, r.finish()
	before := r.run.Gone
	err := r.Store.Finish(r.closing, &r.run, func(yield func(db.Change) bool) {
		for c := range l.absences() {
			if c.Kind == db.Gone {
				r.run.Gone++
			}
			if !yield(c) {
				return
			}
		}
	})
	if err != nil {
		r.memory.known = nil
		r.run.Outcome, r.run.Gone = "", before
		if errors.Is(err, db.ErrConflict) {
			r.conflict = true
			return err
		}
		return fmt.Errorf("closing the run of %s: %w", r.cluster.Name, err)
	}
	l.known.CompleteStart, l.known.Generation = l.start, r.run.Generation
	r.closed = true
	return nil
}

// close closes a run that is not complete.
func (r *reading) close(service, archive error) error {
	r.run.FinishedAt = r.finish()
	r.run.Outcome = db.Failure
	if r.run.Pages > 0 {
		r.run.Outcome = db.Partial
	}
	var re *remote.Error
	switch {
	case errors.As(service, &re):
		r.run.ErrorKind, r.run.Error = string(re.Kind), re.Error()
		r.run.Requests += re.Tries
		r.run.Retries += max(0, re.Tries-1)
		if re.Kind == remote.Cancelled {
			r.run.Outcome = db.Interrupted
		}
	case service != nil:
		r.run.ErrorKind, r.run.Error = string(remote.Protocol), service.Error()
	case archive != nil:
		r.memory.known = nil
		r.run.Error = firstLine(archive.Error())
	}
	if err := r.Store.Finish(r.closing, &r.run, nil); err != nil {
		return fmt.Errorf("closing the run of %s: %w", r.cluster.Name, err)
	}
	return nil
}

func (r *reading) finish() time.Time {
	return ceil(r.held(r.Now(), r.received))
}

func (r *reading) now() time.Time { return r.Now().Truncate(time.Millisecond) }

func (r *reading) tally(changes []db.Change) {
	for i := range changes {
		switch changes[i].Kind {
		case db.Appeared:
			r.run.Appeared++
		case db.Moved:
			r.run.Moved++
		case db.Returned:
			r.run.Returned++
		}
	}
}

// ceil rounds up to a millisecond, so that what had been received then still
// has been.
func ceil(t time.Time) time.Time {
	if whole := t.Truncate(time.Millisecond); whole.Before(t) {
		return whole.Add(time.Millisecond)
	}
	return t
}

func firstLine(s string) string {
	for i, c := range s {
		if c == '\n' {
			return s[:i]
		}
	}
	return s
}
