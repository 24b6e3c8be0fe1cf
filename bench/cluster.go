package bench

import "fmt"

// cluster is one cluster while its history is made.
type cluster struct {
	*builder
	number int
	next   int64 // the next job's number
	keep   int64 // how long finished jobs stay listed, in milliseconds
	live   []*job

	outage                            int // runs that will fail
	firstRun, lastRun, looked, newest int64
	completeStarted, completeFinished int64
	failures                          int
	outcome                           string
	did                               struct{ appeared, moved, gone, returned int } // in the present run
}

// sync makes one run.
func (c *cluster) sync(look int, started int64) {
	c.run++
	c.lastRun = started
	if c.firstRun == 0 {
		c.firstRun = started
	}
	last := look == c.looks-1
	switch p := c.chance.Float64(); {
	case c.number == quiet && look >= c.looks-5 && look > 0:
		c.fails(started)
	case last:
		c.looksAt(started, true)
	case c.outage > 0:
		c.outage--
		c.fails(started)
	case p < 0.002:
		c.outage = c.chance.IntN(12) // failing for hours leaves a gap
		c.fails(started)
	case p < 0.012:
		c.fails(started)
	case p < 0.013:
		c.isInterrupted(started)
	default:
		c.looksAt(started, p >= 0.023)
	}
}

func (c *cluster) fails(started int64) {
	c.failures, c.outcome = c.failures+1, "failed"
	finished := started + 120_000
	c.newest = max(c.newest, finished)
	c.sums.run(c.number, "failed", 0, 5, 4)
	c.runs.add(c.run, c.number, "schedule", started, finished, "failed", 0, 5, 4, 0, 0, 0, 0, 0, 0,
		"unavailable", "page 1: unavailable: HTTP 503; tried 5 times", c.shape.Every.Seconds())
}

func (c *cluster) isInterrupted(started int64) {
	c.outcome = "interrupted"
	finished := started + 60_000
	c.newest = max(c.newest, finished)
	c.sums.run(c.number, "interrupted", 0, 0, 0)
	c.runs.add(c.run, c.number, "schedule", started, finished, "interrupted", nil, nil, nil, nil, 0, 0, 0, 0, 0,
		nil, nil, c.shape.Every.Seconds())
}

// looksAt makes a run that sees all there is. Only a complete one concludes
// anything from what it does not see.
func (c *cluster) looksAt(started int64, complete bool) {
	c.did.appeared, c.did.moved, c.did.gone, c.did.returned = 0, 0, 0, 0
	listed := int64(0)
	var absent []*job
	for _, j := range c.live {
		if state, there := j.at(started); there {
			c.sees(j, state, started, listed)
			listed++
		} else {
			absent = append(absent, j)
		}
	}
	listed += c.newJobs(started, listed)
	pages := listed/100 + 2
	finished := started + pages*200
	outcome, rejected := "complete", 0
	if complete {
		c.misses(absent, started, finished)
		if c.completeFinished != 0 && started-c.completeFinished > 2*c.every {
			c.sums.total(c.number, "gaps", 1)
			c.sums.total(c.number, "gaps_ms", started-c.completeFinished)
			c.gaps.add(c.number, c.completeFinished, started, c.shape.Every.Seconds())
		}
		c.completeStarted, c.completeFinished, c.failures = started, finished, 0
	} else {
		outcome, rejected, c.failures = "partial", 1, c.failures+1
		c.sums.total(c.number, "rejects", 1)
		c.rejects.add(c.run, c.number, started+1, started+1, "no id", fmt.Sprintf(`{"jobId":"","n":%d}`, c.run))
	}
	c.looked, c.newest, c.outcome = started, max(c.newest, finished), outcome
	c.sums.run(c.number, outcome, pages, pages, 0)
	c.runs.add(c.run, c.number, "schedule", started, finished, outcome, pages, pages, 0, listed,
		c.did.appeared, c.did.moved, c.did.gone, c.did.returned, rejected, nil, nil, c.shape.Every.Seconds())
}

// page returns when the page of a listing's nth job was requested and received:
// it has a hundred jobs and takes a fifth of a second.
func page(started, n int64) (asked, seen int64) {
	asked = started + n/100*200
	return asked, asked + 180
}

// sees takes in that a listing has a job.
func (c *cluster) sees(j *job, state uint8, started, n int64) {
	asked, seen := page(started, n)
	changed := j.misses > 0
	if j.gone != 0 {
		c.did.returned++
		j.gone = 0
		c.turn(j, "returned", nil, &j.state, c.completeStarted, seen) // the newest complete listing did not have it
	}
	if state != j.state {
		c.did.moved++
		from := j.state
		j.state, j.stateAfter, j.stateSeen = state, j.sighted, seen
		c.turn(j, "moved", &from, &state, j.sighted, seen)
		changed = true
	}
	j.misses, j.missed, j.sighted, j.sightedSeen = 0, 0, started, seen
	if changed {
		j.asked, j.seen = asked, seen
	}
}

// newJobs lets as many jobs appear as are due by now, and says how many.
func (c *cluster) newJobs(started, listed int64) int64 {
	due := int(int64(c.shape.Jobs) * c.run / int64(c.looks*clusters))
	since := c.looked
	if since == 0 {
		since = started - 6*c.every
	}
	for ; c.made < due; c.made++ {
		j := c.chance.live(since+1+c.chance.Int64N(started-since), c.every, c.keep)
		j.seq = c.next
		c.next++
		j.beSeen(started)
		j.asked, j.seen = page(started, listed+int64(c.did.appeared))
		j.sighted, j.sightedSeen = started, j.seen
		j.appearedAfter, j.firstSeen = c.completeStarted, j.seen
		j.stateAfter, j.stateSeen = c.completeStarted, j.seen
		c.turn(&j, "appeared", nil, &j.state, j.appearedAfter, j.seen)
		c.live = append(c.live, &j)
		c.did.appeared++
	}
	return int64(c.did.appeared)
}

// misses takes in what a complete listing did not have. The second miss says
// that a job is gone, and one that will not return is written down for good.
func (c *cluster) misses(absent []*job, started, finished int64) {
	for _, j := range absent {
		if j.misses < 2 {
			j.misses++
			j.asked, j.seen = max(j.asked, j.sighted), max(j.seen, j.sightedSeen)
			switch j.misses {
			case 1:
				j.missed = finished
			case 2:
				j.gone = finished
				c.did.gone++
				c.turn(j, "gone", &j.state, nil, j.sighted, finished)
			}
		}
		if j.gone != 0 && started >= j.forgotten {
			j.stored = true
			c.store(j)
		}
	}
	left := c.live[:0]
	for _, j := range c.live {
		if !j.stored {
			left = append(left, j)
		}
	}
	clear(c.live[len(left):])
	c.live = left
}

// turn writes a transition.
func (c *cluster) turn(j *job, kind string, from, to *uint8, notBefore, observed int64) {
	var fromState, toState, fromRaw, toRaw any
	if from != nil {
		fromState, fromRaw = states[*from], rawText(*from)
	}
	if to != nil {
		toState, toRaw = states[*to], rawText(*to)
	}
	c.sums.total(c.number, kind, 1)
	c.sums.active(c.number, j.collection, observed)
	c.transitions.add(c.run, c.number, j.seq, null(j.collection), kind, fromState, toState, fromRaw, toRaw, null(notBefore), observed)
}

// store writes a job as it has become.
func (c *cluster) store(j *job) {
	var progress any
	if j.state == completed {
		progress = 100
	}
	c.sums.count(c.number, j)
	told := c.tells(j, progress)
	c.jobs.add(c.number, j.seq, j.id, null(j.collection), states[j.state], rawText(j.state), progress,
		null(c.chance.extra(c.number)), null(j.appearedAfter), j.firstSeen,
		null(j.stateAfter), j.stateSeen, j.asked, j.seen, j.misses, null(j.missed), null(j.gone), told != 0, null(told))
}

// tells writes the service's answer about a finished job, and returns the time of
// that answer.
func (c *cluster) tells(j *job, progress any) (told int64) {
	if j.state != completed && j.state != failed {
		return 0
	}
	told = j.stateSeen + 300
	c.newest = max(c.newest, told)
	rows := 1 + c.chance.Int64N(1_000_000)
	imported, ended := rows, null(j.ends/1000*1000)
	if j.state == failed {
		imported, ended = rows/2, nil
	}
	c.details.add(c.number, j.seq, told-100, told, progress, null(c.chance.reason(j.state)), fmt.Sprintf("%d/1.parquet", j.seq),
		200*rows, rows, imported, j.created/1000*1000, ended)
	return told
}

// close writes the jobs that are still listed, or may return.
func (c *cluster) close() {
	for _, j := range c.live {
		c.store(j)
	}
}
