package simulator

import (
	"maps"
	"slices"
	"time"
)

// Sighting is what lists have truly shown of a job: in whole, successful answers that
// did not lie about this job.
type Sighting struct {
	First, Last time.Time // the moments of the answers, not those of their arrival
	States      []string  // in the order shown, as in Moment
	RawStates   []string  // likewise; two of them may mean one State
	Collections []string  // likewise
}

// Shown returns what lists have shown of each job, by id. A page counts when the caller
// has read its last byte through Transport, or over a socket when it was sent.
func (w *World) Shown(clusterID string) map[string]Sighting {
	c := w.must(clusterID)
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.seen) // its lists only grow
}

// Lie is a false claim of one page about a job: a wrong state at that moment, or its
// absence. In that case a successful page belonged to a listing without the job,
// although the cluster had it.
type Lie struct {
	At                          time.Time
	Listed                      bool // false: the job was hidden, and the rest is empty
	Nameless                    bool // it was hidden as a record without an id
	State, RawState, Collection string
}

// Lies returns the false claims about each job, by id, in the order of arrival. A page
// counts as in Shown. A first page that shows its own lack, with a null list and a
// count above 0, is no lie.
func (w *World) Lies(clusterID string) map[string][]Lie {
	c := w.must(clusterID)
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.lies) // its lists only grow
}

// Description has the content of whole, successful answers about one job.
type Description struct {
	Times     int       // how often
	Last      time.Time // the moment of the newest answer
	State     string    // then, as in Moment; zilliz-v1 does not send it
	RawStates []string  // in the order sent
	Reason    string    // then
}

// Descriptions returns the content of answers about single jobs, by id. An answer counts
// as a page does.
func (w *World) Descriptions(clusterID string) map[string]Description {
	c := w.must(clusterID)
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.descriptions) // its lists only grow
}

// Verdict is what an answer about one job means for its existence.
type Verdict string

const (
	Silent    Verdict = "silent"       // nothing: an error, or no whole answer
	Exists    Verdict = "exists"       // it shows how the job is
	Forgotten Verdict = "forgotten"    // there is no such job
	NoCall    Verdict = "no such call" // HTTP 404 or 405; another name of the call may be known
)

// Question is one query for one job.
type Question struct {
	ID     string
	At     time.Time // the moment of the answer; of the request where there was none
	Answer Verdict
}

// Asked returns the queries for single jobs of a cluster, in their order. An answer
// counts as a page does, and is Silent until then.
func (w *World) Asked(clusterID string) []Question {
	c := w.must(clusterID)
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.questions)
}

// answers returns a function that records the answer to the nth query when it has arrived.
func (c *cluster) answers(nth int, at int64, verdict Verdict) func() {
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if nth <= len(c.questions) {
			c.questions[nth-1].At, c.questions[nth-1].Answer = time.UnixMilli(at).UTC(), verdict
		}
	}
}

// describes is answers for an answer about a job that exists.
func (c *cluster) describes(nth int, at int64, d *detail) func() {
	exists, now := c.answers(nth, at, Exists), time.UnixMilli(at).UTC()
	return func() {
		exists()
		c.mu.Lock()
		defer c.mu.Unlock()
		t := c.descriptions[d.id]
		t.Times++
		if !now.Before(t.Last) { // else overtaken by a newer answer
			t.Last, t.State, t.Reason = now, stateNamed(d.word), d.Reason
			t.RawStates = follow(t.RawStates, d.word)
		}
		c.descriptions[d.id] = t
	}
}

// claim is a page's claim about a job, and whether it is true.
type claim struct {
	Lie
	id   string
	true bool
}

// claims are all claims of a page.
func (p *page) claims(at time.Time) []claim {
	all := make([]claim, 0, p.to-p.from+len(p.hidden))
	for i := p.from; i < p.to; i++ {
		l := p.job(i)
		if l.Ghost { // it says of itself that it is not there
			continue
		}
		if p.isNameless(&l) {
			all = append(all, claim{Lie: Lie{At: at, Nameless: true}, id: string(p.rules.AppendID(nil, &l))})
			continue
		}
		word, _ := p.words(&l, p.at)
		now, _ := p.words(&l, p.now)
		listed, _ := l.Listed(p.now)
		all = append(all, claim{
			Lie:  Lie{At: at, Listed: true, State: stateNamed(word), RawState: word, Collection: p.names[l.Collection(p.at)]},
			id:   string(p.rules.AppendID(nil, &l)),
			true: listed && word == now && l.Collection(p.at) == l.Collection(p.now),
		})
	}
	for i := range p.hidden {
		all = append(all, claim{Lie: Lie{At: at}, id: string(p.rules.AppendID(nil, &p.hidden[i]))})
	}
	return all
}

// record returns a function that records a page when all of it has arrived.
func (c *cluster) record(p *page, at int64) func() {
	claims := p.claims(time.UnixMilli(at).UTC())
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for i := range claims {
			k := &claims[i]
			if !k.true {
				c.lies[k.id] = append(c.lies[k.id], k.Lie)
				continue
			}
			s, known := c.seen[k.id]
			if !known {
				s = Sighting{First: k.At, Last: k.At}
			}
			if k.At.Before(s.Last) { // overtaken by a newer answer
				continue
			}
			s.Last = k.At
			s.States = follow(s.States, k.State)
			s.RawStates = follow(s.RawStates, k.RawState)
			s.Collections = follow(s.Collections, k.Collection)
			c.seen[k.id] = s
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
