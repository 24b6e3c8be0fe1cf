package sync

import (
	"testing"
	"time"

	"importarchive/db"
	"importarchive/sync/remote"
)

// FuzzDeciding turns bytes into listings, and answers about jobs, and checks what
// must hold whatever a service says: a page decided twice changes nothing the
// second time, bounds are in order, a job's state follows from its changes and is
// what the newest news of either source says, and a job is gone exactly when
// enough complete listings in a row lack it and the service does not know it.
func FuzzDeciding(f *testing.F) {
	f.Add([]byte("\x02aAbBcC|aA|end|"))
	f.Add([]byte("\x01aAbBcC\x00\xffbB\x00\xffaCbB\x00\xff"))
	f.Add([]byte("\x01aCbBcC\x00\xff\x01\xfdaCbB\x00\xffaBbBcC\x00\xff\x01\xfdbBcD\x00\xff"))
	f.Add([]byte("\x03aA\x01aA\x01bB\x00\xffaD\x00\xfe\x00\xff\x00\xff\x00\xff"))
	f.Add([]byte("\x01aCbB\x00\xff\x01\x84aC\x01\x84\x00\xff\x01\xc1aC\x00\xffaC\x00\xff\x01\xc1aC\x00\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		m := model{t: t, known: db.NewKnown(), goneAfter: 1 + int(data[0]%4), jobs: map[string]*modelJob{}, says: map[string]verdict{}, now: time.Unix(1e9, 0)}
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
	says      map[string]verdict // of absent jobs; the others it does not know
}

type modelJob struct {
	seq      uint32
	state    db.State // by its changes
	newest   db.State // by the newest news of either source
	listed   string   // the words that these gave last
	told     string
	gone     bool
	missed   int
	observed time.Time
	pruned   bool
}

var modelWords = [...]string{"ImportPending", "ImportRunning", "ImportCompleted", "ImportFailed", "ImportCancel", "Odd", "Odder", ""}

// play reads two bytes as one record. Bytes 0 and 1 end a page; 0 followed by
// 0xff ends the listing as complete, by 0xfe as broken, and 1 followed by 0xfd
// prunes whatever can be, by 0x80 to 0xbf has the service tell a job's state, by
// 0xc0 to 0xcf has it know an absent job, not say, or not know it.
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
		switch {
		case a == 1 && b == 0xfd:
			m.prune()
		case a == 1 && b&0xc0 == 0x80:
			m.describe(string('a'+rune(b>>3&7)), modelWords[b&7])
		case a == 1 && b&0xf0 == 0xc0:
			id := string('a' + rune(b&15))
			if _, known := m.says[id]; !known {
				m.says[id] = confirmed
			}
			m.says[id] = (m.says[id] + 1) % 3
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

// describe has the service tell the state of a job.
func (m *model) describe(id, word string) {
	j := m.jobs[id]
	if j == nil || j.gone {
		return
	}
	asked, told := m.now.Add(time.Second), m.now.Add(2*time.Second)
	m.now = told
	d := db.Described{ID: id, Asked: asked, Received: told, State: stateOf(word), Details: &db.Details{RawState: word}}
	if d.State == db.Unknown {
		d.State = ""
	} else if word != j.told {
		j.told, j.newest = word, d.State
	}
	if c := moveByDetails(m.known, &d, false); c != nil {
		m.apply(c)
	}
	if j.state != j.newest {
		m.t.Fatalf("%s is %s, but the newest news says %s", id, j.state, j.newest)
	}
	if again := moveByDetails(m.known, &d, false); again != nil {
		m.t.Fatalf("told twice, %s changes by %+v", id, again)
	}
}

func (m *model) page(l *listing, p remote.Page, seen map[string]bool) {
	p.Count = -1
	p.Asked, p.Received = m.now.Add(time.Second), m.now.Add(2*time.Second)
	m.now = p.Received
	batch, _ := l.page(&p, false)
	for i := range batch {
		m.apply(&batch[i])
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
		id, raw := p.Jobs[i].ID, p.Jobs[i].RawState
		last[id] = raw
		if j := m.jobs[id]; raw != j.listed || j.newest == "" {
			j.listed, j.newest = raw, stateOf(raw)
		}
	}
	for id, raw := range last {
		if j := m.jobs[id]; j.state != j.newest {
			m.t.Fatalf("%s is %s, but the newest news is %s, listed as %q", id, j.state, j.newest, raw)
		}
	}
	settled := remote.Page{Count: -1, Asked: p.Asked, Received: p.Received}
	for id, raw := range last {
		settled.Jobs = append(settled.Jobs, remote.Job{ID: id, RawState: raw})
	}
	if again, _ := newListing(m.known, m.goneAfter).page(&settled, false); len(again) > 0 {
		m.t.Fatalf("decided twice, a page changes %v", again)
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
	a := l.absent()
	for seq, more := a.next(); more; seq, more = a.next() {
		a.answer(seq, m.saysOf(m.idOf(seq)))
	}
	was := map[string]bool{}
	for id, j := range m.jobs {
		was[id] = j.gone
	}
	for c := range l.conclude(a) {
		m.apply(&c)
	}
	for id, j := range m.jobs {
		enough := j.missed >= m.goneAfter && m.saysOf(id) == confirmed
		if stopped := a.failures == failedQuestions; j.gone && !was[id] && !enough || !j.gone && enough && !stopped && !seen[id] {
			m.t.Fatalf("%s missed %d listings of %d, the service says %d, gone: %v", id, j.missed, m.goneAfter, m.saysOf(id), j.gone)
		}
	}
	if a.undecided() > 0 {
		return
	}
	if !l.start.IsZero() {
		m.known.CompleteStart = l.start
	}
}

func (m *model) saysOf(id string) verdict {
	if v, told := m.says[id]; told {
		return v
	}
	return confirmed
}

func (m *model) idOf(seq uint32) string {
	for id, j := range m.jobs {
		if j.seq == seq {
			return id
		}
	}
	return ""
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
		if c.FromState != j.state || c.FromState == c.Job.State && c.FromRawState == c.Job.RawState {
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
		if c.Misses != min(j.missed, m.goneAfter) {
			m.t.Fatalf("missed %d times, counted %d", c.Misses, j.missed)
		}
	}
}
