package simulator

import (
	"slices"
	"time"

	"importarchive/sync/remote/simulator/fate"
)

// File is one of a job's files.
type File = fate.File

// Life is the true history of a job, in order.
type Life struct {
	ID         string
	Moments    []Moment
	Files      []File
	Size, Rows int64 // of all files
}

// Moment is one change in a life, with the job's state after it. A listing of At or
// later has it.
type Moment struct {
	At         time.Time
	Kind       string // appeared, moved, renamed, gone (from the list) or returned (to it)
	State      string // pending, running, completed, failed or cancelled
	RawState   string // the list's word for it; two of them may mean one State
	Collection string
	Reason     string // of a failed or cancelled job; not every dialect shows it

	// What describe says, the same unless the cluster disagrees with itself.
	DescribedState, DescribedRaw string
}

// Truth is the life, until now, of each job born until now, the eldest first.
func (w *World) Truth(clusterID string) []Life {
	c := w.must(clusterID)
	now := w.still(w.now().UnixMilli())
	var all []Life
	for n := -c.Jobs; n < 0 || c.Every > 0 && c.rules.Birth(n) <= now; n++ {
		l := c.rules.Life(n)
		life := Life{ID: string(c.rules.AppendID(nil, &l)), Moments: c.moments(&l, now), Files: c.rules.Files(&l)}
		for _, f := range life.Files {
			life.Size += f.Size
			life.Rows += f.Rows
		}
		all = append(all, life)
	}
	return all
}

// moments of a life until t.
func (c *cluster) moments(l *fate.Life, t int64) []Moment {
	all := make([]Moment, 0, 4)
	add := func(at int64, kind string) {
		if at > t {
			return
		}
		m := Moment{At: time.UnixMilli(at).UTC(), Kind: kind, Collection: c.names[l.Collection(at)], Reason: l.Reason(at)}
		m.RawState, m.DescribedRaw = c.words(l, at)
		m.State, m.DescribedState = stateNamed(m.RawState), stateNamed(m.DescribedRaw)
		all = append(all, m)
	}
	add(l.Born, "appeared")
	add(l.Started, "moved")
	add(l.Uncommitted, "moved")
	add(l.Commit, "moved")
	add(l.Ended, "moved")
	add(l.Renamed, "renamed")
	add(l.Gone, "gone")
	add(l.Back, "returned")
	if l.Back != fate.Never {
		add(l.Left, "gone")
	}
	slices.SortStableFunc(all, func(a, b Moment) int { return a.At.Compare(b.At) })
	return all
}
