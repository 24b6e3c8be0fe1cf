package sync

import (
	"slices"
	"time"

	"importarchive/db"
)

// asked is what is remembered of the jobs that a cluster's runs have asked for
// and that are not settled.
type asked struct {
	times  int                 // in all
	jobs   map[uint32]askedJob // by seq
	cantBy time.Time           // until then the server is taken to know no such call
}

type askedJob struct {
	nth    int  // of all times, the last one of this job
	failed bool // then
}

// note remembers that a job was asked for.
func (m *asked) note(seq uint32, failed bool) {
	m.times++
	if m.jobs == nil {
		m.jobs = map[uint32]askedJob{}
	}
	m.jobs[seq] = askedJob{m.times, failed}
}

// inTurn gives the order in which a run asks, and forgets all other jobs. What has ended
// comes first, as it may be forgotten soon; of each kind those that were not
// asked for longest. A job for which it failed the last time comes after the
// others, but for two of them: so that no three jobs that a service chokes on
// keep it from all the rest, and no others keep it from them.
//
// Whom a process before this one asked in vain nobody remembers. If its newest
// run did, all begin somewhere else, by a number that no other run has: or three
// jobs that a service chokes on would keep a sync by hand, or by somebody else's
// cron, from all the others for ever.
func (m *asked) inTurn(all []db.Undescribed, r *db.Run) []db.Undescribed {
	elsewhere := m.times == 0 && r.Before.AskedInVain
	still := map[uint32]askedJob{}
	var ended, open, again []db.Undescribed
	for _, u := range all {
		before, ok := m.jobs[u.Seq]
		if ok {
			still[u.Seq] = before
		}
		switch {
		case before.failed:
			again = append(again, u)
		case u.State.Terminal():
			ended = append(ended, u)
		default:
			open = append(open, u)
		}
	}
	m.jobs = still
	for _, kind := range [][]db.Undescribed{ended, open, again} {
		slices.SortStableFunc(kind, func(a, b db.Undescribed) int { return still[a.Seq].nth - still[b.Seq].nth })
	}
	if elsewhere {
		ended, open = slices.Concat(ended, open), nil
		rotate(ended, int(uint64(r.ID)*scattering>>33))
	}
	soon := min(len(again), describeFailures-1)
	return slices.Concat(ended, again[:soon], open, again[soon:])
}

// scattering is 2^64 divided by the golden ratio: times it, numbers in a row
// are far from each other.
const scattering = 0x9E3779B97F4A7C15

// rotate has a slice begin with its nth element, counted round and round.
func rotate[T any](s []T, n int) {
	if len(s) == 0 {
		return
	}
	n %= len(s)
	slices.Reverse(s[:n])
	slices.Reverse(s[n:])
	slices.Reverse(s)
}
