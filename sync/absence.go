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

// A list that lacks a job does not prove that the service forgot the job. Milvus
// answers with success and an empty list while its coordinator is away
// (Proxy.ListImports drops the error), and omits jobs that the role may not see. A
// cloud's list may be some time old. The call for one job is right in the same
// moment. So a job is gone only if enough complete listings in a row lack it, and
// the service answers a query for the job that it does not know it.

// verdict is the service's answer about an absence.
type verdict int8

const (
	undecided verdict = iota // no query, or no answer that decides it
	confirmed                // it does not know the job
	denied                   // it knows the job, although the list lacks it
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
	// fewFinished is how many absent finished jobs each get a query. If there are
	// more, the newest one that the service has forgotten is the witness for all
	// that appeared before it, because services forget finished jobs by age. If a
	// list hides jobs in another order, a job may become gone by mistake; it returns
	// when listed again.
	fewFinished = 8

	// failedQuestions is how many failures in a row mean that the service has the
	// problem, and not the jobs.
	failedQuestions = 3

	// staysEmpty is how long a list must stay empty before the engine believes it,
	// if the service has no call for one job.
	staysEmpty = time.Hour
)

// absences decides which of the jobs that a whole listing lacks the run queries, and
// what the answers mean for all of them. It does no I/O.
type absences struct {
	queue    []uint32 // jobs to query one by one: open ones, and finished ones if they are few
	finished []uint32 // finished ones if they are many, newest first
	answers  map[uint32]verdict
	asked    int // queries of the queue
	failures int // in a row
	stopped  bool

	// Positions in finished. The service knows the job at known. From forgotten on
	// it knows none: it said so about the job or about a witness.
	known, forgotten int

	start    int                   // the position in finished at which to begin; it wraps around
	doubtful func(seq uint32) bool // the newest query for the job failed

	unsupported bool // the service has no call for one job
	believed    bool // in that case the listing counts without a confirmation, unless jobs may be hidden
	hidden      bool // the listing has records without an id: any may be a job that it lacks
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
	a.hidden = l.rejects.Count() > 0
	if len(a.finished) <= fewFinished || a.hidden { // a witness says nothing of a job that a record may be
		a.queue, a.finished = append(a.queue, a.finished...), nil
	}
	a.forgotten = len(a.finished)
	if l.listed == 0 {
		a.believed = l.received.Sub(emptySince) >= staysEmpty
	}
	return a
}

// missing returns the jobs that are not gone and that the listing lacks.
func (l *listing) missing() iter.Seq[db.KnownJob] {
	return func(yield func(db.KnownJob) bool) {
		for e := range l.known.All() {
			if !e.Gone() && !e.SeenSince(l.first) && !yield(e) {
				return
			}
		}
	}
}

// empty reports whether the listing lacks no job.
func (a *absences) empty() bool { return len(a.queue)+len(a.finished) == 0 }

// next returns the next job to query.
func (a *absences) next() (seq uint32, more bool) {
	switch {
	case a.stopped:
		return 0, false
	case a.asked < len(a.queue):
		return a.queue[a.asked], true
	}
	return a.witness()
}

// witness returns the next finished job to query where there are many. It begins
// with the newest one, which the service has mostly forgotten: that decides all. If
// the service still knows it, witness takes the oldest one and then bisects to the
// place where the forgotten ones begin. It skips a job without a decisive answer,
// and tries a job whose last query failed after all others.
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

// answer records the service's answer about the job that next returned.
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

// place returns the position of a job in finished, or the length of finished if the
// job is not in it.
func (a *absences) place(seq uint32) int {
	i, found := slices.BinarySearchFunc(a.finished, seq, func(one, sought uint32) int { return int(sought) - int(one) })
	if !found {
		return len(a.finished)
	}
	return i
}

// verdict returns the final verdict on a job's absence.
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

// undecided counts the jobs whose absence stays undecided. A service without a call
// for one job has none, unless a record without an id may be one of them.
func (a *absences) undecided() int {
	if a.unsupported && !a.hidden {
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

// conclude returns the changes that a whole listing concludes for the jobs that it
// lacks. The caller may range over it once.
func (l *listing) conclude(a *absences) iter.Seq[db.Change] {
	return func(yield func(db.Change) bool) {
		for e := range l.missing() {
			v := a.verdict(e.Seq)
			goes := v == confirmed || v == undecided && a.unsupported && a.believed && !a.hidden
			enough := int(e.Misses())+1 >= l.goneAfter
			if !(goes && enough) && int(e.Misses()) >= l.goneAfter {
				continue // it already has the largest number of misses that counts
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

// undecidedError says how many absences stay undecided, and why.
func undecidedError(n int, why error) error {
	if n == 1 {
		return fmt.Errorf("the list lacks 1 job and the service can't say that it forgot it: %w", why)
	}
	return fmt.Errorf("the list lacks %d jobs and the service can't say that it forgot them: %w", n, why)
}
