package queries_test

import (
	"slices"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
)

func TestDefaultsCountFromNow(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	ages := []time.Duration{40 * day, 20 * day, 6 * day, 30 * time.Hour, 20 * time.Hour, 0}
	var began time.Time
	reader := archiveUntilNow(t, func(st *sqlite.Archive, now time.Time) {
		began = now
		s := dbtest.Tell(t, st, "a")
		var jobs []db.Job
		s.Now = now.Add(-50 * day)
		s.Lists()
		for _, age := range ages { // one job appears at each age, and the previous one completes
			s.Now = now.Add(-age)
			if len(jobs) > 0 && age > 30*time.Hour {
				jobs[len(jobs)-1] = dbtest.Listed(jobs[len(jobs)-1].ID, db.Completed)
			}
			s.Lists(append(jobs, dbtest.Listed(age.String(), db.Running))...)
			jobs = append(jobs, dbtest.Listed(age.String(), db.Running))
		}
	})
	var days []any
	for _, age := range ages[1:] {
		if day := began.Add(-age).Format(time.DateOnly); !slices.Contains(days, any(day)) {
			days = append([]any{day}, days...)
		}
	}
	if got := reportColumn(t, reader, "daily", nil, "utc_day"); !slices.Equal(got, days) {
		t.Errorf("daily tells of %v, want %v", got, days)
	}
	if got := reportColumn(t, reader, "durations", nil, "jobs"); !slices.Equal(got, []any{int64(1)}) {
		t.Errorf("of the last seven days %v jobs are measured", got)
	}
	if got := reportColumn(t, reader, "durations", map[string]any{"days": int64(30)}, "jobs"); !slices.Equal(got, []any{int64(2)}) {
		t.Errorf("of the last thirty days %v jobs are measured", got)
	}
	open := []any{(6 * day).String(), (30 * time.Hour).String()}
	if got := reportColumn(t, reader, "stuck", nil, "job_id"); !slices.Equal(got, open) {
		t.Errorf("stuck are %v, want %v", got, open)
	}
	changed := []any{time.Duration(0).String(), (20 * time.Hour).String()}
	if got := reportColumn(t, reader, "diff", nil, "job_id"); !slices.Equal(got, changed) {
		t.Errorf("in the last day changed %v, want %v", got, changed)
	}
}

func TestAClusterIsStaleAfterTwiceItsSchedule(t *testing.T) {
	reader := archiveUntilNow(t, func(st *sqlite.Archive, now time.Time) {
		for name, age := range map[string]time.Duration{"fresh": 8 * time.Minute, "stale": 12 * time.Minute} {
			s := dbtest.Tell(t, st, name)
			s.Now = now.Add(-age)
			s.Lists(dbtest.Listed("x", db.Running))
		}
		s := dbtest.Tell(t, st, "never")
		s.Now = now.Add(-time.Minute)
		s.Begin()
		s.Close(db.Failure)
	})
	clusters := reportColumn(t, reader, "overview", nil, "cluster")
	if got := reportColumn(t, reader, "overview", nil, "freshness"); !slices.Equal(got, clusters) {
		t.Errorf("%v are %v", clusters, got)
	}
}

// An open run or gap has no end yet, so an incremental load gets it each time,
// whatever its changed_since is.
func TestWhatIsOpenIsLoadedEachTime(t *testing.T) {
	reader := archiveUntilNow(t, func(st *sqlite.Archive, now time.Time) {
		s := dbtest.Tell(t, st, "a")
		s.Now = now.Add(-3 * time.Hour)
		s.Lists()
		s.Now = now.Add(-2 * time.Hour)
		s.Lists()
		s.Now = now.Add(-time.Hour)
		s.Begin()
	})
	later := map[string]any{"changed_since": "9999"}
	for view, of := range map[string]string{"runs": "finished_at", "gaps": "ended_at"} {
		if got := viewColumn(t, reader, view, later, of); !slices.Equal(got, []any{nil}) {
			t.Errorf("%s: %v, want the one that is open", view, got)
		}
		if got := viewColumn(t, reader, view, nil, of); len(got) < 2 {
			t.Errorf("%s: all of them are %v", view, got)
		}
	}
}

func TestGapsAreChosenByWhereTheyLie(t *testing.T) {
	reader := archiveUntilNow(t, func(st *sqlite.Archive, now time.Time) {
		s := dbtest.Tell(t, st, "a") // noon of the first of May
		for range 3 {
			s.Lists()
			s.Wait(55 * time.Minute)
		}
		s.Now = now
		s.Lists()
	})
	all := reportColumn(t, reader, "gaps", nil, "started_at")
	if len(all) != 3 {
		t.Fatalf("the gaps are %v", all)
	}
	first := all[2].(string)
	for _, chosen := range []struct {
		values map[string]any
		want   []any
	}{
		{map[string]any{"since": "2026-05-01 13:30:00.000"}, all[:2]},
		{map[string]any{"since": "2026-05-01 14:30:00.000"}, all[:1]},
		{map[string]any{"until": first}, nil},
		{map[string]any{"until": first + "0"}, all[2:]},
	} {
		if got := reportColumn(t, reader, "gaps", chosen.values, "started_at"); !slices.Equal(got, chosen.want) {
			t.Errorf("%v: %v, want %v", chosen.values, got, chosen.want)
		}
	}
}
