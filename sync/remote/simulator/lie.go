package simulator

import (
	"slices"

	"importarchive/sync/remote/simulator/fate"
)

// Lies are decided with a listing's first page.
var lies = []Kind{Away, Denied, Stale, Omits, Nameless, Ghosts}

// lie is the effect of faults on a list, or on the answer about one job.
type lie struct {
	lacks    []func(l *fate.Life, t int64) bool // the jobs that are left out, or not to be spoken of
	nameless func(l *fate.Life, t int64) bool   // the jobs that are listed without an id; nil for none
	lag      int64                              // how old the list is
	ghosts   int64                              // for how long it still has what left, as failed
}

func (f *lie) any() bool { return len(f.lacks) > 0 || f.lag > 0 || f.ghosts > 0 }

func (f *lie) withholds(l *fate.Life, t int64) bool {
	return slices.ContainsFunc(f.lacks, func(lacks func(*fate.Life, int64) bool) bool { return lacks(l, t) })
}

// withheld returns which jobs a fault omits without a sign; nil if the fault answers
// itself.
func (f *fault) withheld(c *cluster, call Call) func(*fate.Life, int64) bool {
	switch {
	case f.Kind == Away && call == List:
		return func(*fate.Life, int64) bool { return true }
	case f.Kind == Denied && f.Collection != "":
		return func(l *fate.Life, t int64) bool { return c.names[l.Collection(t)] == f.Collection }
	case f.Kind == Omits:
		return f.part(c)
	}
	return nil
}

// part returns which jobs are the fault's Part of all.
func (f *fault) part(c *cluster) func(*fate.Life, int64) bool {
	return func(l *fate.Life, _ int64) bool {
		d := fate.Roll(c.seed+uint64(f.number)<<8, fate.Omissions, l.N)
		return d.Unit() < f.Part
	}
}

// isNameless reports whether the page has a job without its id.
func (p *page) isNameless(l *fate.Life) bool { return p.hit.nameless != nil && p.hit.nameless(l, p.at) }

// replace puts the claims of a lie in place of the present list.
func (l *listing) replace(f *lie) {
	c := l.cluster
	hidden := make(map[int]fate.Life)
	for _, j := range c.all() {
		hidden[j.N] = j
	}
	c.advance(l.now - f.lag)
	claimed := make([]fate.Life, 0, len(hidden))
	for _, j := range c.all() {
		if !f.withholds(&j, c.at) {
			claimed = append(claimed, j)
			delete(hidden, j.N)
		}
	}
	for n := 0; f.ghosts > 0 && c.dialect.ghost != "" && n < c.born; n++ {
		if j := c.rules.Life(n); j.LeftWithin(c.at-f.ghosts, c.at) {
			j.Ghost = true
			claimed = append(claimed, j)
		}
	}
	l.claimed = claimed
	for _, j := range hidden {
		l.hidden = append(l.hidden, j)
	}
}

// all returns the jobs listed at the cluster's moment, oldest first.
func (c *cluster) all() []fate.Life {
	all := make([]fate.Life, 0, c.Jobs+len(c.listed))
	for n := -c.Jobs; n < 0; n++ {
		all = append(all, c.rules.Life(n))
	}
	for _, i := range c.listed {
		all = append(all, c.living[i])
	}
	return all
}
