package sync

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"importarchive/db"
	"importarchive/sync/remote"
)

// A list that lacks a job is no proof that the service forgot the job. Milvus
// answers with success and an empty list while its coordinator is away
// (Proxy.ListImports drops the error), and leaves out what the role may not
// see; a cloud's list may be that of some time ago. The call for one job is right
// in the same moment. So a job is gone only when enough complete listings in a row
// lack it and the service answers to a question about the job that it does not
// know it.

// verdict is what the service says of an absence.
type verdict int8

const (
	undecided verdict = iota // there was no question, or no answer that says
	confirmed                // it does not know the job
	denied                   // it knows the job, whatever the list lacks
)

// verdictOf judges an answer about one job.
func verdictOf(err error) verdict {
	switch {
	case err == nil:
		return denied
	case errors.Is(err, remote.ErrForgotten):
		return confirmed
	}
	return undecided
}

const (
	// fewFinished: up to so many absent finished jobs each get a question. Of
	// more, the newest one that the service has forgotten is the witness for those
	// that appeared before it: services forget finished jobs by age. A job that a
	// list hides in another order may become gone, and returns when listed again.
	fewFinished = 8

	// failedQuestions in a row are a trouble of the service and not of the jobs.
	failedQuestions = 3

	// staysEmpty is how long a list must stay empty before the engine believes it,
	// where the service has no call for one job.
	staysEmpty = time.Hour
)

// absences decides about which of the jobs that a whole listing lacks to ask the
// service, and what the answers mean for all of them. It does no I/O.
type absences struct {
	queue    []uint32 // jobs to ask for one by one: open ones, and few finished ones
	finished []uint32 // many finished ones, newest first
	answers  map[uint32]verdict
	asked    int // of the queue
	failures int // in a row
	stopped  bool

	// Positions in finished. The service knows the job at known; from forgotten
	// on it knows none, by its own word or by that of a witness.
	known, forgotten int

	start    int                   // where among many finished ones to begin, counted round
	doubtful func(seq uint32) bool // the last question about the job failed

	unsupported bool // the service has no call to ask for a job
	believed    bool // then the listing is believed without
}

// absent collects the jobs that a whole listing lacks.
func (l *listing) absent() *absences {
	a := &absences{answers: map[uint32]verdict{}, known: -1, believed: true, doubtful: func(uint32) bool { return false }}
	emptySince := l.known.NewestMiss
	for e := range l.missing() {
		if e.Misses() == 0 {
			emptySince = l.received
		}
		if l.known.Job(e).State.Terminal() {
			a.finished = append(a.finished, e.Seq)
		} else {
			a.queue = append(a.queue, e.Seq)
		}
	}
	slices.Reverse(a.finished)
	if len(a.finished) <= fewFinished {
		a.queue, a.finished = append(a.queue, a.finished...), nil
	}
	a.forgotten = len(a.finished)
	if l.listed == 0 {
		a.believed = l.received.Sub(emptySince) >= staysEmpty
	}
	return a
}

// missing gives the jobs that are not gone and that the listing lacks.
func (l *listing) missing() iter.Seq[db.KnownJob] {
	return func(yield func(db.KnownJob) bool) {
		for e := range l.known.All() {
			if !e.Gone() && !e.SeenSince(l.first) && !yield(e) {
				return
			}
		}
	}
}

// empty reports that the listing lacks no job.
func (a *absences) empty() bool { return len(a.queue)+len(a.finished) == 0 }

// next is the next job to ask for.
func (a *absences) next() (seq uint32, more bool) {
	switch {
	case a.stopped:
		return 0, false
	case a.asked < len(a.queue):
		return a.queue[a.asked], true
	}
	return a.witness()
}

// witness is the next finished job to ask for where there are many: the newest
// one, which mostly is forgotten and speaks for all. If the service still knows
// that, the oldest one, and then by halves where the forgotten ones begin. A
// job of which the service can't say is stepped over, and one of which it could
// not say the last time comes after all others.
func (a *absences) witness() (seq uint32, more bool) {
	from := a.known + 1
	if from >= a.forgotten {
		return 0, false
	}
	at := from
	switch {
	case a.known < 0:
		at += a.start % (a.forgotten - from)
	case a.forgotten == len(a.finished):
		at = a.forgotten - 1
	default:
		at = (from + a.forgotten) / 2
	}
	for _, doubtful := range []bool{false, true} {
		for range a.forgotten - from {
			seq := a.finished[at]
			if _, asked := a.answers[seq]; !asked && a.doubtful(seq) == doubtful {
				return seq, true
			}
			if at++; at == a.forgotten {
				at = from
			}
		}
	}
	return 0, false
}

// answer takes in what the service says of the job that next gave.
func (a *absences) answer(seq uint32, v verdict) {
	a.answers[seq] = v
	if a.asked < len(a.queue) {
		a.asked++
	} else {
		switch i := a.place(seq); v {
		case confirmed:
			a.forgotten = i
		case denied:
			a.known = i
		}
	}
	if v != undecided {
		a.failures = 0
		return
	}
	a.failures++
	a.stopped = a.stopped || a.failures == failedQuestions
}

// place finds a job among the many finished ones; it is their number where the
// job is none of them.
func (a *absences) place(seq uint32) int {
	i, found := slices.BinarySearchFunc(a.finished, seq, func(one, sought uint32) int { return int(sought) - int(one) })
	if !found {
		return len(a.finished)
	}
	return i
}

// verdict is what is known of a job's absence in the end.
func (a *absences) verdict(seq uint32) verdict {
	if v, asked := a.answers[seq]; asked {
		return v
	}
	switch i := a.place(seq); {
	case i == len(a.finished):
		return undecided
	case i >= a.forgotten:
		return confirmed
	case i <= a.known:
		return denied
	}
	return undecided
}

// undecided counts the jobs of which the service could not say. Where it has no
// call that could, there are none.
func (a *absences) undecided() int {
	if a.unsupported {
		return 0
	}
	n := 0
	for _, all := range [][]uint32{a.queue, a.finished} {
		for _, seq := range all {
			if a.verdict(seq) == undecided {
				n++
			}
		}
	}
	return n
}

// conclude decides what a whole listing concludes from the jobs that it lacks. It
// may be ranged over once.
func (l *listing) conclude(a *absences) iter.Seq[db.Change] {
	return func(yield func(db.Change) bool) {
		for e := range l.missing() {
			v := a.verdict(e.Seq)
			goes := v == confirmed || v == undecided && a.unsupported && a.believed
			enough := int(e.Misses())+1 >= l.goneAfter
			if !(goes && enough) && int(e.Misses()) >= l.goneAfter {
				continue // it is missed as often as counts already
			}
			last, kind := l.known.Miss(e, l.received), db.Missed
			if goes && enough {
				kind = db.Gone
				e.Mark(true, false)
			}
			c := l.change(kind, e, l.known.Job(e), db.Sighting{Asked: last.Asked, Seen: l.received}, last.Asked)
			c.Seen, c.Misses = last.Seen, int(e.Misses())
			if !yield(c) {
				return
			}
		}
	}
}

// undecidedError says in words that absences stay undecided, and why.
func undecidedError(n int, why error) error {
	if n == 1 {
		return fmt.Errorf("the list lacks 1 job and the service can't say that it forgot it: %w", why)
	}
	return fmt.Errorf("the list lacks %d jobs and the service can't say that it forgot them: %w", n, why)
}
