package model

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"importarchive/db"
)

// Memory is a [db.Store] in slices and maps: the model that other stores are
// compared with, and a quick store for tests of the engine. It keeps no rejects.
type Memory struct {
	mu          sync.Mutex
	clusters    map[string]*cluster
	runs        []db.Run
	transitions []Transition
}

// Job is a job as a store keeps it.
type Job struct {
	db.Job
	Seq uint32

	AppearedAfter, FirstSeen time.Time
	StateAfter, StateSeen    time.Time
	Asked, Seen              time.Time // the last sighting that was written
	Misses                   int
	MissedSince              time.Time // when the first listing in a row lacked it; zero while Misses is 0
	GoneAt                   time.Time // zero while it is listed
	Pruned                   bool
	ListedRaw, DescribedRaw  string // the words that the list and its details gave last

	Settled     bool        // it is not worth asking for
	Details     *db.Details // as they were last news, at DescribedAt; nil for none
	DescribedAt time.Time
}

// Transition is a line of history.
type Transition struct {
	ID                    int64
	Run                   int64
	Cluster               string
	Seq                   uint32
	Collection            string
	Kind                  db.Kind
	From, To              db.State
	FromRaw, ToRaw        string
	NotBefore, ObservedAt time.Time
}

// Gap is a stretch without a conclusive run that lasted too long.
type Gap struct{ StartedAt, EndedAt time.Time }

type cluster struct {
	db.Cluster
	generation       int64
	newest           time.Time
	jobs             []*Job // the first has number 1
	gaps             []Gap
	completeStarted  time.Time
	completeFinished time.Time
	conclusive       time.Time // by the newest complete or quick listing that still counts
	newestFirst      int
	newestFirstSince time.Time
	completeExpected time.Duration
}

// NewMemory returns an empty archive.
func NewMemory() *Memory { return &Memory{clusters: map[string]*cluster{}} }

// Known implements [db.Store].
func (m *Memory) Known(ctx context.Context, name string) (*db.Known, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, cl := db.NewKnown(), m.cluster(name)
	k.Generation, k.CompleteStart, k.Newest = cl.generation, cl.completeStarted, cl.newest
	pages := map[db.Sighting]uint32{}
	for _, j := range cl.jobs {
		e := k.Add(j.ID)
		k.Remember(e, &j.Job)
		k.RememberListed(e, j.ListedRaw)
		k.RememberDescribed(e, j.DescribedRaw)
		if j.GoneAt.IsZero() && j.MissedSince.After(k.NewestMiss) {
			k.NewestMiss = j.MissedSince
		}
		s := db.Sighting{Asked: j.Asked, Seen: j.Seen}
		if !j.GoneAt.IsZero() {
			s.Seen = j.GoneAt
		}
		if j.Misses > 0 || s.Asked.After(k.CompleteStart) || s.Seen.After(k.CompleteStart) {
			if _, ok := pages[s]; !ok {
				pages[s] = k.Saw(s)
			}
			e.See(pages[s])
		}
		e.SetMisses(uint8(j.Misses))
		e.Mark(!j.GoneAt.IsZero(), j.Pruned)
	}
	return k, ctx.Err()
}

// cluster returns a cluster to read, an empty one if it has had no run.
func (m *Memory) cluster(name string) *cluster {
	if cl := m.clusters[name]; cl != nil {
		return cl
	}
	return &cluster{newest: time.UnixMilli(0).UTC()}
}

// Begin implements [db.Store].
func (m *Memory) Begin(ctx context.Context, r *db.Run) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if m.clusters[r.Cluster.Name] == nil {
		m.clusters[r.Cluster.Name] = &cluster{Cluster: r.Cluster, newest: time.UnixMilli(0).UTC()}
	}
	cl := m.clusters[r.Cluster.Name]
	r.Generation, r.NewestBefore = cl.generation, cl.newest
	r.Before = db.Before{At: cl.conclusive, Expected: cl.completeExpected, NewestFirst: cl.newestFirst, Since: cl.newestFirstSince}
	r.Before.Answered = slices.ContainsFunc(cl.jobs, func(j *Job) bool { return j.Details != nil })
	for i := range m.runs {
		if before := &m.runs[i]; before.Cluster.Name == cl.Name && !before.FinishedAt.IsZero() {
			r.Before.AskedInVain = before.DescribeFailed+before.Absences.Undecided > 0
		}
	}
	if r.StartedAt.Before(cl.newest) {
		r.StartedAt = cl.newest
	}
	cl.saw(r.StartedAt)
	r.ID = int64(len(m.runs)) + 1
	m.runs = append(m.runs, *r)
	oneUnknown := cl.ClusterID == "" || r.Cluster.ClusterID == ""
	if cl.ClusterID != r.Cluster.ClusterID && !(oneUnknown && cl.API == r.Cluster.API) {
		return db.ErrOtherCluster
	}
	if r.Cluster.ClusterID == "" {
		r.Cluster.ClusterID = cl.ClusterID
	}
	cl.Cluster = r.Cluster
	return nil
}

// Commit implements [db.Store].
func (m *Memory) Commit(ctx context.Context, r *db.Run, b db.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.guarded(ctx, r, func(d *draft) error {
		for _, j := range b.Rejects { // only their time matters here
			d.newest = db.Later(d.newest, j.At)
		}
		return d.changes(slices.Values(b.Changes))
	})
}

// Finish implements [db.Store].
func (m *Memory) Finish(ctx context.Context, r *db.Run, absences iter.Seq[db.Change]) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	row, err := m.row(r)
	if err != nil {
		return err
	}
	if !row.FinishedAt.IsZero() {
		return fmt.Errorf("run %d is closed already", r.ID)
	}
	cl := m.clusters[r.Cluster.Name]
	if r.Outcome == db.Quick {
		if cl.conclusive.IsZero() {
			return errors.New("a quick listing that follows no complete one")
		}
		if err := m.guarded(ctx, r, func(*draft) error { return nil }); err != nil {
			return err
		}
		cl.conclusive = ms(r.FinishedAt)
	}
	conclusive := cl.conclusive
	if r.Order == db.OtherOrder {
		conclusive = cl.completeFinished
	}
	if r.Outcome == db.Complete || r.Outcome == db.Partial && absences != nil {
		if err := m.guarded(ctx, r, func(d *draft) error { return d.changes(absences) }); err != nil {
			return err
		}
	}
	if r.Outcome == db.Complete {
		if !conclusive.IsZero() && r.ListingStart.Sub(conclusive) > 2*cl.completeExpected {
			cl.gaps = append(cl.gaps, Gap{conclusive, ms(r.ListingStart)})
		}
		cl.completeStarted, cl.completeFinished, cl.completeExpected = ms(r.ListingStart), ms(r.FinishedAt), r.Cluster.Expected
		conclusive = cl.completeFinished
	}
	cl.conclusive = conclusive
	switch r.Order {
	case db.NewestFirst:
		if cl.newestFirst++; cl.newestFirst == 1 {
			cl.newestFirstSince = ms(r.FinishedAt)
		}
	case db.OtherOrder:
		cl.newestFirst, cl.newestFirstSince = 0, time.Time{}
	}
	cl.saw(r.FinishedAt)
	*row = *r
	return nil
}

// Jobs returns a cluster's jobs in the order in which they appeared.
func (m *Memory) Jobs(name string) []Job {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Job
	for _, j := range m.cluster(name).jobs {
		all = append(all, *j)
	}
	return all
}

// Transitions returns a cluster's history, oldest first.
func (m *Memory) Transitions(name string) []Transition {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.transitions), func(t Transition) bool { return t.Cluster != name })
}

// Runs returns a cluster's runs, oldest first, each as its Finish left it.
func (m *Memory) Runs(name string) []db.Run {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.runs), func(r db.Run) bool { return r.Cluster.Name != name })
}

// Gaps returns a cluster's gaps that have ended, oldest first.
func (m *Memory) Gaps(name string) []Gap {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.cluster(name).gaps)
}

// ms rounds a time as stores do.
func ms(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Truncate(time.Millisecond).UTC()
}
