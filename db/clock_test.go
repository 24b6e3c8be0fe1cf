package db_test

import (
	"testing"
	"time"

	"importarchive/db"
	_ "importarchive/longtest"
)

func TestAgesAreJudgedOnlyByAClockThatIsVouchedFor(t *testing.T) {
	const day, every = 24 * time.Hour, 5 * time.Minute
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	offset := func(d time.Duration) *time.Duration { return &d }
	for _, row := range []struct {
		story string
		c     db.Clocks
		want  string
	}{
		{"nothing is known", db.Clocks{}, ""},
		{"the clocks agree", db.Clocks{Offset: offset(0), Newest: noon}, ""},
		{"an hour apart", db.Clocks{Offset: offset(-time.Hour), Newest: noon}, ""},
		{"more than an hour ahead", db.Clocks{Offset: offset(-time.Hour - time.Minute), Newest: noon}, "this machine's clock is 1h1m ahead of the service's"},
		{"a year behind", db.Clocks{Offset: offset(365 * day), Newest: noon}, "this machine's clock is 365 days behind the service's"},
		{"a month's outage, and the clocks agree", db.Clocks{Offset: offset(0), Newest: noon, Before: noon.Add(-30 * day), Expected: every}, ""},
		{"no clock, on time", db.Clocks{Newest: noon, Before: noon.Add(-every), Expected: every}, ""},
		{"no clock, and the newest run concluded", db.Clocks{Newest: noon, Before: noon.Add(time.Second), Expected: every}, ""},
		{
			"no clock, and a partial run far from the one before",
			db.Clocks{Newest: noon, Before: noon.Add(-366 * day), Expected: every},
			"its newest run began 366 days after the one before, longer than its schedule explains, and the service sends no clock to compare with",
		},
		{
			"no clock, and a complete run ended a gap",
			db.Clocks{Newest: noon, Before: noon.Add(time.Second), GapEnded: noon, Expected: every},
			"a gap ended only 0s before its newest run, and the service sends no clock to compare with",
		},
		{"no clock, a day after a gap", db.Clocks{Newest: noon, Before: noon.Add(time.Second), GapEnded: noon.Add(-day), Expected: every}, ""},
		{
			"no clock, a day after a gap of a weekly schedule",
			db.Clocks{Newest: noon, Before: noon.Add(time.Second), GapEnded: noon.Add(-day), Expected: 7 * day},
			"a gap ended only 24h0m before its newest run, and the service sends no clock to compare with",
		},
		{"never a conclusive run", db.Clocks{Newest: noon, Expected: every}, ""},
	} {
		if got := row.c.Doubt(); got != row.want {
			t.Errorf("%s: %q, want %q", row.story, got, row.want)
		}
	}
}

func TestOnlyWhatIsNoOutageIsAWrongClock(t *testing.T) {
	const hour, year = time.Hour, 366 * 24 * time.Hour
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	agrees, ahead := time.Duration(0), -year
	for _, row := range []struct {
		story  string
		c      db.Clocks
		wrong  bool
		listed time.Duration // from noon
	}{
		{"the clocks agree", db.Clocks{Offset: &agrees, Before: noon, ClockThen: noon}, false, 0},
		{"ours is a year ahead", db.Clocks{Offset: &ahead, Before: noon, ClockThen: noon}, true, 0},
		{"a gap, and no Date", db.Clocks{Newest: noon, Before: noon, ClockThen: noon, GapEnded: noon, Expected: hour}, false, 0},
		{"the archive is ahead of the clock, and its newest listing is an hour old", db.Clocks{Offset: &agrees, Before: noon.Add(year), ClockThen: noon.Add(-hour)}, false, -hour},
		{"the newest listing was made by a clock a year ahead", db.Clocks{Before: noon.Add(year), ClockThen: noon.Add(year)}, true, year},
		{"the newest listing was made by a clock a year behind", db.Clocks{Before: noon.Add(-hour), ClockThen: noon.Add(-year)}, false, -hour},
	} {
		if got, from := row.c.Wrong(noon), row.c.Listed(noon).Sub(noon); got != row.wrong || from != row.listed {
			t.Errorf("%s: wrong %v, listed %v from now", row.story, got, from)
		}
	}
}
