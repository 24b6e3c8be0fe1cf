package e2e_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/sync/remote/simulator"
)

// randomLies are lists that are not so, with what describe says meanwhile, and
// manners that look like lies.
func randomLies(r *rand.Rand, c *simulator.Cluster, began time.Time, schedule time.Duration) []simulator.Fault {
	c.NullEmpty, c.TwoPhase, c.Release = r.IntN(2) == 0, r.IntN(2) == 0, pick(r, "", "2.5")
	if r.IntN(2) == 0 {
		c.DisagreeShare = 0.3
		words := pick(r, [2]string{"Cancel", "Failed"}, [2]string{"Importing", "Failed"}, [2]string{"Failed", "Importing"}, [2]string{"Completed", "Uncommitted"})
		c.ListWord, c.DescribeWord = words[0], words[1]
	}
	away := simulator.Fault{Kind: simulator.Away}
	empty := simulator.Fault{Kind: simulator.Away, Call: simulator.List}
	omits := simulator.Fault{Kind: simulator.Omits, Part: 0.1 + 0.5*r.Float64(), Call: simulator.List}
	nameless := simulator.Fault{Kind: simulator.Nameless, Part: 0.1 + 0.5*r.Float64(), Call: simulator.List}
	stale := simulator.Fault{Kind: simulator.Stale, Delay: time.Duration(1+r.IntN(20)) * time.Minute, Call: simulator.List}
	grants := simulator.Fault{Kind: simulator.Denied, Collection: pick(r, "products", "reviews")}
	silent := pick(r,
		simulator.Fault{Kind: simulator.Away, Call: simulator.Describe},
		simulator.Fault{Kind: simulator.Denied, Call: simulator.Describe},
		simulator.Fault{Kind: simulator.HTTPStatus, Status: 404, Call: simulator.Describe},
		simulator.Fault{Kind: simulator.HTTPStatus, Status: 405, Call: simulator.Describe},
	)
	var some []simulator.Fault
	for range 1 + r.IntN(3) {
		together := pick(r,
			[]simulator.Fault{away},
			[]simulator.Fault{empty},
			[]simulator.Fault{empty, silent},
			[]simulator.Fault{omits},
			[]simulator.Fault{omits, silent},
			[]simulator.Fault{nameless},
			[]simulator.Fault{nameless, silent},
			[]simulator.Fault{nameless, omits},
			[]simulator.Fault{stale},
			[]simulator.Fault{stale, silent},
			[]simulator.Fault{grants},
			[]simulator.Fault{{Kind: simulator.Denied}},
			[]simulator.Fault{{Kind: simulator.NullList, Call: simulator.List}},
			[]simulator.Fault{{Kind: simulator.NullList, FromPage: 2, Call: simulator.List}},
			[]simulator.Fault{{Kind: simulator.Ghosts, Delay: time.Duration(1+r.IntN(600)) * time.Second, Call: simulator.List}},
		)
		from := began.Add(time.Duration(r.IntN(20)) * schedule)
		until := from.Add(time.Duration(1+r.IntN(12)) * schedule)
		share := pick(r, 0, 0, 0.3)
		for _, f := range together {
			f.From, f.Until, f.Share = from, until, share
			some = append(some, f)
		}
	}
	return some
}

// newestListed is when a list was last not empty.
func (e *evidence) newestListed() (newest time.Time) {
	for id := range e.lives {
		if _, last, _ := e.listed(id); last.After(newest) {
			newest = last
		}
	}
	return newest
}

// namelessIn says whether a job that was listed until the end of a run had a record
// without an id in it.
func (e *evidence) namelessIn(id string, from, until time.Time) bool {
	left := slices.ContainsFunc(e.lives[id].Moments, func(m simulator.Moment) bool {
		return m.Kind == "gone" && !m.At.Before(from) && !m.At.After(until)
	})
	return !left && slices.ContainsFunc(e.lies[id], func(l simulator.Lie) bool {
		return l.Nameless && !l.At.Before(from) && !l.At.After(until)
	})
}

// standsStillWithoutIDs has part of the jobs listed without their ids while the world
// stands still, in half of the worlds without a call for one job. The records are the
// same each time, so listings after the first one conclude as any other. No job is gone
// by them: the service knows those that it is asked for, and if it can't be asked, each
// record may be the job.
func (w *randomWorld) standsStillWithoutIDs(t *testing.T) {
	t.Helper()
	w.world.Heal()
	w.world.Freeze()
	w.world.Script(simulator.Fault{Kind: simulator.Nameless, Part: 0.5})
	if w.random.IntN(2) == 0 {
		w.world.Script(simulator.Fault{Kind: simulator.HTTPStatus, Status: 404, Call: simulator.Describe})
	}
	from, rejected := time.Now(), 0
	for n := range w.goneAfter + 2 {
		run := w.syncs(t, db.ByHand)
		if rejected = run.Rejected; n == 0 && rejected > 0 && run.Outcome != db.Partial {
			t.Errorf("run %d with %d records of which none was there before is %s", run.ID, rejected, run.Outcome)
		}
		time.Sleep(w.schedule)
	}
	if rejected == 0 {
		return
	}
	evidence := w.evidence()
	for _, row := range w.archive.Rows(t, `SELECT job_id, observed_at FROM transitions WHERE kind = 'gone'`) {
		if at := moment(t, row[1]); at.After(from) && evidence.namelessIn(row[0], from, at) {
			t.Errorf("%v is gone, and the list had it as a record without an id", row)
		}
	}
}

// believesNoListAlone checks that for each job that became lost, the run had just
// queried it and the service did not have it. For finished jobs a forgotten one may
// be the witness for others. If a service has no such call, the list alone counts, an
// empty one after an hour.
func (w *randomWorld) believesNoListAlone(t *testing.T) {
	t.Helper()
	for _, row := range w.archive.Rows(t, `SELECT t.id, t.job_id, t.from_state, r.started_at, r.finished_at, r.listed FROM transitions AS t JOIN runs AS r ON r.id = t.run_id
		WHERE t.kind = 'gone' AND t.id > ? ORDER BY t.id`, w.gone) {
		w.gone = row[0]
		ended := moment(t, row[4])
		switch said := w.said(row[1], db.State(row[2]).Terminal(), moment(t, row[3]), ended); said {
		case simulator.Forgotten:
		case simulator.NoCall:
			if full := w.evidence().newestListed(); row[5] == "0" && ended.Sub(full) < time.Hour {
				t.Errorf("%v is gone as an empty list lacks it, and at %v the list was not empty", row, full)
			}
			if w.evidence().namelessIn(row[1], moment(t, row[3]), ended) {
				t.Errorf("%v is gone, and the list had it as a record without an id", row)
			}
		default:
			t.Errorf("%v is gone, and the service's answer about it was: %s", row, said)
		}
	}
}

// said returns the newest answer in a stretch about whether a job exists. For a
// finished job without a query of its own it is the answer about another one.
func (w *randomWorld) said(id string, finished bool, from, until time.Time) simulator.Verdict {
	said, last, itself := simulator.Silent, simulator.Silent, false
	all := w.world.Asked(w.cluster.ID)
	for i, q := range all {
		otherName := q.Answer == simulator.NoCall && i+1 < len(all) && all[i+1].ID == q.ID
		switch {
		case q.At.After(until):
			continue
		case q.At.Before(from) || otherName:
		case q.ID == id:
			said, itself = q.Answer, true
		case finished && !itself && (q.Answer == simulator.Forgotten || q.Answer == simulator.NoCall && said == simulator.Silent):
			said = q.Answer
		}
		last = q.Answer
	}
	if said == simulator.Silent && last == simulator.NoCall { // so it is not asked again for a while
		return simulator.NoCall
	}
	return said
}

// hasNoCall says whether the service ever said that it knows no call for one job.
func (w *randomWorld) hasNoCall() bool {
	return w.cluster.Naming == simulator.NoName ||
		slices.ContainsFunc(w.world.Asked(w.cluster.ID), func(q simulator.Question) bool { return q.Answer == simulator.NoCall })
}
