package sync_test

import (
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/sync/remote"
)

const day, year = 24 * time.Hour, 366 * 24 * time.Hour

// While the archive is ahead of the clock, all its times are one. What happens to the
// service in that year must show nevertheless.
func TestAGapShowsWhileTheArchiveIsAheadOfTheClock(t *testing.T) {
	a, c := dbtest.NewArchive(t), newHandClock()
	sync := syncer(a.Store, c.Now, nil)
	lists := func() {
		t.Helper()
		run, err := sync(c.lists(listed("1", "Pending")))
		mustSync(t, run, err)
		c.add(5 * time.Minute)
	}
	const gaps = "SELECT coalesce(group_concat(started_at || ' ' || round(seconds / 86400), ', '), 'none') FROM (SELECT * FROM gaps WHERE ended_at IS NOT NULL ORDER BY seconds)"
	lists()
	c.add(-year)
	lists()
	c.add(year - 2*time.Minute)
	lists()
	a.Expect(t, "none", gaps) // of a clock that was behind for one run

	c.add(year)
	lists()
	c.add(-year)
	lists()
	a.Expect(t, "2026-01-01 00:08:12.000 366.0", gaps) // it looks like an outage
	lists()
	c.add(5 * day)
	lists()
	a.Expect(t, "2026-01-01 00:23:24.000 5.0, 2026-01-01 00:08:12.000 366.0", gaps)
	a.Verify(t)
}

// A list that stays empty for an hour is believed where the service has no call for one
// job. The hour must be one of a clock that is right.
func TestTheEmptyHourWaitsForAClockThatIsRight(t *testing.T) {
	for _, row := range []struct {
		story  string
		offset *time.Duration
		gone   int
	}{
		{"the clocks agree", new(time.Duration), 1},
		{"ours is two hours ahead", new(-2 * time.Hour), 0},
		{"ours is two hours behind", new(2 * time.Hour), 0},
		{"there is no Date, and a gap", nil, 0},
	} {
		t.Run(row.story, func(t *testing.T) {
			s := newSpeaking(t)
			s.lists(listed("1", "Pending"))
			s.all(noCall, "1")
			s.lists()
			s.add(2 * time.Hour)
			s.dated(row.offset)
			if run := s.lists(); run.Gone != row.gone {
				t.Errorf("%+v", run)
			}
			if row.gone > 0 {
				return
			}
			s.dated(new(time.Duration))
			if run := s.lists(); run.Gone != 1 || run.Absences != (db.Absences{Asked: run.Absences.Asked, Unconfirmed: 1}) {
				t.Errorf("by the right clock: %+v", run)
			}
		})
	}
}

// dated has the service's clock be so far from ours; nil: it sends none.
func (c *handClock) dated(offset *time.Duration) {
	c.clock = remote.Clock{}
	if offset != nil {
		c.clock = remote.Clock{Known: true, Offset: *offset}
	}
}
