package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"importarchive/db"
	"importarchive/db/details"
	"importarchive/sync/remote"
)

// Describer queries one job for the details that no listing has. The engine uses a
// [Lister] as a Describer if it implements it. Errors are as those of
// [remote.Client.Describe].
type Describer interface {
	// Describe gives way to all listings that share the service's pace.
	Describe(ctx context.Context, jobID string) (remote.Details, error)

	// Confirm does the same, but takes turns with listings, because a listing
	// waits for it.
	Confirm(ctx context.Context, jobID string) (remote.Details, error)
}

const (
	// describeAtMost bounds the memory for a long list. The next run queries the
	// rest.
	describeAtMost = 5_000

	// describeFailures is how many failures in a row mean that the service has the
	// problem, and not the jobs.
	describeFailures = 3

	// describeNever is how long the engine sends no query to a server without the call.
	describeNever = time.Hour

	// answersAtOnce is how many answers one transaction stores.
	answersAtOnce = 100
)

// describing is the part of a run after its close: it queries single jobs.
type describing struct {
	*run
	from     Describer
	answers  []db.Described // not stored yet
	since    time.Time      // the first of them
	failures int            // in a row
	err      error          // of the newest failure
}

// describe is describeJobs, contained.
func (r *run) describe(ctx context.Context) (err error) {
	if p := contain(func() { err = r.describeJobs(ctx) }); p != nil {
		r.memory.known = nil // it may be ahead of the archive
		return p
	}
	return err
}

// describeJobs queries the jobs that are not fully described, one after the other,
// until the time is up. No answer changes the outcome of the run. The error is one of
// the archive.
func (r *run) describeJobs(ctx context.Context) error {
	a := &describing{run: r, answers: r.answers}
	if err := a.store(); err != nil {
		return err
	}
	from, ok := r.cluster.Remote.(Describer)
	ended := r.row.Outcome.Conclusive() || r.row.Outcome == db.Partial
	if !ok || !ended || !r.cluster.Details || ctx.Err() != nil || r.keyRefused() || r.engine.Now().Before(r.memory.details.unsupportedUntil) {
		return nil
	}
	all, err := r.engine.Store.Undescribed(r.grace, r.cluster.Name, describeAtMost)
	if err != nil || len(all) == 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.leisure())
	defer cancel()
	// No answer from here on is older than the archive.
	r.asked = db.Later(r.row.FinishedAt, r.row.NewestBefore)
	r.received = r.asked
	a.from = from
	before := r.row
	all = slices.DeleteFunc(r.memory.details.next(all, &r.row), func(u db.Undescribed) bool {
		_, asked := r.verdicts[u.Seq] // confirm has queried it in this run
		return asked
	})
	err = a.all(ctx, all)
	a.report(&before)
	return err
}

// leisure returns the time until the cluster's next run. The schedule counts from the
// time at which this run was due: "@every 1m" fires a minute after its last tick,
// also if the run waited long for its slot.
func (r *run) leisure() time.Duration {
	now := r.engine.Now()
	next := r.cluster.Schedule.Next(r.due)
	if next.Before(now) { // that tick is skipped for this run
		next = r.cluster.Schedule.Next(now)
	}
	if next.IsZero() { // a schedule of days that never come
		return details.AskFor
	}
	left := next.Sub(now)
	return min(details.AskFor, left-min(left/10, 2*time.Second)) // answers are still to be stored
}

func (a *describing) all(ctx context.Context, jobs []db.Undescribed) error {
	for i := range jobs {
		if !a.one(ctx, &jobs[i]) {
			break
		}
		if len(a.answers) < answersAtOnce && a.engine.Now().Sub(a.since) < batchAge {
			continue
		}
		if err := a.store(); err != nil {
			return err
		}
	}
	return a.store()
}

// one queries one job, and reports whether to go on with the next.
func (a *describing) one(ctx context.Context, u *db.Undescribed) bool {
	if ctx.Err() != nil {
		return false
	}
	got, err := a.from.Describe(ctx, u.ID)
	if err != nil && ctx.Err() != nil {
		return false // the time is up; that is no failure of the job
	}
	d := a.described(u.Seq, u.ID, &got, err)
	if len(a.answers) == 0 {
		a.since = a.engine.Now()
	}
	a.answers = append(a.answers, d)
	a.memory.details.note(u.Seq, d.Failed())
	if !d.Failed() {
		a.failures = 0
		a.memory.answered = true
		return true
	}
	a.failures++
	a.err = err
	if a.lacksCall(err) {
		a.memory.details.unsupportedUntil = a.engine.Now().Add(describeNever)
		return false
	}
	return a.failures < describeFailures && remote.KindOf(err) != remote.Auth // a denial concerns the role, not the job
}

// setDetails converts an answer to the archive's words. It sets no state for an
// unknown word, because the job's listing may have a known one. A collection name
// that the job's listing lacks goes into Extra.
func (r *run) setDetails(d *db.Described, got *remote.Details) {
	d.Asked, d.Received = got.Asked, got.Received
	if state := stateOf(got.RawState); state != db.Unknown {
		d.State = state
	}
	d.Details = &got.Job
	if k := r.memory.known; got.Collection != "" && k != nil {
		if e := k.Find(d.ID); e.Seq == 0 || k.Job(e).Collection != got.Collection {
			d.Details.Extra = withName(got.Extra, got.Collection)
		}
	}
}

// withName adds the collection to the other fields of an answer.
func withName(extra, collection string) string {
	all := map[string]json.RawMessage{}
	if extra != "" && json.Unmarshal([]byte(extra), &all) != nil {
		return extra
	}
	name, _ := json.Marshal(collection) // never fails for a string
	all["collectionName"] = name
	text, err := json.Marshal(all) // sorts
	if err != nil {
		return extra
	}
	return string(text)
}

// store stores the answers and the moves that they show. If another process has
// written to the cluster's archive since, it decides the moves again.
func (a *describing) store() error {
	for len(a.answers) > 0 {
		if err := a.recall(); err != nil {
			return err
		}
		for i := range a.answers {
			d := &a.answers[i]
			d.Moved = moveByDetails(a.memory.known, d, d.Asked.Before(a.recalled))
		}
		err := a.engine.Store.Described(a.grace, &a.row, a.answers)
		if err == nil {
			a.memory.known.Generation = a.row.Generation
			a.answers, a.conflict = nil, false
			return nil
		}
		if !errors.Is(err, db.ErrConflict) {
			a.memory.known = nil
			return fmt.Errorf("storing the details of jobs of %s: %w", a.cluster.Name, err)
		}
		a.conflict = true
	}
	return nil
}

// moveByDetails returns the move that an answer shows, or nil. Only a word that the
// answer before did not have is news: list and details may contradict each other for
// good, and then there is no further move. An answer is no sighting in a listing: it
// has no effect on a gone job, and does not end the misses of a job. An answer is old
// if its request went out before Known was loaded.
func moveByDetails(k *db.Known, d *db.Described, old bool) *db.Change {
	e := k.Find(d.ID)
	if d.State == "" || e.Seq == 0 {
		return nil
	}
	was, last := k.Job(e), k.LastSighting(e)
	if d.Details.RawState == k.DescribedRaw(e) || old && !d.Asked.After(last.Seen) {
		return nil
	}
	k.RememberDescribed(e, d.Details.RawState)
	if d.State == was.State || e.Gone() {
		return nil
	}
	now := was
	now.ID, now.State, now.RawState = d.ID, d.State, d.Details.RawState
	k.MoveFromDetails(e, now.State, now.RawState, d.Received)
	observed := db.Later(d.Received, last.Asked.Add(time.Millisecond))
	return &db.Change{
		Kind: db.Moved, FromDetails: true, Seq: e.Seq, Job: now, ListedRaw: k.ListedRaw(e), FromState: was.State, FromRawState: was.RawState,
		NotBefore: last.Asked, ObservedAt: observed, Asked: last.Asked, Seen: d.Received,
	}
}

// report logs the outcome: at level debug, or as a warning if a query failed.
func (a *describing) report(before *db.Run) {
	event := a.engine.Log.Debug()
	if a.err != nil {
		event = a.engine.Log.Warn().AnErr("error", a.err)
	}
	event.Str("cluster", a.cluster.Name).Int64("run", a.row.ID).
		Int("described", a.row.Described).Int("describe_failed", a.row.DescribeFailed).Int("moved", a.row.Moved-before.Moved).
		Msg("asked for jobs")
}
