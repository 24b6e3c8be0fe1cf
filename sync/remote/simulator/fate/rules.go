// Package fate decides what happens to simulated jobs: when each is created,
// runs, ends and leaves its list, which files it loads, and what its id is.
//
// The fate of job n is a function of the seed, the [Rules] and n, and of
// nothing else. No clock, no service and no other job has a part in it, so any
// moment of any job can be worked out by itself, and two programs with one seed
// agree on all of them. [Rules.Life] returns a whole [Life]; its methods say how
// the job is at one moment. What services say of it, and how they spell that, is
// in package simulator.
//
// Times are milliseconds since 1970: an archive keeps no finer ones, and truth
// on whole milliseconds stays within bounds that were cut to them.
package fate

import (
	"math"
	"time"
)

// Never is later than every moment.
const Never = math.MaxInt64

// Rules are what the fates of one cluster's jobs are drawn by. Shares are parts
// of all jobs, from 0 to 1.
type Rules struct {
	Seed        uint64
	Since       int64 // no job with a number from 0 is born earlier
	Collections int   // how many there are to load into

	Every   time.Duration // mean time between births; 0: there are none
	RunFor  time.Duration // mean time from birth to end
	KeepFor time.Duration // how long a finished job stays listed; 0: for ever

	FailShare, CancelShare, NeverEndsShare, LostShare float64
	ReturnShare, RenameShare, DisagreeShare           float64

	TwoPhase    bool // jobs wait for a commit once their rows are loaded
	CancelFails bool // a cancelled job ends as failed

	DecimalIDs bool // as Milvus makes them
	UUIDs      bool // half of the other ids are
}

// Birth of job n: at random within its own stretch of length Every, so that
// births are in order and each is known without those before it. Jobs with
// negative numbers have finished before Since.
func (r *Rules) Birth(n int) int64 {
	if n < 0 {
		return r.Since + int64(n)*1000 - 2*r.RunFor.Milliseconds()
	}
	d := Roll(r.Seed, births, n)
	offset := time.Duration(n)*r.Every + time.Duration(d.Unit()*float64(r.Every))
	return r.Since + offset.Milliseconds()
}

// Life works out the fate of job n. It makes each draw whether it needs it or
// not, so that a change of one share leaves the rest of every fate alone.
func (r *Rules) Life(n int) Life {
	d := Roll(r.Seed, fates, n)
	l := Life{N: n, Born: r.Birth(n), Uncommitted: Never, Commit: Never, Renamed: Never, Gone: Never, Back: Never, Left: Never}
	l.collection = uint16(d.Unit() * float64(r.Collections))
	l.another = l.collection + uint16(r.Collections)

	run := d.spread(r.RunFor)
	l.Started = l.Born + part(run, 0.1+0.4*d.Unit())
	l.due = l.Born + run
	l.Ended = l.due

	fate, when, why := d.Unit(), d.Unit(), d.Unit()
	returns, pause, stay := d.Unit() < r.ReturnShare, d.Unit(), d.Unit()
	renames, rename := d.Unit() < r.RenameShare, d.Unit()

	l.reason = r.end(&l, fate, part(run, when), why)
	l.loaded = l.due
	if r.TwoPhase {
		l.twoPhases()
	}
	if r.DisagreeShare > 0 {
		d := Roll(r.Seed, disagreements, n)
		l.Disagreed = d.Unit() < r.DisagreeShare
	}
	if n < 0 {
		l.finishBeforeStart()
		return l
	}
	r.leave(&l, returns, pause, stay)
	if renames {
		until := min(l.Gone, l.due+run)
		if at := l.Born + part(until-l.Born, rename); at < l.Gone {
			l.Renamed = at
		}
	}
	return l
}

// end decides how a job ends, and returns the reason. Soon is a moment before its
// time.
func (r *Rules) end(l *Life, fate float64, soon int64, why float64) (reason uint8) {
	in := func(share float64) bool {
		fate -= share
		return fate < 0
	}
	switch {
	case in(r.NeverEndsShare):
		l.Ended, l.End = Never, Running
	case in(r.LostShare):
		l.Ended, l.End, l.Gone = Never, Running, l.Born+soon
		if l.Started >= l.Gone {
			l.Started, l.End = Never, Pending
		}
	case in(r.CancelShare):
		l.Ended, l.End = l.Born+soon, Cancelled
		if l.Started >= l.Ended {
			l.Started = Never
		}
		if r.CancelFails {
			l.End = Failed
			return aborted
		}
	case in(r.FailShare):
		l.End = Failed
		return uint8(why * aborted) // any reason but that one
	default:
		l.End = Completed
	}
	return 0
}

// leave says when a job leaves the list, comes back, and leaves for good. One
// that left unfinished comes back as it was.
func (r *Rules) leave(l *Life, returns bool, pause, stay float64) {
	keep := r.KeepFor.Milliseconds()
	if l.Gone == Never && l.Ended != Never && keep > 0 {
		l.Gone = l.Ended + keep
	}
	l.Left = l.Gone
	if returns && l.Gone != Never {
		if keep == 0 {
			keep = r.RunFor.Milliseconds()
		}
		l.Back = l.Gone + part(keep, pause)
		l.Left = l.Back + part(keep, stay)
	}
}
