package sync

import (
	"context"
	"errors"
	"slices"
	"time"

	"importarchive/db"
	"importarchive/sync/remote"
)

// confirmFor is how long a run asks for the jobs that its listing lacks. What
// it did not get to stays undecided.
const confirmFor = time.Minute

var (
	errNoTime    = errors.New("there was no time to ask for all of them")
	errNotStored = errors.New("a dry run stores no job to ask for")
)

// confirm asks the service for jobs that the listing lacks, until it is clear
// what to make of all of them. Answers are kept for when the run is closed: a
// run that dies in between has concluded nothing. The error is the service's,
// and says that we were stopped while asking, or the archive's.
func (r *run) confirm(ctx context.Context, l *listing) (a *absences, service, archive error) {
	a = l.absent()
	if a.none() {
		return a, nil, nil
	}
	from, can := r.cluster.Remote.(Describer)
	if !can {
		a.unsupported = true
		return a, nil, nil
	}
	r.memory.missing.arrange(a, &r.row)
	deadline, cancel := context.WithTimeout(ctx, confirmFor)
	defer cancel()
	for seq, more := a.next(); more; seq, more = a.next() {
		if v, known := r.verdicts[seq]; known { // told during an earlier reading of the list
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
		case deadline.Err() != nil || r.cancelled(err): // the pacer refuses a turn that would come too late
			a.stopped, r.unsure = true, errNoTime
		default:
			r.unsure = err
			r.note(seq, v)
			a.answer(seq, v)
			a.stopped = a.stopped || r.denied() // which is of the role, not of the job
		}
	}
	return a, nil, nil
}

// ask asks for one job, and keeps what the service says.
func (r *run) ask(ctx context.Context, from Describer, seq uint32) (v verdict, service, archive error) {
	id, archive := r.engine.Store.JobID(r.grace, r.cluster.Name, seq)
	switch {
	case archive != nil:
		return undecided, nil, archive
	case id == "":
		return undecided, errNotStored, nil
	}
	told, service := from.Confirm(ctx, id)
	v = verdictOf(service)
	if v == undecided {
		return v, service, nil
	}
	r.note(seq, v)
	r.memory.answered = true
	if v == denied {
		d := r.answered(seq, id, &told, nil)
		d.Absent = true
		r.answers = append(r.answers, d)
	}
	return v, nil, nil
}

// lacksCall reports whether an error says that the server has no call for one
// job. A server that has ever answered it has the call: then something in front
// of it does not find it for now.
func (r *run) lacksCall(err error) bool {
	return errors.Is(err, remote.ErrCantDescribe) && !r.memory.answered && !r.row.Before.Answered
}

// denied reports whether the service refused the newest question about an absent
// job to this key.
func (r *run) denied() bool {
	re, ok := errors.AsType[*remote.Error](r.unsure)
	return ok && re.Kind == remote.Auth
}

// cancelled reports whether an error says that we gave up.
func (r *run) cancelled(err error) bool {
	re, ok := errors.AsType[*remote.Error](err)
	return ok && re.Kind == remote.Cancelled
}

// note remembers what came of asking for a job, for this run and for the next.
func (r *run) note(seq uint32, v verdict) {
	if r.verdicts == nil {
		r.verdicts = map[uint32]verdict{}
	}
	r.verdicts[seq] = v
	r.memory.missing.note(seq, v == undecided)
}

// answered puts an answer about a job into the archive's words and times.
func (r *run) answered(seq uint32, id string, told *remote.Details, err error) db.Described {
	d := db.Described{Seq: seq, ID: id, Forgotten: errors.Is(err, remote.ErrForgotten)}
	if err == nil {
		r.take(&d, told)
	} else {
		now := r.engine.Now()
		d.Asked, d.Told = now, now
	}
	r.asked = r.held(d.Asked, r.asked)
	r.received = r.held(d.Told, r.received)
	d.Asked, d.Told = r.asked.Truncate(time.Millisecond), ceil(r.received)
	return d
}

// countAbsences counts for the run's row what became of the absences.
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

// arrange orders the jobs to ask for and forgets all others: first those that no
// run of this process asked for, then those asked for longest ago. So none waits
// for ever, whatever the service takes for the others. Of many finished jobs, one
// of which the service could not say is no witness again while there are others.
//
// A new process does not know which these were. If the newest run before it asked
// in vain, it begins at another job than other runs do.
func (m *asked) arrange(a *absences, r *db.Run) {
	if m.times == 0 && r.Before.AskedInVain {
		elsewhere := int(uint64(r.ID) * scattering >> 33)
		rotate(a.queue, elsewhere)
		a.start = elsewhere
	}
	slices.SortStableFunc(a.queue, func(one, other uint32) int { return m.jobs[one].nth - m.jobs[other].nth })
	still := map[uint32]askedJob{}
	for _, all := range [][]uint32{a.queue, a.finished} {
		for _, seq := range all {
			if job, asked := m.jobs[seq]; asked {
				still[seq] = job
			}
		}
	}
	m.jobs = still
	a.doubtful = func(seq uint32) bool { return m.jobs[seq].failed }
}
