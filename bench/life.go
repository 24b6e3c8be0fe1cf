package bench

import (
	"math"
	"math/rand/v2"
	"strconv"
)

// job is one job: what becomes of it in truth, and what the archive knows.
// Times are milliseconds since 1970; 0 is no time.
type job struct {
	seq        int64
	id         string
	collection int64 // 0: none

	// In truth.
	created, starts, ends, forgotten int64
	end                              uint8
	hiddenFrom, hiddenUntil          int64 // some jobs are not listed for a while

	// In the archive.
	state                    uint8
	appearedAfter, firstSeen int64
	stateAfter, stateSeen    int64
	asked, seen              int64 // the sighting that was written
	sighted, sightedSeen     int64 // the newest one
	misses                   uint8
	missed, gone             int64
	stored                   bool
}

// at says in what state the service shows the job, or that it does not.
func (j *job) at(ms int64) (state uint8, listed bool) {
	switch {
	case ms >= j.forgotten || ms >= j.hiddenFrom && ms < j.hiddenUntil:
		return 0, false
	case ms < j.starts:
		return pending, true
	case ms < j.ends:
		return running, true
	}
	return j.end, true
}

// beSeen lets the job be listed at the time of its first sighting.
func (j *job) beSeen(ms int64) {
	j.forgotten = max(j.forgotten, ms+1)
	if j.hiddenFrom <= ms {
		j.hiddenFrom, j.hiddenUntil = 0, 0
	}
	j.state, _ = j.at(ms)
}

// chance draws what becomes of jobs.
type chance struct{ *rand.Rand }

// about draws from a log-normal distribution with this median: most jobs are
// short, and some take very long.
func (c chance) about(median, sigma float64) int64 {
	return int64(median * math.Exp(sigma*c.NormFloat64()))
}

// live draws a life that began at this time. Its pace is that of the runs, so
// that most jobs are seen in each of their states.
func (c chance) live(created, every, keep int64) job {
	j := job{id: c.id(), collection: c.collection(), created: created}
	j.starts = created + c.about(0.6*float64(every), 0.8)
	j.ends = j.starts + c.about(1.6*float64(every), 1.0)
	j.forgotten = j.ends + keep + c.Int64N(every)
	switch p := c.Float64(); {
	case p < 0.80:
		j.end = completed
	case p < 0.90:
		j.end = failed
	case p < 0.95:
		j.end = cancelled
	case p < 0.951:
		j.end = unknown
	case p < 0.952: // stuck, for two weeks
		j.ends += 14 * 24 * 3600 * 1000
		j.end, j.forgotten = completed, j.ends+keep
	default: // lost: no run sees how it ends
		j.forgotten = j.starts + (j.ends-j.starts)/2 + every
		j.ends = math.MaxInt64
	}
	if c.IntN(500) == 0 {
		j.hiddenFrom = j.starts + c.Int64N(keep+every)
		j.hiddenUntil = j.hiddenFrom + 4*every
	}
	return j
}

const idLetters = "abcdefghijklmnopqrstuvwxyz0123456789"

func (c chance) id() string {
	id := []byte("job-0000000000000000000000")
	for i, n := 4, uint64(0); i < len(id); i, n = i+1, n/36 {
		if n == 0 {
			n = c.Uint64()
		}
		id[i] = idLetters[n%36]
	}
	return string(id)
}

// collection draws a collection's number: one of the first nine, the first
// likelier than the last, seldom none, hardly ever the tenth.
func (c chance) collection() int64 {
	switch p := c.Float64(); {
	case p < 0.00001:
		return collections
	case p < 0.01:
		return 0
	}
	return 1 + min(c.Int64N(collections-1), c.Int64N(collections-1))
}

// reason and extra are further fields that some services send; "" is none.
func (c chance) reason(state uint8) string {
	if state != failed {
		return ""
	}
	return reasons[c.IntN(len(reasons))]
}

func (c chance) extra(cluster int) string {
	if cluster%3 != 0 {
		return ""
	}
	return `{"fileSize":` + strconv.Itoa(c.IntN(1<<32)) + `}`
}
