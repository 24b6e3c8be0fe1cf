package simulator

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

type state uint8

const (
	pending state = iota
	running
	uncommitted // all rows are loaded, the commit is yet to come
	committing
	completed
	failed
	cancelled
	states
)

// words are what the list and describe say of a job.
func (c *cluster) words(l *life, t int64) (list, described string) {
	if l.disagreed && t >= l.ended {
		return c.ListWord, c.DescribeWord
	}
	word := c.dialect.words[l.state(t)]
	return word, word
}

// stateNamed is the state that a word means in whatever dialect, "unknown" if in none.
func stateNamed(word string) string {
	for _, d := range dialects {
		if s := slices.Index(d.words[:], word); s >= 0 && word != "" {
			return stateNames[s]
		}
	}
	return "unknown"
}

var stateNames = [states]string{"pending", "running", "running", "running", "completed", "failed", "cancelled"}

// Reasons as services give them. Some jobs fail without: users complain about it.
var reasons = [...]string{
	"", "file is empty", "access to the object was denied", "row counts of the files differ",
	"a field of the schema is missing", aborted: "aborted by user",
}

const aborted = 5

// never is later than every moment.
const never = math.MaxInt64

// life is the whole fate of a job. Times are milliseconds since 1970: an
// archive keeps no finer ones, and truth on whole milliseconds stays within
// bounds that were cut to them.
type life struct {
	n                   int // from 0 in order of birth; negative for the settled
	born, started       int64
	loaded              int64 // when all its rows are; due, unless a commit follows
	uncommitted, commit int64 // of a two-phase import: when it waits, and when it is committed
	ended, due          int64 // due: when it would have ended if it were to
	renamed             int64
	gone, back, left    int64 // left: gone for good
	end                 state
	reason              uint8  // in reasons
	collection, another uint16 // in the cluster's names; another after renamed
	disagreed           bool   // list and describe say different words once it has ended
	ghost               bool   // it has left, and is listed as failed for that
}

// birth of job n: at random within its own stretch of length Every, so that
// births are in order and each is known without those before it.
func (c *cluster) birth(n int) int64 {
	if n < 0 {
		return c.since + int64(n)*1000 - 2*c.RunFor.Milliseconds()
	}
	d := roll(c.seed, births, n)
	offset := time.Duration(n)*c.Every + time.Duration(d.unit()*float64(c.Every))
	return c.since + offset.Milliseconds()
}

// life works out the fate of job n. Each draw is made whether it is wanted or
// not, so that changing one share leaves everybody else's fate alone.
func (c *cluster) life(n int) life {
	d := roll(c.seed, fates, n)
	l := life{n: n, born: c.birth(n), uncommitted: never, commit: never, renamed: never, gone: never, back: never, left: never}
	l.collection = uint16(d.unit() * float64(len(c.Collections)))
	l.another = l.collection + uint16(len(c.Collections))

	run := d.spread(c.RunFor)
	l.started = l.born + part(run, 0.1+0.4*d.unit())
	l.due = l.born + run
	l.ended = l.due

	fate, when, why := d.unit(), d.unit(), d.unit()
	returns, pause, stay := d.unit() < c.ReturnShare, d.unit(), d.unit()
	renames, rename := d.unit() < c.RenameShare, d.unit()

	l.reason = c.decide(&l, fate, part(run, when), why)
	l.loaded = l.due
	if c.TwoPhase && c.dialect.words[uncommitted] != "" {
		l.twoPhases()
	}
	if c.DisagreeShare > 0 {
		d := roll(c.seed, disagreements, n)
		l.disagreed = d.unit() < c.DisagreeShare
	}
	if n < 0 {
		l.settle()
		return l
	}
	c.leave(&l, returns, pause, stay)
	if renames {
		until := min(l.gone, l.due+run)
		if at := l.born + part(until-l.born, rename); at < l.gone {
			l.renamed = at
		}
	}
	return l
}

// decide how a job ends, and says why. Soon is a moment before its time.
func (c *cluster) decide(l *life, fate float64, soon int64, why float64) (reason uint8) {
	in := func(share float64) bool {
		fate -= share
		return fate < 0
	}
	switch {
	case in(c.NeverEndsShare):
		l.ended, l.end = never, running
	case in(c.LostShare):
		l.ended, l.end, l.gone = never, running, l.born+soon
		if l.started >= l.gone {
			l.started, l.end = never, pending
		}
	case in(c.CancelShare):
		l.ended, l.end = l.born+soon, cancelled
		if l.started >= l.ended {
			l.started = never
		}
		if c.dialect.cancelFails {
			l.end = failed
			return aborted
		}
	case in(c.FailShare):
		l.end = failed
		return uint8(why * aborted) // any but that one
	default:
		l.end = completed
	}
	return 0
}

// twoPhases has a job wait for its commit once its rows are loaded. One that
// never ends waits for ever.
func (l *life) twoPhases() {
	if l.started == never {
		return
	}
	loaded, commit := l.moment(3, 5), l.moment(4, 5)
	l.loaded = loaded
	if loaded < min(l.ended, l.gone) {
		l.uncommitted = loaded
	}
	if commit < l.ended && l.ended != never {
		l.commit = commit
	}
}

// leave says when a job goes from the list, comes back, and goes for good.
// One that went unfinished comes back as it was.
func (c *cluster) leave(l *life, returns bool, pause, stay float64) {
	keep := c.KeepFor.Milliseconds()
	if l.gone == never && l.ended != never && keep > 0 {
		l.gone = l.ended + keep
	}
	l.left = l.gone
	if returns && l.gone != never {
		if keep == 0 {
			keep = c.RunFor.Milliseconds()
		}
		l.back = l.gone + part(keep, pause)
		l.left = l.back + part(keep, stay)
	}
}

// settle ends a job that was to be finished and listed from the start.
func (l *life) settle() {
	l.gone = never
	if l.ended == never {
		l.ended, l.end = l.due, completed
		l.started = min(l.started, l.ended-1)
	}
}

// listed says whether a job that was born is in the list, and until when that
// stays so.
func (l *life) listed(t int64) (bool, int64) {
	switch {
	case t < l.gone:
		return true, l.gone
	case t < l.back:
		return false, l.back
	}
	return t < l.left, l.left
}

func (l *life) state(t int64) state {
	switch {
	case t >= l.ended:
		return l.end
	case t >= l.commit:
		return committing
	case t >= l.uncommitted:
		return uncommitted
	case t >= l.started:
		return running
	}
	return pending
}

func (l *life) name(t int64) uint16 {
	if t >= l.renamed {
		return l.another
	}
	return l.collection
}

// stuck says whether a job stays for ever where Milvus waits for an index.
func (l *life) stuck() bool { return l.ended == never && l.uncommitted == never }

// progress in percent. A failed job says 0, so progress can go backwards; a
// stuck one stays at 80, and one that is yet to be committed at 99.
func (l *life) progress(t int64) int {
	switch l.state(t) {
	case running:
		if l.stuck() {
			t = min(t, l.moment(4, 5))
		}
		return int(100 * (t - l.started) / max(1, l.loaded-l.started))
	case uncommitted, committing:
		return 99
	case completed:
		return 100
	default:
		return 0
	}
}

// What dice are thrown for: each gets its own, so that one can be had
// without the others.
const (
	births uint64 = iota + 1
	fates
	ids
	shuffles
	shares
	files
	sharesOfDescriptions
	disagreements
	omissions
)

type dice struct{ pcg rand.PCG }

func roll(seed, purpose uint64, n int) (d dice) {
	d.pcg.Seed(seed+purpose, mix(uint64(n)))
	return d
}

// unit is from 0 to 1, 1 excluded.
func (d *dice) unit() float64 { return float64(d.pcg.Uint64()>>11) / (1 << 53) }

// spread gives half to one and a half of a mean, in milliseconds; at least
// four, so that a life has room for its moments.
func (d *dice) spread(mean time.Duration) int64 {
	return max(4, int64((0.5+d.unit())*float64(mean.Milliseconds())))
}

// part of a stretch; at least a millisecond.
func part(of int64, share float64) int64 { return max(1, int64(float64(of)*share)) }

// mix makes neighbours strangers (the finalizer of splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func ceilMilli(t time.Time) int64 { return t.Add(time.Millisecond - 1).UnixMilli() }
