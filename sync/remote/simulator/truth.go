package simulator

import (
	"slices"
	"time"
)

// Life is what really happened to a job, in order.
type Life struct {
	ID         string
	Moments    []Moment
	Files      []File
	Size, Rows int64 // of all files
}

// Moment is one turn of a life, and how the job stands after it. A listing
// looked at at or after At has it.
type Moment struct {
	At         time.Time
	Kind       string // appeared, moved, renamed, gone (from the list) or returned (to it)
	State      string // pending, running, completed, failed or cancelled
	RawState   string // the dialect's word for it
	Collection string
	Reason     string // of one that ended badly; not every dialect shows it
}

// Truth is the life, until now, of each job born until now, the eldest first.
func (w *World) Truth(clusterID string) []Life {
	c := w.must(clusterID)
	now := w.now().UnixMilli()
	var all []Life
	for n := -c.Jobs; n < 0 || c.Every > 0 && c.birth(n) <= now; n++ {
		l := c.life(n)
		life := Life{ID: string(c.appendID(nil, &l)), Moments: c.moments(&l, now), Files: c.filesOf(&l)}
		for _, f := range life.Files {
			life.Size += f.Size
			life.Rows += f.Rows
		}
		all = append(all, life)
	}
	return all
}

// moments of a life until t.
func (c *cluster) moments(l *life, t int64) []Moment {
	all := make([]Moment, 0, 4)
	add := func(at int64, kind string) {
		if at > t {
			return
		}
		s := l.state(at)
		m := Moment{
			At:         time.UnixMilli(at).UTC(),
			Kind:       kind,
			State:      stateNames[s],
			RawState:   c.dialect.words[s],
			Collection: c.names[l.name(at)],
		}
		if s == l.end {
			m.Reason = reasons[l.reason]
		}
		all = append(all, m)
	}
	add(l.born, "appeared")
	add(l.started, "moved")
	add(l.ended, "moved")
	add(l.renamed, "renamed")
	add(l.gone, "gone")
	add(l.back, "returned")
	if l.back != never {
		add(l.left, "gone")
	}
	slices.SortStableFunc(all, func(a, b Moment) int { return a.At.Compare(b.At) })
	return all
}

// Sighting is what whole, successful answers showed of a job: all that anybody
// outside can know of it.
type Sighting struct {
	First, Last time.Time // the moments its list was looked at, not those it was received
	States      []string  // in the order shown, as in Moment
	Collections []string  // likewise
}

// Shown is what was shown of each job, by id. A page counts when its last byte
// was read through Transport; a socket doesn't tell, there it counts when sent.
func (w *World) Shown(clusterID string) map[string]Sighting {
	c := w.must(clusterID)
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]Sighting, len(c.seen))
	for id, s := range c.seen {
		shown := *s
		shown.States, shown.Collections = slices.Clone(s.States), slices.Clone(s.Collections)
		all[id] = shown
	}
	return all
}

// Telling is what whole, successful answers told of a job that was asked about.
type Telling struct {
	Times  int       // how often
	Last   time.Time // the moment that the job was looked at
	State  string    // then, as in Moment; zilliz-v1 does not tell it
	Reason string    // then
}

// Told is what was told of each job by itself, by id. An answer counts as a
// page does.
func (w *World) Told(clusterID string) map[string]Telling {
	c := w.must(clusterID)
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]Telling, len(c.told))
	for id, t := range c.told {
		all[id] = *t
	}
	return all
}

// recordTelling is record for one job.
func (c *cluster) recordTelling(d *detail) func() {
	at := time.UnixMilli(c.at).UTC()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		t := c.told[d.id]
		if t == nil {
			t = &Telling{}
			c.told[d.id] = t
		}
		t.Times++
		if at.Before(t.Last) { // overtaken by a newer answer
			return
		}
		t.Last, t.State, t.Reason = at, stateNames[d.state], d.reason
	}
}

// record prepares what to remember of a page, for when all of it has arrived.
func (c *cluster) record(p *page) func() {
	type look struct{ id, state, collection string }
	looks := make([]look, 0, p.to-p.from)
	for i := p.from; i < p.to; i++ {
		l := p.job(i)
		looks = append(looks, look{
			id:         string(c.appendID(nil, &l)),
			state:      stateNames[l.state(p.at)],
			collection: c.names[l.name(p.at)],
		})
	}
	at := time.UnixMilli(p.at).UTC()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, k := range looks {
			s := c.seen[k.id]
			if s == nil {
				s = &Sighting{First: at, Last: at}
				c.seen[k.id] = s
			}
			if at.Before(s.Last) { // overtaken by a newer answer
				continue
			}
			s.Last = at
			s.States = follow(s.States, k.state)
			s.Collections = follow(s.Collections, k.collection)
		}
	}
}

// follow appends what differs from the last.
func follow(all []string, next string) []string {
	if len(all) > 0 && all[len(all)-1] == next {
		return all
	}
	return append(all, next)
}
