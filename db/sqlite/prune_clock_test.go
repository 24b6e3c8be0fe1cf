package sqlite_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/store/clocks"
	"importarchive/db/store/prune"
)

// Two clusters completed a job each. The clock of the machine then jumps ahead by 366
// days, and a run sees cluster a by it. Cluster b is another machine's to sync, with
// a clock that is right.
func TestAClockThatIsAheadPrunesNothing(t *testing.T) {
	t.Parallel()
	offset := func(d time.Duration) *time.Duration { return &d }
	for _, row := range []struct {
		story      string
		clock      *time.Duration // by the answers of the run after the jump
		then       func(s *dbtest.Story, jobs []db.Job)
		refused    string
		prunedOfA  int64
		prunedOfAB int64
	}{
		{"the service says so", offset(-366 * day), nil, "this machine's clock is 366 days ahead of the service's", 0, 1},
		{"the service has no clock", nil, nil, "a gap ended only 0s before its newest run, and the service sends no clock to compare with", 0, 1},
		{
			"the service has no clock, and runs go on by the wrong one", nil, func(s *dbtest.Story, jobs []db.Job) { s.Lists(jobs...); s.Lists(jobs...) },
			"a gap ended only 10m before its newest run, and the service sends no clock to compare with", 0, 1,
		},
		{"there was an outage, and the clocks agree", offset(0), nil, "", 1, 2},
		{
			"the next run gets no answer", offset(-366 * day), func(s *dbtest.Story, _ []db.Job) { s.Clock = nil; s.Reads(db.Failure) },
			"this machine's clock is 366 days ahead of the service's", 0, 1,
		},
		{
			"the clock comes back, and the next run fails with an answer", offset(-366 * day),
			func(s *dbtest.Story, _ []db.Job) { s.Clock = offset(0); s.Reads(db.Failure) }, "", 1, 2,
		},
	} {
		t.Run(row.story, func(t *testing.T) {
			t.Parallel()
			st := open(t)
			a, b := dbtest.Tell(t, st, "a"), dbtest.Tell(t, st, "b")
			jobs := completed(1)
			for _, s := range []*dbtest.Story{a, b} {
				s.Lists()
				s.Lists(jobs...)
				s.Wait(366 * day)
			}
			a.Clock = row.clock
			a.Lists(jobs...)
			b.Lists(jobs...)
			if row.then != nil {
				row.then(a, jobs)
			}
			p := nowait(a)
			due, doubt := prune.Due(t.Context(), st.Reader, p.Keep, p.Now)
			done, err := st.Prune(t.Context(), p)
			if doubt != nil != (row.refused != "") || err != nil != (row.refused != "") {
				t.Fatalf("due: %v, prune: %v", doubt, err)
			}
			if row.refused != "" && (!errors.As(err, new(*prune.ClockError)) ||
				!strings.HasPrefix(err.Error(), "nothing of a is pruned, because its ages can't be judged: "+row.refused+"; set this machine's clock")) {
				t.Error(err)
			}
			if done.Jobs() != row.prunedOfAB || (&db.Pruned{Deletions: due}).Jobs() != row.prunedOfAB {
				t.Errorf("it pruned %+v, and said %+v", done.Deletions, due)
			}
			if got := show(t, st.Reader, `SELECT count(*) FROM pruned WHERE cluster = 'a'`); strings.TrimSpace(got) != string('0'+rune(row.prunedOfA)) {
				t.Errorf("%s jobs of a are pruned", got)
			}
		})
	}
}

func TestClocksAreReadAsRunsWroteThem(t *testing.T) {
	t.Parallel()
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	behind := -1500 * time.Millisecond
	s.Clock = &behind
	s.Lists()
	s.Wait(time.Hour)
	s.Clock = nil
	begun := s.Now
	s.Lists()
	all, err := clocks.All(t.Context(), st.Reader)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if c := all[0]; c.Cluster != "a" || c.Offset != nil || !c.Newest.Equal(begun) || !c.GapEnded.Equal(begun) ||
		!c.Before.Equal(begun.Add(100*time.Millisecond)) || c.Expected != 5*time.Minute {
		t.Errorf("%+v", c)
	}
	if got := show(t, st.Reader, `SELECT clock_offset_seconds FROM runs ORDER BY id`); got != "-1.5\n-\n" {
		t.Errorf("%q", got)
	}
}

// A list in another order takes back the quick listings since the complete one: ages
// count from that again, by the clock too.
func TestAListInAnotherOrderTakesTheClockOfQuickListingsBack(t *testing.T) {
	t.Parallel()
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	s.Begin()
	s.Page()
	s.Run.ClockThen = s.Now
	whole := s.Now
	s.Complete()
	for _, row := range []struct {
		order   db.Order
		outcome db.Outcome
	}{{db.NoOrder, db.Quick}, {db.OtherOrder, db.Partial}} {
		s.Wait(5 * time.Minute)
		s.Begin()
		s.Page()
		s.Run.ClockThen, s.Run.Order = s.Now, row.order
		s.Close(row.outcome)
	}
	all, err := clocks.All(t.Context(), st.Reader)
	if err != nil || !all[0].Before.Equal(whole) || !all[0].ClockThen.Equal(whole) {
		t.Errorf("%+v, want both at %v: %v", all, whole, err)
	}
}
