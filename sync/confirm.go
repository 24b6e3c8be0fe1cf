package sync

import (
	"context"
	"errors"
	"time"

	"importarchive/db"
	"importarchive/sync/remote"
)

// confirmFor is how long a run queries the jobs that its listing lacks. The jobs
// that it does not reach in that time stay undecided.
const confirmFor = time.Minute

var (
	errNoTime    = errors.New("there was no time to ask for all of them")
	errHidden    = errors.New("it has no call for one job, and a record without an id may be one of them")
	errNotStored = errors.New("a dry run stores no job to ask for")
)

// confirm queries jobs that the listing lacks until all absences are decided. The
// run stores the answers when it closes, so a run that dies in between has concluded
// nothing. A service error means that the caller stopped the run meanwhile.
func (r *run) confirm(ctx context.Context, l *listing) (a *absences, service, archive error) {
	a = l.absent()
	a.believed = a.believed && (l.listed > 0 || r.agesCount())
	if a.empty() {
		return a, nil, nil
	}
	from, can := r.cluster.Remote.(Describer)
	if !can {
		a.unsupported = true
		return a, nil, nil
	}
	r.memory.absent.arrange(a, &r.row)
	deadline, cancel := context.WithTimeout(ctx, confirmFor)
	defer cancel()
	for seq, more := a.next(); more; seq, more = a.next() {
		if v, known := r.verdicts[seq]; known { // from an earlier reading of the list
			a.answer(seq, v)
			continue
		}
		v, err, archive := r.ask(deadline, from, seq)
		switch {
		case archive != nil:
			return a, nil, archive
		case v != undecided:
			a.answer(seq, v)
		case ctx.Err() != nil:
			return a, &remote.Error{Kind: remote.Cancelled, Err: context.Cause(ctx)}, nil
		case r.lacksCall(err):
			a.unsupported = true
			return a, nil, nil
		case deadline.Err() != nil || remote.KindOf(err) == remote.Cancelled: // the pacer refuses a turn after the deadline
			a.stopped, r.unsure = true, errNoTime
		default:
			r.unsure = err
			r.note(seq, v)
			a.answer(seq, v)
			a.stopped = a.stopped || r.keyRefused() // a denial concerns the role, not the job
		}
	}
	return a, nil, nil
}

// ask queries one job, and keeps the answer.
func (r *run) ask(ctx context.Context, from Describer, seq uint32) (v verdict, service, archive error) {
	id, archive := r.engine.Store.JobID(r.grace, r.cluster.Name, seq)
	switch {
	case archive != nil:
		return undecided, nil, archive
	case id == "":
		return undecided, errNotStored, nil
	}
	got, service := from.Confirm(ctx, id)
	v = verdictOf(service)
	if v == undecided {
		return v, service, nil
	}
	r.note(seq, v)
	r.memory.answered = true
	if v == denied {
		d := r.described(seq, id, &got, nil)
		d.Absent = true
		r.answers = append(r.answers, d)
	}
	return v, nil, nil
}

// lacksCall reports whether an error means that the server has no call for one job.
// A server that has ever answered such a call has it: then a proxy in front of the
// server does not find it for now.
func (r *run) lacksCall(err error) bool {
	return errors.Is(err, remote.ErrCantDescribe) && !r.memory.answered && !r.row.Before.Answered
}

// keyRefused reports whether the service denied this key the newest query for an
// absent job.
func (r *run) keyRefused() bool { return remote.KindOf(r.unsure) == remote.Auth }

// note records the verdict on a job for this run, and the query for the next run.
func (r *run) note(seq uint32, v verdict) {
	if r.verdicts == nil {
		r.verdicts = map[uint32]verdict{}
	}
	r.verdicts[seq] = v
	r.memory.absent.note(seq, v == undecided)
}

// described converts an answer about a job to the archive's words and times.
func (r *run) described(seq uint32, id string, got *remote.Details, err error) db.Described {
	d := db.Described{Seq: seq, ID: id, Forgotten: errors.Is(err, remote.ErrForgotten)}
	if err == nil {
		r.setDetails(&d, got)
	} else {
		now := r.engine.Now()
		d.Asked, d.Received = now, now
	}
	d.Asked, d.Received = r.bounds(d.Asked, d.Received)
	return d
}

// countAbsences counts the verdicts for the run's row.
func (r *run) countAbsences(a *absences) {
	n := db.Absences{Asked: len(r.verdicts), Undecided: a.undecided()}
	for _, v := range r.verdicts {
		switch v {
		case confirmed:
			n.Confirmed++
		case denied:
			n.Denied++
		}
	}
	r.row.Absences = n
}

// agesCount reports whether ages can be judged by the clock of this run.
func (r *run) agesCount() bool {
	c := db.Clocks{Offset: r.row.ClockOffset, Newest: r.row.StartedAt, Before: r.row.Before.At, Expected: r.row.Before.Expected}
	return c.Doubt() == ""
}
