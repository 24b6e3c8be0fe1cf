package model

import (
	"context"
	"slices"
	"time"

	"importarchive/db"
)

// Prune marks the jobs that are too old, and drops what only their rows hold.
func (m *Memory) Prune(ctx context.Context, p *db.Prune) (*db.Pruned, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	done := &db.Pruned{}
	if ctx.Err() != nil {
		return done, ctx.Err()
	}
	for _, cl := range m.clusters {
		now := m.newestReading(cl.Name)
		if p.Now.Before(now) {
			now = p.Now
		}
		for i, j := range cl.jobs {
			if !j.Pruned && j.due(&p.Keep, now) {
				pruned := *j
				pruned.Pruned = true
				pruned.forget()
				cl.jobs[i] = &pruned
				m.transitions = slices.DeleteFunc(m.transitions, func(t Transition) bool { return t.Cluster == cl.Name && t.Seq == j.Seq })
				done.Deletions = append(done.Deletions, db.Deletion{Cluster: cl.Name, Jobs: 1})
			}
		}
	}
	return done, nil
}

// newestReading is the start of the newest run that read something.
func (m *Memory) newestReading(cluster string) (at time.Time) {
	for i := range m.runs {
		if r := &m.runs[i]; r.Cluster.Name == cluster && (r.Outcome.Conclusive() || r.Outcome == db.Partial) {
			at = db.Later(at, r.StartedAt)
		}
	}
	return at
}

func (j *Job) due(keep *db.Retention, now time.Time) bool {
	since, age := j.StateSeen, time.Duration(0)
	switch j.State {
	case db.Completed:
		age = keep.Completed
	case db.Failed:
		age = keep.Failed
	case db.Cancelled:
		age = keep.Cancelled
	default:
		since, age = j.GoneAt, keep.Lost
	}
	return age > 0 && !since.IsZero() && since.Before(now.Add(-age))
}

// forget drops what the engine does not need to decide.
func (j *Job) forget() {
	j.Progress, j.Reason, j.Extra = nil, "", ""
	j.Settled, j.Details, j.DescribedAt = false, nil, time.Time{}
}
