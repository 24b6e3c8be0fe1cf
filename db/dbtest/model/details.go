package model

import (
	"context"
	"errors"
	"slices"

	"importarchive/db"
)

// Undescribed implements [db.Store].
func (m *Memory) Undescribed(ctx context.Context, name string, limit int) (all []db.Undescribed, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, j := range m.cluster(name).jobs {
		if !j.Settled && !j.Pruned && j.GoneAt.IsZero() {
			all = append(all, db.Undescribed{Seq: j.Seq, ID: j.ID, State: j.State})
		}
	}
	need := []db.State{db.Failed, db.Cancelled, db.Completed, db.Running, db.Pending, db.Unknown}
	slices.SortStableFunc(all, func(a, b db.Undescribed) int {
		return slices.Index(need, a.State) - slices.Index(need, b.State)
	})
	return all[:min(limit, len(all))], ctx.Err()
}

// JobID implements [db.Store].
func (m *Memory) JobID(ctx context.Context, name string, seq uint32) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if cl := m.cluster(name); seq > 0 && int(seq) <= len(cl.jobs) {
		return cl.jobs[seq-1].ID, ctx.Err()
	}
	return "", ctx.Err()
}

// Described implements [db.Store].
func (m *Memory) Described(ctx context.Context, r *db.Run, all []db.Described) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	row, err := m.row(r)
	if err != nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	if row.FinishedAt.IsZero() {
		return errors.New("the run is not closed yet")
	}
	store := func(d *draft) error {
		for i := range all {
			if err := d.described(&all[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if slices.ContainsFunc(all, func(d db.Described) bool { return d.Moved != nil }) {
		err = m.guarded(ctx, r, store)
	} else {
		d := m.draft(r)
		if err = store(d); err == nil {
			m.keep(d)
		}
	}
	if err == nil {
		r.Count(all)
		row.Count(all)
	}
	return err
}

func (d *draft) described(t *db.Described) error {
	if t.Failed() {
		return nil
	}
	if t.Moved != nil {
		if err := d.change(t.Moved); err != nil {
			return err
		}
	}
	j, err := d.job(t.Seq)
	if err != nil {
		return err
	}
	if j.Pruned {
		if t.State != "" {
			j.DescribedRaw = t.Details.RawState
		}
		return nil
	}
	j.Settled = j.Settled || t.Settles(j.State, j.StateSeen)
	if t.Details == nil || j.DescribedAt.After(t.Asked) {
		return nil
	}
	if now, news := t.Details.After(j.Details); news {
		j.Details, j.DescribedAt = now, ms(t.Received)
		if t.State != "" {
			j.DescribedRaw = t.Details.RawState
		}
		d.newest = db.Later(d.newest, ms(t.Received))
	}
	return nil
}
