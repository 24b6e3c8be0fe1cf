package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"importarchive/db"
	"importarchive/sync/remote"
)

// Describer tells what a listing does not: the details of one job. A [Lister]
// that is none is never asked. Errors are as those of [remote.Client.Describe].
type Describer interface {
	// Describe gives way to all listings that share the service's pace.
	Describe(ctx context.Context, jobID string) (remote.Details, error)

	// Confirm asks the same, in turn with listings: a listing waits for it.
	Confirm(ctx context.Context, jobID string) (remote.Details, error)
}

const (
	// describeFor is how long a run asks for jobs after its listing. What it
	// did not get to is asked for by the next one. Exports of what is new look
	// back twice as far (report.lookBack).
	describeFor = time.Minute

	// describeAtMost bounds what is held of a long list. What is over is left
	// to the next run.
	describeAtMost = 5_000

	// describeFailures in a row are the service's trouble, not the jobs'.
	describeFailures = 3

	// describeNever is how long a server that knows no such call is not asked.
	describeNever = time.Hour

	// answersAtOnce are stored in one transaction.
	answersAtOnce = 100
)

// describing is what a run does after it was closed.
type describing struct {
	*run
	from     Describer
	answers  []db.Described // not stored yet
	since    time.Time      // the first of them
	failures int            // in a row
	err      error          // of the newest failure
}

// details contains what describe does.
func (r *run) details(ctx context.Context) (err error) {
	if p := contain(func() { err = r.describe(ctx) }); p != nil {
		r.memory.known = nil // it may be ahead of what is stored
		return p
	}
	return err
}

// describe asks for the jobs of which more may be learned, one after the
// other, until it is time for something else. Nothing that the service answers
// changes how the run has ended; the error is of the archive.
func (r *run) describe(ctx context.Context) error {
	a := &describing{run: r, answers: r.answers}
	if err := a.store(); err != nil {
		return err
	}
	from, ok := r.cluster.Remote.(Describer)
	ended := r.row.Outcome.Looked() || r.row.Outcome == db.Partial
	if !ok || !ended || !r.cluster.Details || ctx.Err() != nil || r.denied() || r.engine.Now().Before(r.memory.asked.cantBy) {
		return nil
	}
	all, err := r.engine.Store.Undescribed(r.grace, r.cluster.Name, describeAtMost)
	if err != nil || len(all) == 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.leisure())
	defer cancel()
	// Nothing that is asked from here on is older than what is archived.
	r.asked = later(r.row.FinishedAt, r.row.NewestBefore)
	r.received = r.asked
	a.from = from
	before := r.row
	all = slices.DeleteFunc(r.memory.asked.inTurn(all, &r.row), func(u db.Undescribed) bool {
		_, asked := r.verdicts[u.Seq] // by this very run
		return asked
	})
	err = a.all(ctx, all)
	a.report(&before)
	return err
}

// leisure is how long nothing else is to be done for the cluster. The
// schedule counts from when this run was due: "@every 1m" fires a minute after
// its last tick, also where the run waited long for its slot.
func (r *run) leisure() time.Duration {
	now := r.engine.Now()
	next := r.cluster.Schedule.Next(r.due)
	if next.Before(now) { // that tick is skipped for this run
		next = r.cluster.Schedule.Next(now)
	}
	if next.IsZero() { // a schedule of days that never come
		return describeFor
	}
	left := next.Sub(now)
	return min(describeFor, left-min(left/10, 2*time.Second)) // answers are still to be stored
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

// one asks for one job, and reports whether to go on with the next.
func (a *describing) one(ctx context.Context, u *db.Undescribed) bool {
	if ctx.Err() != nil {
		return false
	}
	told, err := a.from.Describe(ctx, u.ID)
	if err != nil && ctx.Err() != nil {
		return false // it was us who gave up
	}
	d := a.answered(u.Seq, u.ID, &told, err)
	if len(a.answers) == 0 {
		a.since = a.engine.Now()
	}
	a.answers = append(a.answers, d)
	a.memory.asked.note(u.Seq, d.Failed())
	if !d.Failed() {
		a.failures = 0
		a.memory.answered = true
		return true
	}
	a.failures++
	a.err = err
	if a.lacksCall(err) {
		a.memory.asked.cantBy = a.engine.Now().Add(describeNever)
		return false
	}
	re, ok := errors.AsType[*remote.Error](err)
	return a.failures < describeFailures && !(ok && re.Kind == remote.Auth) // a denial is of the role, not of the job
}

// take puts an answer into the archive's words. A word that we don't know says
// nothing of the state of a job whose listing has one that we may know. A name
// that its listing does not have is kept with the rest.
func (r *run) take(d *db.Described, told *remote.Details) {
	d.Asked, d.Told = told.Asked, told.Received
	if state := stateOf(told.RawState); state != db.Unknown {
		d.State = state
	}
	d.Details = &db.Details{
		RawState: told.RawState, Progress: told.Progress, ProgressRaw: told.ProgressRaw, Reason: told.Reason,
		FileName: told.FileName, FileSize: told.FileSize, TotalRows: told.TotalRows, ImportedRows: told.ImportedRows,
		CreatedAt: told.CreatedAt, CompletedAt: told.CompletedAt, Extra: told.Extra,
	}
	for i := range told.Files {
		f := &told.Files[i]
		d.Details.Files = append(d.Details.Files, db.File{
			Name: f.Name, Size: f.Size, TotalRows: f.TotalRows, ImportedRows: f.ImportedRows, RawState: f.RawState,
			Progress: f.Progress, ProgressRaw: f.ProgressRaw, Reason: f.Reason, CompletedAt: f.CompletedAt, Extra: f.Extra,
		})
	}
	if k := r.memory.known; told.Collection != "" && k != nil {
		if e := k.Find(d.ID); e.Seq == 0 || k.Job(e).Collection != told.Collection {
			d.Details.Extra = withName(told.Extra, told.Collection)
		}
	}
}

// withName adds the collection to what else a service told.
func withName(extra, collection string) string {
	all := map[string]json.RawMessage{}
	if extra != "" && json.Unmarshal([]byte(extra), &all) != nil {
		return extra
	}
	name, _ := json.Marshal(collection) // of a string it never fails
	all["collectionName"] = name
	text, err := json.Marshal(all) // sorts
	if err != nil {
		return extra
	}
	return string(text)
}

// store stores the answers, with what they change of the jobs' states. If
// another process has written to the cluster's archive since that was decided,
// it is decided anew.
func (a *describing) store() error {
	for len(a.answers) > 0 {
		if err := a.recall(); err != nil {
			return err
		}
		for i := range a.answers {
			d := &a.answers[i]
			d.Moved = turned(a.memory.known, d, d.Asked.Before(a.recalled))
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

// turned is what an answer changes of its job's state, nil for nothing. Only a
// word that the answer before did not have is news: what a list and details say
// may contradict each other for good, and then history rests. An answer is
// no sighting in a listing: of a gone job it says nothing, and that a job was
// missed it does not undo. Old is an answer to what was asked before what is
// known was read from the archive.
func turned(k *db.Known, d *db.Described, old bool) *db.Change {
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
	k.Tell(e, now.State, now.RawState, d.Told)
	observed := later(d.Told, last.Asked.Add(time.Millisecond))
	return &db.Change{
		Kind: db.Moved, Told: true, Seq: e.Seq, Job: now, ListedRaw: k.ListedRaw(e), FromState: was.State, FromRawState: was.RawState,
		NotBefore: last.Asked, ObservedAt: observed, Asked: last.Asked, Seen: d.Told,
	}
}

// report tells what came of it. That a run asked is no news, that it asked in
// vain is.
func (a *describing) report(before *db.Run) {
	event := a.engine.Log.Debug()
	if a.err != nil {
		event = a.engine.Log.Warn().AnErr("error", a.err)
	}
	event.Str("cluster", a.cluster.Name).Int64("run", a.row.ID).
		Int("described", a.row.Described).Int("describe_failed", a.row.DescribeFailed).Int("moved", a.row.Moved-before.Moved).
		Msg("asked for jobs")
}
