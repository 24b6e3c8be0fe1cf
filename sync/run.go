package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"importarchive/db"
	"importarchive/sync/remote"
	"importarchive/timetable"
)

// run is the state of one run.
type run struct {
	engine  *Engine
	cluster *Cluster
	memory  *memory
	due     time.Time       // when the run was due by the schedule or the caller
	row     db.Run          // the run's row in the archive
	grace   context.Context // outlives the run's own for a while, to store and close

	batch              db.Batch
	news               []remote.Page      // the pages with the records that gave the batch
	committed          time.Time          // when a batch was last stored
	verdicts           map[uint32]verdict // the service's, on jobs that a listing lacks
	answers            []db.Described     // about those that the service knows, stored after the close
	unsure             error              // why the service gave no verdict on the newest such job
	conflict           bool               // another process wrote during this reading of the list
	previousConclusive bool               // the newest run was conclusive and of this process, and there was no other write since
	recalled           time.Time          // when Known was last read from the archive

	asked, received time.Time // of the newest page; later times are not earlier
	clockBehind     time.Duration
	clock           remote.Clock
	closed          bool
}

const (
	// readings is how often a run reads a list at most, if each reading was disturbed.
	readings = 3

	// The run commits a batch when it has so many changes, or is so old.
	batchSize = 5_000
	batchAge  = 2 * time.Second

	otherWriter = "another process was archiving the same cluster meanwhile"
)

func (r *run) sync(ctx context.Context, t db.Trigger) error {
	now := r.engine.Now()
	r.finishEarlier()
	r.previousConclusive, r.memory.previousConclusive = r.memory.previousConclusive, false
	r.row = db.Run{
		Trigger: t, StartedAt: now.Truncate(time.Millisecond), Cluster: db.Cluster{
			Name: r.cluster.Name, API: r.cluster.API, ClusterID: r.cluster.ClusterID, BaseURL: r.cluster.BaseURL,
			Expected: timetable.Expected(r.cluster.Schedule, now),
		},
	}
	err := r.engine.Store.Begin(r.grace, &r.row)
	if err != nil && !errors.Is(err, db.ErrOtherCluster) {
		r.row.Outcome, r.row.Error, r.row.FinishedAt = db.Failure, err.Error(), r.row.StartedAt
		return fmt.Errorf("beginning a run of %s: %w", r.cluster.Name, err)
	}
	r.asked, r.received = r.row.StartedAt, r.row.StartedAt
	r.clamp(now, r.row.StartedAt)
	if err != nil {
		return r.finishIncomplete(&remote.Error{Kind: remote.Settings, Err: err}, nil)
	}
	var service, archive error
	if p := contain(func() { service, archive = r.read(ctx) }); p != nil {
		archive = errors.Join(p, r.keepWhatWasRead())
	}
	if r.closed {
		return nil
	}
	return errors.Join(archive, r.finishIncomplete(service, archive))
}

// read reads the list until one reading is undisturbed, three times at most. A
// complete listing closes the run. Otherwise read returns the service's error and the
// archive's error for finishIncomplete.
func (r *run) read(ctx context.Context) (service, archive error) {
	for n := 1; ; n++ {
		l, service, archive := r.list(ctx)
		if service != nil || archive != nil {
			return service, archive
		}
		why := l.disturbed()
		switch {
		case r.conflict:
			why = otherWriter
		case why == "" && l.rejects.Count() > 0 && l.rejects.Digest() != r.row.Before.RejectSet:
			r.row.RejectSet = new(l.rejects.Digest())
			return fmt.Errorf("the list has records without a usable id (%d), and did not have just these before: see the view rejects", l.rejects.Count()), nil
		case why == "":
			r.row.RejectSet = new(l.rejects.Digest())
			service, archive := r.finish(ctx, l)
			if service != nil {
				return service, nil
			}
			r.memory.previousConclusive = archive == nil && r.row.Outcome != db.Partial
			if !errors.Is(archive, db.ErrConflict) {
				return nil, archive
			}
			why = otherWriter
		}
		if n == readings {
			return fmt.Errorf("nothing is concluded from a listing that stayed disturbed, read %d times: %s", n, why), nil
		}
		r.engine.Log.Debug().Str("cluster", r.cluster.Name).Int64("run", r.row.ID).Str("why", why).Msg("reading the list again")
	}
}

// list reads the list once, and stores what it shows.
func (r *run) list(ctx context.Context) (l *listing, service, archive error) {
	by, quick := r.mayBeQuick()
	if archive := r.recall(); archive != nil {
		return nil, nil, archive
	}
	// If the clock has jumped back, another process may have written later times
	// than this run's own since it began. Requests from here on count as later than
	// those.
	r.asked, r.received = db.Later(r.asked, r.memory.known.Newest), db.Later(r.received, r.memory.known.Newest)
	r.conflict, r.committed = false, r.engine.Now()
	l = newListing(r.memory.known, r.cluster.GoneAfter)
	if quick {
		l.endEarly(by)
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	promised := false // the page after this one may be on its way, and the run archives it
	surely := func() bool {
		promised = archive == nil && l.surely()
		return promised
	}
	for page, err := range r.cluster.Remote.Pages(reading, surely) {
		if err != nil {
			service = err
			break
		}
		if page.Piece == 0 {
			r.row.Pages++
			r.requested(page.Tries, page.Clock)
		}
		if archive != nil { // this page was on its way when the archive failed
			break
		}
		r.decide(l, &page)
		if len(r.batch.Changes) >= batchSize || len(r.batch.Changes) > 0 && r.engine.Now().Sub(r.committed) > batchAge {
			if l, archive = r.commit(l); archive != nil {
				stop()
			}
		}
		if r.engine.Progress != nil {
			r.engine.Progress(r.cluster.Name, r.row.Pages, l.listed)
		}
		if (archive != nil || l.ended() || l.enough()) && !promised {
			break
		}
	}
	if archive != nil {
		if re, ok := errors.AsType[*remote.Error](service); ok { // of the page that was on its way
			r.requested(re.Tries, re.Clock)
		}
		return l, nil, archive
	}
	if l.order.shows() == db.OtherOrder {
		r.row.Order = db.OtherOrder
	}
	r.batch.Rejects = l.rejects.Samples()
	l, archive = r.commit(l)
	return l, service, archive
}

// requested counts the requests for one page, and notes the service's clock.
func (r *run) requested(tries int, clock remote.Clock) {
	r.row.Requests += tries
	r.row.Retries += max(0, tries-1)
	if r.clock = r.clock.Nearer(clock); r.clock.Known {
		offset := r.clock.Offset
		r.row.ClockOffset = &offset
	}
}

// decide decides one page. It rounds the page's times outwards to milliseconds, so
// that the list certainly was as shown at some moment between them.
func (r *run) decide(l *listing, page *remote.Page) {
	page.Asked, page.Received = r.bounds(page.Asked, page.Received)
	news := r.add(l, page, page.Asked.Before(r.recalled))
	r.row.Listed, r.row.Rejected = max(r.row.Listed, l.listed), max(r.row.Rejected, l.rejects.Count())
	if len(news.Jobs) > 0 {
		r.news = append(r.news, news)
	}
}

// add adds to the batch what a page changes, and returns the records that changed
// something.
func (r *run) add(l *listing, page *remote.Page, old bool) (news remote.Page) {
	changes, news := l.page(page, old)
	r.batch.Changes = append(r.batch.Changes, changes...)
	return news
}

// bounds turns the times of the newest request into whole milliseconds that are
// not before those of the request before it.
func (r *run) bounds(asked, received time.Time) (from, to time.Time) {
	r.asked, r.received = r.clamp(asked, r.asked), r.clamp(received, r.received)
	return r.asked.Truncate(time.Millisecond), ceil(r.received)
}

// clamp returns t, or floor if t is earlier: then the clock has jumped back behind
// the archive's newest time, and the run's log line has the difference. It compares
// wall clocks, because a jump does not move Go's monotonic reading.
func (r *run) clamp(t, floor time.Time) time.Time {
	t = t.Round(0)
	if !t.Before(floor) {
		return t
	}
	if behind := floor.Sub(t); behind > time.Second {
		r.clockBehind = max(r.clockBehind, behind)
	}
	return floor
}

// recall makes sure that Known agrees with the archive.
func (r *run) recall() error {
	k := r.memory.known
	if k != nil && k.Generation == r.row.Generation && !r.conflict {
		k.Tidy()
		return nil
	}
	r.memory.known = nil
	k, err := r.engine.Store.Known(r.grace, r.cluster.Name)
	if err != nil {
		return fmt.Errorf("loading what is known of %s: %w", r.cluster.Name, err)
	}
	r.recalled = ceil(r.clamp(r.engine.Now(), r.received))
	r.memory.known, r.row.Generation = k, k.Generation
	return nil
}

// commit stores the batch. If another process has written to the cluster's archive
// meanwhile, commit loads Known again, decides the batch again, and marks the listing
// as disturbed, so that the run reads it again. It does not repeat decisions about
// sightings that changed nothing: at worst a later bound is wider, and the next
// reading has those jobs again.
func (r *run) commit(l *listing) (*listing, error) {
	for len(r.batch.Changes)+len(r.batch.Rejects) > 0 {
		err := r.engine.Store.Commit(r.grace, &r.row, r.batch)
		if err == nil {
			l.known.Generation = r.row.Generation
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
		rejected := l.rejects
		l = newListing(r.memory.known, r.cluster.GoneAfter)
		l.rejects, r.batch.Changes = rejected, nil
		for i := range r.news {
			r.add(l, &r.news[i], true)
		}
	}
	r.committed = r.engine.Now()
	return l, nil
}

func (r *run) tally(changes []db.Change) {
	for i := range changes {
		switch changes[i].Kind {
		case db.Appeared:
			r.row.Appeared++
		case db.Moved:
			r.row.Moved++
		case db.Returned:
			r.row.Returned++
		}
	}
}

// ceil rounds up to a millisecond: a page received by t is received by ceil(t).
func ceil(t time.Time) time.Time {
	if whole := t.Truncate(time.Millisecond); whole.Before(t) {
		return whole.Add(time.Millisecond)
	}
	return t
}
