package model

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"importarchive/db"
)

// draft collects what one commit alters of a [Memory]. A commit that fails drops
// it.
type draft struct {
	cluster     *cluster
	run         int64
	jobs        map[uint32]*Job
	next        uint32
	transitions []Transition
	newest      time.Time
}

func (m *Memory) row(r *db.Run) (*db.Run, error) {
	if r.ID < 1 || r.ID > int64(len(m.runs)) {
		return nil, fmt.Errorf("there is no run %d", r.ID)
	}
	return &m.runs[r.ID-1], nil
}

// guarded keeps what f drafts, unless another run has committed meanwhile.
func (m *Memory) guarded(ctx context.Context, r *db.Run, f func(*draft) error) error {
	if _, err := m.row(r); err != nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	cl := m.clusters[r.Cluster.Name]
	if cl.generation != r.Generation {
		return db.ErrConflict
	}
	d := m.draft(r)
	if err := f(d); err != nil {
		return err
	}
	m.keep(d)
	cl.generation++
	r.Generation++
	if cl.newest.After(r.NewestBefore) {
		r.NewestBefore = cl.newest
	}
	return nil
}

func (m *Memory) draft(r *db.Run) *draft {
	cl := m.clusters[r.Cluster.Name]
	return &draft{cluster: cl, run: r.ID, jobs: map[uint32]*Job{}, next: uint32(len(cl.jobs)) + 1}
}

func (m *Memory) keep(d *draft) {
	cl := d.cluster
	for seq := uint32(1); seq < d.next; seq++ {
		if j := d.jobs[seq]; int(seq) > len(cl.jobs) {
			cl.jobs = append(cl.jobs, j)
		} else if j != nil {
			cl.jobs[seq-1] = j
		}
	}
	for _, t := range d.transitions {
		t.ID = int64(len(m.transitions)) + 1
		m.transitions = append(m.transitions, t)
	}
	cl.saw(d.newest)
}

func (cl *cluster) saw(t time.Time) { cl.newest = db.Later(cl.newest, ms(t)) }

func (d *draft) change(c *db.Change) error {
	d.newest = db.Later(d.newest, db.Later(c.ObservedAt, c.Seen))
	switch {
	case c.Kind == db.Appeared && (c.Seq != d.next || c.Job.ID == "" || c.Job.ID == "0"):
		return fmt.Errorf("job %d with the id %q appears, the next one is %d", c.Seq, c.Job.ID, d.next)
	case c.Kind == db.Appeared:
		d.next++
		d.jobs[c.Seq] = &Job{
			Job: c.Job, Seq: c.Seq, AppearedAfter: ms(c.NotBefore), FirstSeen: ms(c.ObservedAt),
			StateAfter: ms(c.NotBefore), StateSeen: ms(c.ObservedAt), Asked: ms(c.Asked), Seen: ms(c.Seen),
			ListedRaw: c.ListedRaw,
		}
	default:
		j, err := d.job(c.Seq)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Kind, err)
		}
		if err := alter(j, c); err != nil {
			return err
		}
	}
	d.transition(c)
	return nil
}

// changes drafts changes. None may be nil.
func (d *draft) changes(all iter.Seq[db.Change]) error {
	if all == nil {
		return nil
	}
	for c := range all {
		if err := d.change(&c); err != nil {
			return err
		}
	}
	return nil
}

// job returns a copy of a job, which the draft may alter.
func (d *draft) job(seq uint32) (*Job, error) {
	if j := d.jobs[seq]; j != nil {
		return j, nil
	}
	if seq == 0 || seq >= d.next {
		return nil, fmt.Errorf("there is no job %d", seq)
	}
	j := *d.cluster.jobs[seq-1]
	d.jobs[seq] = &j
	return &j, nil
}

func alter(j *Job, c *db.Change) error {
	gone := !j.GoneAt.IsZero()
	j.Pruned = j.Pruned && !c.Kind.History()
	if c.Kind == db.Missed || c.Kind == db.Gone {
		if gone {
			return fmt.Errorf("job %d is gone already", c.Seq)
		}
		if j.MissedSince.IsZero() {
			j.MissedSince = ms(c.ObservedAt)
		}
		j.Misses, j.Asked, j.Seen = c.Misses, db.Later(j.Asked, ms(c.Asked)), db.Later(j.Seen, ms(c.Seen))
		if c.Kind == db.Gone {
			j.GoneAt = ms(c.ObservedAt)
		}
		return nil
	}
	j.Settled = j.Settled && !c.Turned() && c.Kind != db.Returned && (j.Misses == 0 || c.FromDetails)
	j.ListedRaw = c.ListedRaw
	if c.FromDetails {
		j.State, j.RawState, j.Asked, j.Seen = c.Job.State, c.Job.RawState, db.Later(j.Asked, ms(c.Asked)), db.Later(j.Seen, ms(c.Seen))
		j.StateAfter, j.StateSeen = ms(c.NotBefore), ms(c.ObservedAt)
		return nil
	}
	id := j.ID
	j.Job = c.Job
	j.ID = id
	if j.Pruned {
		j.forget()
	}
	j.Asked, j.Seen = ms(c.Asked), ms(c.Seen)
	switch {
	case c.Turned():
		j.StateAfter, j.StateSeen = ms(c.NotBefore), ms(c.ObservedAt)
	case c.Kind == db.Returned:
		j.GoneAt, gone = time.Time{}, false
	}
	if !gone {
		j.Misses, j.MissedSince = 0, time.Time{}
	}
	return nil
}

func (d *draft) transition(c *db.Change) {
	t := Transition{
		Run: d.run, Cluster: d.cluster.Name, Seq: c.Seq, Collection: c.Job.Collection, Kind: c.Kind,
		To: c.Job.State, ToRaw: c.Job.RawState, NotBefore: ms(c.NotBefore), ObservedAt: ms(c.ObservedAt),
	}
	switch c.Kind {
	case db.Edited, db.Missed:
		return
	case db.Moved:
		t.From, t.FromRaw = c.FromState, c.FromRawState
	case db.Renamed:
		t.From, t.FromRaw = t.To, t.ToRaw
	case db.Gone:
		t.From, t.FromRaw, t.To, t.ToRaw = t.To, t.ToRaw, "", ""
	}
	d.transitions = append(d.transitions, t)
}
