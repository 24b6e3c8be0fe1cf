package sync

import (
	"slices"
	"time"

	"importarchive/db"
)

// queue remembers which jobs of a cluster its runs have queried, so that the jobs
// that have waited longest come first.
type queue struct {
	asked            int                 // queries in all
	jobs             map[uint32]question // the newest query for each job that a run may query again, by seq
	unsupportedUntil time.Time           // until then the engine assumes that the server lacks the call
}

type question struct {
	nth    int  // among all queries
	failed bool // the service did not answer it
}

// note records a query for a job.
func (q *queue) note(seq uint32, failed bool) {
	q.asked++
	if q.jobs == nil {
		q.jobs = map[uint32]question{}
	}
	q.jobs[seq] = question{q.asked, failed}
}

// next returns the order in which a run queries these jobs, and forgets all others.
// Finished jobs come first, because the service may forget them soon; within each
// group the jobs that have waited longest. Jobs whose newest query failed come last,
// except for two that come before the open ones: so three jobs with failing queries
// can't keep the run from the rest, and the rest can't keep it from them.
func (q *queue) next(all []db.Undescribed, r *db.Run) []db.Undescribed {
	kept := map[uint32]question{}
	var ended, open, failed []db.Undescribed
	for _, u := range all {
		last, known := q.jobs[u.Seq]
		if known {
			kept[u.Seq] = last
		}
		switch {
		case last.failed:
			failed = append(failed, u)
		case u.State.Terminal():
			ended = append(ended, u)
		default:
			open = append(open, u)
		}
	}
	q.jobs = kept
	for _, group := range [][]db.Undescribed{ended, open, failed} {
		slices.SortStableFunc(group, func(a, b db.Undescribed) int { return kept[a.Seq].nth - kept[b.Seq].nth })
	}
	soon := min(len(failed), describeFailures-1)
	ordered := slices.Concat(ended, failed[:soon], open, failed[soon:])
	rotate(ordered, q.start(r))
	return ordered
}

// arrange orders the jobs that a listing lacks, longest waiting first, and forgets
// all others. Among many finished jobs, one whose newest query failed is no witness
// while there are others.
func (q *queue) arrange(a *absences, r *db.Run) {
	a.start = q.start(r)
	rotate(a.queue, a.start)
	slices.SortStableFunc(a.queue, func(one, other uint32) int { return q.jobs[one].nth - q.jobs[other].nth })
	kept := map[uint32]question{}
	for _, seq := range slices.Concat(a.queue, a.finished) {
		if last, known := q.jobs[seq]; known {
			kept[seq] = last
		}
	}
	q.jobs = kept
	a.doubtful = func(seq uint32) bool { return q.jobs[seq].failed }
}

// start returns the place at which a run begins its queries. A new process does not
// know which queries of earlier processes failed. If the newest run had failures,
// this one begins at another place, computed from its number. Otherwise three jobs
// with failing queries would keep a `sync` by hand, or by an external cron, from all
// other jobs for ever.
func (q *queue) start(r *db.Run) int {
	if q.asked > 0 || !r.Before.AskedInVain {
		return 0
	}
	const scattering = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio: products of neighbours are far apart
	return int(uint64(r.ID) * scattering >> 33)
}

// rotate makes a slice begin with its nth element, counted round and round.
func rotate[T any](s []T, n int) {
	if len(s) == 0 {
		return
	}
	n %= len(s)
	slices.Reverse(s[:n])
	slices.Reverse(s[n:])
	slices.Reverse(s)
}
