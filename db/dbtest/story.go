package dbtest

import (
	"context"
	"iter"
	"testing"
	"time"

	"importarchive/db"
)

// Story writes to a store what a cluster lists. It decides as an engine would, in
// the simplest way. Its clock moves only by its own methods.
type Story struct {
	T         testing.TB
	Store     db.Store
	Cluster   db.Cluster
	GoneAfter int
	Now       time.Time
	Known     *db.Known      // the story's own
	Run       db.Run         // the present or newest run
	Clock     *time.Duration // the service's minus ours; nil: it sends none

	batch   db.Batch
	first   uint32 // number of the listing's first page
	start   time.Time
	written map[string]db.Sighting // each job's last sighting that the store was given
}

// Tell begins a story about a cluster at noon of the first of May 2026.
func Tell(t testing.TB, st db.Store, name string) *Story {
	return &Story{
		T: t, Store: st, GoneAfter: 2, Clock: new(time.Duration), Known: db.NewKnown(), written: map[string]db.Sighting{},
		Cluster: db.Cluster{Name: name, API: "zilliz-v1", ClusterID: "in01-" + name, BaseURL: "https://example.invalid", Expected: 5 * time.Minute},
		Now:     time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC),
	}
}

// Listed is a job as a service lists it, in a collection called "films".
func Listed(id string, s db.State) db.Job {
	words := map[db.State]string{
		db.Pending: "ImportPending", db.Running: "ImportRunning", db.Completed: "ImportCompleted",
		db.Failed: "ImportFailed", db.Cancelled: "ImportCancel", db.Unknown: "ImportDreaming",
	}
	return db.Job{ID: id, Collection: "films", State: s, RawState: words[s]}
}

// Wait lets time pass.
func (s *Story) Wait(d time.Duration) { s.Now = s.Now.Add(d) }

// Begin opens a run.
func (s *Story) Begin() {
	s.T.Helper()
	s.Run = db.Run{Trigger: db.BySchedule, StartedAt: s.Now, Cluster: s.Cluster}
	s.must(s.Store.Begin(context.Background(), &s.Run))
	if s.Now.Before(s.Run.StartedAt) {
		s.Now = s.Run.StartedAt
	}
	s.first, s.start = 0, s.Now
}

// Page has the run read a page of jobs. Asking for it takes 100 ms.
func (s *Story) Page(jobs ...db.Job) {
	sighting := db.Sighting{Asked: s.Now, Seen: s.Now.Add(100 * time.Millisecond)}
	s.Now = sighting.Seen
	page := s.Known.Saw(sighting)
	if s.first == 0 {
		s.first = page
	}
	s.Run.Pages++
	s.Run.Requests++
	for i := range jobs {
		s.Run.Listed++
		s.see(&jobs[i], page, sighting)
	}
}

func (s *Story) see(j *db.Job, page uint32, at db.Sighting) {
	e := s.Known.Find(j.ID)
	if e.Seq == 0 {
		e = s.Known.Add(j.ID)
		s.Known.Remember(e, j)
		e.See(page)
		s.change(db.Appeared, e, j, at, s.Known.CompleteStart).ListingStart = at.Asked
		s.Run.Appeared++
		return
	}
	was, last, away := s.Known.Job(e), s.Known.LastSighting(e), e.Gone()
	moved, renamed := was.State != j.State || was.RawState != j.RawState, was.Collection != j.Collection
	edited := e.Misses() > 0 || s.Known.ListedRaw(e) != j.RawState || !s.Known.SameQuietly(e, j)
	s.Known.Remember(e, j)
	e.See(page)
	e.Mark(false, e.Pruned() && !moved && !renamed && !away)
	if moved {
		c := s.change(db.Moved, e, j, at, last.Asked)
		c.FromState, c.FromRawState, c.Away = was.State, was.RawState, away
		s.Run.Moved++
	}
	if renamed {
		s.change(db.Renamed, e, j, at, last.Asked).Away = away
	}
	if away {
		s.change(db.Returned, e, j, at, s.Known.CompleteStart)
		s.Run.Returned++
	}
	if edited && !moved && !renamed && !away {
		s.change(db.Edited, e, j, at, last.Asked)
	}
}

func (s *Story) change(k db.Kind, e db.KnownJob, j *db.Job, at db.Sighting, notBefore time.Time) *db.Change {
	s.written[j.ID] = at
	s.batch.Changes = append(s.batch.Changes, db.Change{
		Kind: k, Seq: e.Seq, Job: *j, ListedRaw: j.RawState,
		NotBefore: notBefore, ObservedAt: at.Seen, Asked: at.Asked, Seen: at.Seen,
	})
	return &s.batch.Changes[len(s.batch.Changes)-1]
}

// Reject has the newest page bring a record that can't be archived.
func (s *Story) Reject(raw string) {
	s.Run.Rejected++
	s.batch.Rejects = append(s.batch.Rejects, db.Reject{At: s.Now, Reason: "no id", Raw: raw})
}

// Commit stores what the pages have brought.
func (s *Story) Commit() {
	s.T.Helper()
	s.must(s.Store.Commit(context.Background(), &s.Run, s.batch))
	s.batch = db.Batch{}
	s.Known.Generation = s.Run.Generation
}

// Complete closes the run as a complete one.
func (s *Story) Complete() { s.T.Helper(); s.Close(db.Complete) }

// Close stores what the pages have brought, and closes the run. A complete one
// also stores which jobs were not listed.
func (s *Story) Close(o db.Outcome) {
	s.T.Helper()
	if len(s.batch.Changes)+len(s.batch.Rejects) > 0 {
		s.Commit()
	}
	s.Run.Outcome, s.Run.FinishedAt, s.Run.ClockOffset = o, s.Now, s.Clock
	var absences iter.Seq[db.Change]
	switch o {
	case db.Complete:
		absences, s.Run.ListingStart = s.absences, s.start
	case db.Failure:
		s.Run.ErrorKind, s.Run.Error = "unavailable", "the service answered 503"
	}
	s.must(s.Store.Finish(context.Background(), &s.Run, absences))
	if s.Known.Generation = s.Run.Generation; o == db.Complete {
		s.Known.CompleteStart = s.start
	}
}

func (s *Story) absences(yield func(db.Change) bool) {
	for e := range s.Known.All() {
		if e.Gone() || s.first > 0 && e.SeenSince(s.first) {
			continue
		}
		last, kind := s.Known.Miss(e, s.Now), db.Missed
		if int(e.Misses()) >= s.GoneAfter {
			kind = db.Gone
			e.Mark(true, false)
			s.Run.Gone++
		}
		if !yield(db.Change{
			Kind: kind, Seq: e.Seq, Job: s.Known.Job(e), NotBefore: last.Asked, ObservedAt: s.Now,
			Asked: last.Asked, Seen: last.Seen, Misses: int(e.Misses()),
		}) {
			return
		}
	}
}

// Reads is a whole run that reads one page with these jobs.
func (s *Story) Reads(o db.Outcome, jobs ...db.Job) {
	s.T.Helper()
	s.Begin()
	s.Page(jobs...)
	s.Close(o)
}

// Lists is a complete run of one page with these jobs. The next one may begin
// five minutes later.
func (s *Story) Lists(jobs ...db.Job) {
	s.T.Helper()
	begun := s.Now
	s.Reads(db.Complete, jobs...)
	s.Now = begun.Add(5 * time.Minute)
}

// Reload loads what the store knows, and checks it against what the story knows.
func (s *Story) Reload() *db.Known {
	s.T.Helper()
	loaded, err := s.Store.Known(context.Background(), s.Cluster.Name)
	s.must(err)
	kept := s.Known
	if loaded.Len() != kept.Len() || loaded.Generation != kept.Generation || !loaded.CompleteStart.Equal(kept.CompleteStart) {
		s.T.Fatalf("%s: loaded %d jobs, generation %d, complete %v; kept %d, %d, %v", s.Cluster.Name,
			loaded.Len(), loaded.Generation, loaded.CompleteStart, kept.Len(), kept.Generation, kept.CompleteStart)
	}
	for id, last := range s.written {
		s.same(id, last, loaded)
	}
	return loaded
}

func (s *Story) same(id string, last db.Sighting, loaded *db.Known) {
	s.T.Helper()
	want, got := s.Known.Find(id), loaded.Find(id)
	if got.Seq != want.Seq || got.Misses() != want.Misses() || got.Gone() != want.Gone() || loaded.Job(got) != s.Known.Job(want) ||
		loaded.ListedRaw(got) != s.Known.ListedRaw(want) ||
		loaded.DescribedRaw(got) != s.Known.DescribedRaw(want) {
		s.T.Fatalf("job %s of %s: loaded %d, %d misses, gone %v, %+v, listed as %q, described as %q; kept %d, %d, %v, %+v, %q, %q", id, s.Cluster.Name,
			got.Seq, got.Misses(), got.Gone(), loaded.Job(got), loaded.ListedRaw(got), loaded.DescribedRaw(got),
			want.Seq, want.Misses(), want.Gone(), s.Known.Job(want), s.Known.ListedRaw(want), s.Known.DescribedRaw(want))
	}
	// A sighting that changed nothing was not written: what the store knows of
	// it is the newest complete listing.
	asked := last.Asked
	if want.Misses() > 0 {
		asked = s.Known.LastSighting(want).Asked
	} else if s.Known.CompleteStart.After(asked) {
		asked = s.Known.CompleteStart
	}
	if at := loaded.LastSighting(got); !at.Asked.Equal(asked) || at.Seen.Before(at.Asked) {
		s.T.Fatalf("job %s of %s was last seen %v, want asked for at %v", id, s.Cluster.Name, at, asked)
	}
}

func (s *Story) must(err error) {
	s.T.Helper()
	if err != nil {
		s.T.Fatalf("%s: %v", s.Cluster.Name, err)
	}
}
