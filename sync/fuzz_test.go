package sync

import (
	"testing"
	"time"

	"importarchive/db"
	"importarchive/sync/remote"
)

// FuzzDeciding turns bytes into listings and checks what must hold whatever a
// service lists: a page decided twice changes nothing the second time, bounds
// are in order, a job's state follows from its changes, and nothing is gone
// without enough complete listings in a row that lack it.
func FuzzDeciding(f *testing.F) {
	f.Add([]byte("\x02aAbBcC|aA|end|"))
	f.Add([]byte("\x01aAbBcC\x00\xffbB\x00\xffaCbB\x00\xff"))
	f.Add([]byte("\x01aCbBcC\x00\xff\x01\xfdaCbB\x00\xffaBbBcC\x00\xff\x01\xfdbBcD\x00\xff"))
	f.Add([]byte("\x03aA\x01aA\x01bB\x00\xffaD\x00\xfe\x00\xff\x00\xff\x00\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		m := model{t: t, known: db.NewKnown(), goneAfter: 1 + int(data[0]%4), jobs: map[string]*modelJob{}, now: time.Unix(1e9, 0)}
		m.play(data[1:])
	})
}

// model is what must follow from the listings, kept as plainly as can be.
type model struct {
	t         *testing.T
	known     *db.Known
	goneAfter int
	now       time.Time
	jobs      map[string]*modelJob
}

type modelJob struct {
	seq      uint32
	state    db.State
	gone     bool
	missed   int
	observed time.Time
	pruned   bool
}

var modelWords = [...]string{"ImportPending", "ImportRunning", "ImportCompleted", "ImportFailed", "ImportCancel", "Odd", "Odder", ""}

// play reads two bytes as one record. Bytes 0 and 1 end a page; 0 followed by
// 0xff ends the listing as complete, by 0xfe as broken, and 1 followed by 0xfd
// prunes whatever can be.
func (m *model) play(data []byte) {
	l := newListing(m.known, m.goneAfter)
	seen := map[string]bool{}
	var page remote.Page
	for len(data) > 1 {
		a, b := data[0], data[1]
		data = data[2:]
		if a > 1 {
			page.Jobs = append(page.Jobs, remote.Job{
				ID: string('a' + rune(a%16)), RawState: modelWords[b%8], Collection: []string{"", "x", "y"}[b/8%3],
			})
			continue
		}
		m.page(l, page, seen)
		page = remote.Page{}
		if a == 0 && b >= 0xfe {
			m.end(l, seen, b == 0xff && l.disturbed() == "")
			l, seen = newListing(m.known, m.goneAfter), map[string]bool{}
		}
		if a == 1 && b == 0xfd {
			m.prune()
		}
	}
}

// prune makes what is known what it would be if it were loaded after a prune.
func (m *model) prune() {
	for id, j := range m.jobs {
		if j.state.Terminal() || j.gone {
			j.pruned = true
			e := m.known.Find(id)
			e.Mark(e.Gone(), true)
		}
	}
}

func (m *model) page(l *listing, p remote.Page, seen map[string]bool) {
	p.Count = -1
	p.Asked, p.Received = m.now.Add(time.Second), m.now.Add(2*time.Second)
	m.now = p.Received
	batch, _ := l.page(&p, false)
	for i := range batch.Changes {
		m.apply(&batch.Changes[i])
	}
	for i := range p.Jobs {
		j := m.jobs[p.Jobs[i].ID]
		seen[p.Jobs[i].ID] = true
		if j == nil || j.gone {
			m.t.Fatalf("%s is listed, but not archived or gone", p.Jobs[i].ID)
		}
		j.missed = 0
		if m.known.Find(p.Jobs[i].ID).Pruned() != j.pruned {
			m.t.Fatalf("%s counts as pruned: %v, want %v", p.Jobs[i].ID, !j.pruned, j.pruned)
		}
	}
	last := map[string]string{}
	for i := range p.Jobs {
		last[p.Jobs[i].ID] = p.Jobs[i].RawState
	}
	for id, raw := range last {
		if m.jobs[id].state != stateOf(raw) {
			m.t.Fatalf("%s is %s, but was listed as %q", id, m.jobs[id].state, raw)
		}
	}
	settled := remote.Page{Count: -1, Asked: p.Asked, Received: p.Received}
	for id, raw := range last {
		settled.Jobs = append(settled.Jobs, remote.Job{ID: id, RawState: raw})
	}
	if again, _ := newListing(m.known, m.goneAfter).page(&settled, false); len(again.Changes) > 0 {
		m.t.Fatalf("decided twice, a page changes %v", again.Changes)
	}
}

func (m *model) end(l *listing, seen map[string]bool, complete bool) {
	if !complete {
		return
	}
	for id, j := range m.jobs {
		if !seen[id] && !j.gone {
			j.missed++
		}
	}
	for c := range l.absences() {
		m.apply(&c)
	}
	for id, j := range m.jobs {
		if want := j.missed >= m.goneAfter; j.gone != want {
			m.t.Fatalf("%s missed %d listings of %d, gone: %v", id, j.missed, m.goneAfter, j.gone)
		}
	}
	if !l.start.IsZero() {
		m.known.CompleteStart = l.start
	}
}

func (m *model) apply(c *db.Change) {
	var j *modelJob
	for _, candidate := range m.jobs {
		if candidate.seq == c.Seq {
			j = candidate
		}
	}
	if (j == nil) != (c.Kind == db.Appeared) {
		m.t.Fatalf("job %d %s, known before: %v", c.Seq, c.Kind, j != nil)
	}
	if j == nil {
		j = &modelJob{seq: c.Seq, state: c.Job.State}
		m.jobs[c.Job.ID] = j
	}
	if !c.NotBefore.Before(c.ObservedAt) || c.ObservedAt.Before(j.observed) || c.Asked.After(c.Seen) {
		m.t.Fatalf("%+v is not in order", c)
	}
	j.observed = c.ObservedAt
	j.pruned = j.pruned && !c.Kind.History()
	switch c.Kind {
	case db.Moved:
		if c.FromState != j.state || c.FromState == c.Job.State && c.Job.State != db.Unknown {
			m.t.Fatalf("moved from %s to %s, but was %s", c.FromState, c.Job.State, j.state)
		}
		j.state = c.Job.State
	case db.Gone:
		j.gone = true
	case db.Returned:
		if !j.gone {
			m.t.Fatal("returned, but was not gone")
		}
		j.gone, j.missed = false, 0
	case db.Missed:
		if c.Misses != j.missed {
			m.t.Fatalf("missed %d times, counted %d", c.Misses, j.missed)
		}
	}
}
