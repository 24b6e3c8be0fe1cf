package e2e_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"importarchive/sync/remote/simulator"
)

// evidence is what happened on a cluster, and what answers said of it, by job.
type evidence struct {
	lives     map[string]simulator.Life
	shown     map[string]simulator.Sighting
	described map[string]simulator.Description // empty for the first API, whose describe has no states
	lies      map[string][]simulator.Lie
	asked     []simulator.Question
	now       time.Time
}

func evidenceOf(w *simulator.World, c *simulator.Cluster) *evidence {
	e := &evidence{shown: w.Shown(c.ID), lies: w.Lies(c.ID), asked: w.Asked(c.ID), lives: map[string]simulator.Life{}, now: time.Now()}
	if c.Dialect != "zilliz-v1" {
		e.described = w.Descriptions(c.ID)
	}
	for _, l := range w.Truth(c.ID) {
		e.lives[l.ID] = l
	}
	return e
}

// doubtful says whether answers about a job contradict each other: a list
// showed it as it was not, or describe has another word for it.
func (e *evidence) doubtful(id string) bool {
	return slices.ContainsFunc(e.lies[id], func(l simulator.Lie) bool { return l.Listed }) || e.disagreed(id)
}

func (e *evidence) disagreed(id string) bool {
	return slices.ContainsFunc(e.lives[id].Moments, func(m simulator.Moment) bool { return m.RawState != m.DescribedRaw })
}

// listed is when lists showed a job first and last, true or not, and in which
// state the last did.
func (e *evidence) listed(id string) (first, last time.Time, state string) {
	if s, ok := e.shown[id]; ok {
		first, last, state = s.First, s.Last, s.States[len(s.States)-1]
	}
	for _, l := range e.lies[id] {
		if !l.Listed {
			continue
		}
		if first.IsZero() || l.At.Before(first) {
			first = l.At
		}
		if !l.At.Before(last) {
			last, state = l.At, l.State
		}
	}
	return first, last, state
}

// compare makes every check of an archive of one cluster.
func (a *archive) compare(t *testing.T, e *evidence, c *simulator.Cluster, always bool) {
	t.Helper()
	a.compareWithShown(t, e)
	a.compareWithTruth(t, e)
	a.compareWithDescriptions(t, e, c, always)
	a.movesByEvidence(t, e)
	a.saysWhatStaysUndecided(t)
	a.Verify(t)
}

// compareWithShown: every job that a listing showed is there once, no other
// job is, and each stands in its place in time, as the newest listing or answer
// about it alone has shown it. Where these contradict each other, one of the
// newest of both is right: which one depends on which of them was news.
func (a *archive) compareWithShown(t *testing.T, e *evidence) {
	t.Helper()
	archived := map[string]bool{}
	// Nothing says when a pruned job was last seen.
	for _, row := range a.Rows(t, `SELECT job_id, first_seen_at, last_seen_at, last_state FROM jobs
		UNION ALL SELECT job_id, first_seen_at, first_seen_at, last_state FROM pruned`) {
		id, first, last := row[0], moment(t, row[1]), moment(t, row[2])
		shown, until, state := e.listed(id)
		states := []string{state}
		if d := e.described[id]; d.State != "" {
			if e.doubtful(id) {
				states = append(states, d.State)
			} else if !d.Last.Before(until) {
				states = []string{d.State}
			}
			if d.Last.After(until) {
				until = d.Last
			}
		}
		switch {
		case shown.IsZero():
			t.Errorf("%s is archived, but was never shown", id)
		case archived[id]:
			t.Errorf("%s is archived twice", id)
		case shown.After(first):
			t.Errorf("%s was first seen at %v, but first shown at %v", id, first, shown)
		case first.Sub(shown) > 10*time.Second:
			t.Errorf("%s was shown at %v, but counts as seen only from %v", id, shown, first)
		case last.After(until.Add(10 * time.Second)):
			t.Errorf("%s was last seen at %v, but last shown at %v", id, last, until)
		case !slices.Contains(states, row[3]):
			t.Errorf("%s was last shown as %v, but is archived as %s", id, states, row[3])
		}
		archived[id] = true
	}
	for id := range e.shown {
		if !archived[id] {
			t.Errorf("%s was shown at %v, but is not archived", id, e.shown[id].First)
		}
	}
	for id := range e.lies {
		if first, _, _ := e.listed(id); !archived[id] && !first.IsZero() {
			t.Errorf("%s was shown at %v, but is not archived", id, first)
		}
	}
}

// transition is a line of history.
type transition struct {
	id, kind, raw, collection string
	after, until              time.Time
}

// compareWithTruth: everything the archive says happened did happen, within
// its bounds; and nothing that was in the newest complete listing is gone.
func (a *archive) compareWithTruth(t *testing.T, e *evidence) {
	t.Helper()
	for _, row := range a.Rows(t, "SELECT job_id, kind, to_raw_state, collection, not_before, observed_at FROM transitions") {
		c := transition{id: row[0], kind: row[1], raw: row[2], collection: row[3], until: moment(t, row[5])}
		if row[4] != "" {
			c.after = moment(t, row[4])
		} else if c.kind != "appeared" {
			t.Errorf("%v has no lower bound", row)
		}
		if life := e.lives[c.id]; !c.happened(&life) && !c.unprovable(&life, e.lies[c.id]) {
			t.Errorf("%v did not happen in its bounds; what happened: %v; what was claimed: %v", row, life.Moments, e.lies[c.id])
		}
	}
	for _, row := range a.Rows(t, `SELECT j.job_id, j.gone_at FROM jobs AS j
		WHERE j.gone_at > (SELECT max(finished_at) FROM runs WHERE outcome = 'complete' OR absences_undecided > 0)`) {
		t.Errorf("%v is gone since no whole listing", row)
	}
}

// happened says whether a job's life has a moment for the transition.
func (c *transition) happened(life *simulator.Life) bool {
	return slices.ContainsFunc(life.Moments, func(m simulator.Moment) bool {
		switch {
		case !m.At.After(c.after) || m.At.After(c.until):
			return false
		case c.kind == "appeared" && m.Kind == "returned": // it had come and gone between two runs
			return true
		}
		return c.kind == m.Kind || c.kind == "moved" && c.holds(&m, true) || c.kind == "renamed" && c.holds(&m, true)
	})
}

// holds says whether a job stands as it does after the transition.
func (c *transition) holds(m *simulator.Moment, listed bool) bool {
	switch c.kind {
	case "gone":
		return !listed
	case "moved":
		return c.raw == m.RawState || c.raw == m.DescribedRaw
	case "renamed":
		return c.collection == m.Collection
	}
	return listed // appeared, returned
}

// claimed says whether a lie has the job stand as it does after the transition.
func (c *transition) claimed(l *simulator.Lie) bool {
	m := simulator.Moment{RawState: l.RawState, DescribedRaw: l.RawState, Collection: l.Collection}
	return (l.Listed || c.kind == "gone") && c.holds(&m, l.Listed)
}

// unprovable says whether lies excuse a transition that did not happen within
// its bounds. There are three excuses, and none is wider than the lie.
//
//   - It is a lie itself: an answer within the bounds claimed it.
//   - It takes a lie back: an answer within the bounds claimed otherwise, and
//     then or later within them it was so. Among these is a job that appeared
//     only now because a listing that seemed complete hid it. The lower bound
//     counts as within: that listing may have begun in the very moment.
//   - List and describe have different words for the job at the upper bound,
//     and it moved from the one to the other.
func (c *transition) unprovable(life *simulator.Life, lies []simulator.Lie) bool {
	for i := range lies {
		l := &lies[i]
		switch {
		case l.At.Before(c.after) || l.At.After(c.until):
		case c.claimed(l) || c.holdsWithin(life, l.At):
			return true
		}
	}
	m, listed := standing(life, c.until)
	return c.kind == "moved" && m.RawState != m.DescribedRaw && c.holds(&m, listed)
}

// holdsWithin says whether a job was as after the transition at some time from
// then to the upper bound.
func (c *transition) holdsWithin(life *simulator.Life, from time.Time) bool {
	if m, listed := standing(life, from); c.holds(&m, listed) {
		return true
	}
	return slices.ContainsFunc(life.Moments, func(m simulator.Moment) bool {
		_, listed := standing(life, m.At)
		return m.At.After(from) && !m.At.After(c.until) && c.holds(&m, listed)
	})
}

// standing is how a life stands at a moment.
func standing(l *simulator.Life, at time.Time) (m simulator.Moment, listed bool) {
	for _, next := range l.Moments {
		if next.At.After(at) {
			break
		}
		switch m = next; next.Kind {
		case "appeared", "returned":
			listed = true
		case "gone":
			listed = false
		}
	}
	return m, listed
}

// movesByEvidence: a job moves no more often than answers about it had another
// word than before, and where they agree each word that they had is in history.
func (a *archive) movesByEvidence(t *testing.T, e *evidence) {
	t.Helper()
	moves, words := map[string]int{}, map[string][]string{}
	for _, row := range a.Rows(t, `SELECT job_id, kind, to_raw_state FROM transitions WHERE kind IN ('appeared', 'moved')`) {
		words[row[0]] = append(words[row[0]], row[2])
		if row[1] == "moved" {
			moves[row[0]]++
		}
	}
	for id, s := range e.shown {
		lied := slices.ContainsFunc(e.lies[id], func(l simulator.Lie) bool { return l.Listed })
		if most := len(s.RawStates) - 1 + len(e.described[id].RawStates); !lied && moves[id] > most {
			t.Errorf("%s moved %d times to %v; lists said %v, describe %v", id, moves[id], words[id], s.RawStates, e.described[id].RawStates)
		}
	}
	for _, row := range a.Rows(t, `SELECT job_id FROM jobs WHERE history_pruned_at IS NULL`) {
		for _, word := range e.shown[row[0]].RawStates {
			if !e.doubtful(row[0]) && !slices.Contains(words[row[0]], word) {
				t.Errorf("%s was listed as %s, and its history has only %v", row[0], word, words[row[0]])
			}
		}
	}
}

// compareWithDescriptions checks that the archive keeps the answers about jobs, and the
// reason of each failure unless the service forgot the job at once, and that no job
// took longer or shorter than the archive's bounds. It can't distinguish a service's
// clock that is a little wrong from a right one.
func (a *archive) compareWithDescriptions(t *testing.T, e *evidence, c *simulator.Cluster, always bool) {
	t.Helper()
	wrong := min(c.Clock.Abs(), time.Minute).Seconds()
	for _, row := range a.Rows(t, `SELECT job_id, state, coalesce(reason, ''), last_state_at, coalesce(total_rows, ''), coalesce(file_size, '')
		FROM jobs WHERE history_pruned_at IS NULL`) {
		l, reason, seen := e.lives[row[0]], row[2], moment(t, row[3])
		really := l.Moments[len(l.Moments)-1].Reason
		if reason != "" && reason != really || e.described[l.ID].Reason != "" && reason == "" {
			t.Errorf("%s is %s because of %q, really of %q, told was %+v", l.ID, row[1], reason, really, e.described[l.ID])
		}
		if always && row[1] == "failed" && reason != really && e.listedFor(&l, seen) > 70*time.Second {
			t.Errorf("%s failed, seen at %v, and the archive does not know why: %v", l.ID, seen, l.Moments)
		}
		if row[4] != "" && row[4] != fmt.Sprint(l.Rows) || row[5] != "" && row[5] != fmt.Sprint(l.Size) {
			t.Errorf("%s has %s rows in %s bytes, really %d in %d", l.ID, row[4], row[5], l.Rows, l.Size)
		}
	}
	for _, row := range a.Rows(t, `SELECT job_id, min_seconds, coalesce(max_seconds, 1e9), created_at, completed_at, first_seen_at FROM jobs WHERE min_seconds IS NOT NULL`) {
		took, once := lasted(e.lives[row[0]])
		if !once || e.unmeasurable(row[0], moment(t, row[5])) {
			continue
		}
		var least, most float64
		if _, err := fmt.Sscan(row[1]+" "+row[2], &least, &most); err != nil {
			t.Fatal(err)
		}
		if took < least-wrong || took > most+wrong {
			t.Errorf("%v took %v seconds: %v", row, took, e.lives[row[0]].Moments)
		}
	}
}

// unmeasurable says whether lies keep an archive from knowing how long a job
// took: a list hid it before it was first seen, or answers contradict each other
// about when it ended.
func (e *evidence) unmeasurable(id string, firstSeen time.Time) bool {
	return e.doubtful(id) || slices.ContainsFunc(e.lies[id], func(l simulator.Lie) bool { return !l.Listed && !l.At.After(firstSeen) })
}

// lasted is how long a job took, in seconds. One that came back may have come
// and gone between two runs, and counts from its return.
func lasted(l simulator.Life) (seconds float64, once bool) {
	var ended time.Time
	for _, m := range l.Moments {
		if m.Kind == "returned" {
			return 0, false
		}
		if m.Kind == "moved" {
			ended = m.At
		}
	}
	return ended.Sub(l.Moments[0].At).Seconds(), true
}

// listedFor is how long a job went on to be listed.
func (e *evidence) listedFor(l *simulator.Life, from time.Time) time.Duration {
	for _, m := range l.Moments {
		if m.Kind == "gone" && m.At.After(from) {
			return m.At.Sub(from)
		}
	}
	return e.now.Sub(from)
}

// isWhatIsListed: an archive that has settled has as not gone what is listed,
// as list or describe say of it, and nothing else. So what is forgotten for
// good is not open for ever.
func (a *archive) isWhatIsListed(t *testing.T, e *evidence) {
	t.Helper()
	archived := map[string]bool{}
	for _, row := range a.Rows(t, `SELECT job_id, raw_state, collection, gone_at FROM jobs`) {
		life := e.lives[row[0]]
		m, listed := standing(&life, e.now)
		switch archived[row[0]] = true; {
		case listed != (row[3] == ""):
			t.Errorf("%v is listed: %v", row, listed)
		case listed && row[1] != m.RawState && row[1] != m.DescribedRaw || listed && row[2] != m.Collection:
			t.Errorf("%v is listed as %+v", row, m)
		}
	}
	for _, row := range a.Rows(t, `SELECT job_id FROM pruned`) {
		archived[row[0]] = true
	}
	for id, life := range e.lives {
		if _, listed := standing(&life, e.now); listed && !archived[id] {
			t.Errorf("%s is listed, and not archived", id)
		}
	}
}

// saysWhatStaysUndecided: a run that can't know whether the service forgot what its
// list lacks is partial and says so, and no other run is partial for that.
func (a *archive) saysWhatStaysUndecided(t *testing.T) {
	t.Helper()
	a.Expect(t, "0", `SELECT count(*) FROM runs
		WHERE (absences_undecided > 0) <> (outcome = 'partial' AND error LIKE 'the list lacks % and the service can''t say that it forgot %')`)
}
