package cli

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/queries"
	"importarchive/report"
)

// What reports do without parameters depends on the present time, so these
// archives are told backwards from it.

// toldUntilNow tells an archive; the function's clock is the present one.
func toldUntilNow(t *testing.T, tell func(st *sqlite.Archive, now time.Time)) *sql.DB {
	t.Helper()
	st, err := sqlite.Open(t.Context(), dbtest.Fresh(t), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	tell(st, time.Now().UTC().Truncate(time.Second))
	return st.Reader
}

// column gives the values of a column of a saved query's rows.
func column(t *testing.T, reader *sql.DB, q queries.Query, values map[string]any, name string) []any {
	t.Helper()
	table, err := report.Saved(t.Context(), reader, q, values)
	if err != nil {
		t.Fatal(err)
	}
	var all []any
	for row, err := range table.Pick(name).Rows {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, row[0])
	}
	return all
}

func reported(t *testing.T, reader *sql.DB, name string, values map[string]any, of string) []any {
	t.Helper()
	q, err := queries.Report(name)
	if err != nil {
		t.Fatal(err)
	}
	return column(t, reader, q, values, of)
}

func loaded(t *testing.T, reader *sql.DB, name string, values map[string]any, of string) []any {
	t.Helper()
	all, err := queries.Views()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(q queries.Query) bool { return q.Name == name })
	return column(t, reader, all[i], values, of)
}

func TestDefaultsCountFromNow(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	ages := []time.Duration{40 * day, 20 * day, 6 * day, 30 * time.Hour, 20 * time.Hour, 0}
	var began time.Time
	reader := toldUntilNow(t, func(st *sqlite.Archive, now time.Time) {
		began = now
		s := dbtest.Tell(t, st, "a")
		var jobs []db.Job
		s.Now = now.Add(-50 * day)
		s.Lists()
		for _, age := range ages { // each appears at this age, and the one before it completes
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
	if got := reported(t, reader, "daily", nil, "day"); !slices.Equal(got, days) {
		t.Errorf("daily tells of %v, want %v", got, days)
	}
	if got := reported(t, reader, "durations", nil, "jobs"); !slices.Equal(got, []any{int64(1)}) {
		t.Errorf("of the last seven days %v jobs are measured", got)
	}
	if got := reported(t, reader, "durations", map[string]any{"days": int64(30)}, "jobs"); !slices.Equal(got, []any{int64(2)}) {
		t.Errorf("of the last thirty days %v jobs are measured", got)
	}
	open := []any{(6 * day).String(), (30 * time.Hour).String()}
	if got := reported(t, reader, "stuck", nil, "job_id"); !slices.Equal(got, open) {
		t.Errorf("stuck are %v, want %v", got, open)
	}
	changed := []any{time.Duration(0).String(), (20 * time.Hour).String()}
	if got := reported(t, reader, "diff", nil, "job_id"); !slices.Equal(got, changed) {
		t.Errorf("in the last day changed %v, want %v", got, changed)
	}
}

func TestAClusterIsStaleAfterTwiceItsSchedule(t *testing.T) {
	reader := toldUntilNow(t, func(st *sqlite.Archive, now time.Time) {
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
	clusters := reported(t, reader, "overview", nil, "cluster")
	if got := reported(t, reader, "overview", nil, "freshness"); !slices.Equal(got, clusters) {
		t.Errorf("%v are %v", clusters, got)
	}
}

// What is open has no time of its end: it is new to whoever loads what changed,
// whatever that begins after.
func TestWhatIsOpenIsLoadedEachTime(t *testing.T) {
	reader := toldUntilNow(t, func(st *sqlite.Archive, now time.Time) {
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
		if got := loaded(t, reader, view, later, of); !slices.Equal(got, []any{nil}) {
			t.Errorf("%s: %v, want the one that is open", view, got)
		}
		if got := loaded(t, reader, view, nil, of); len(got) < 2 {
			t.Errorf("%s: all of them are %v", view, got)
		}
	}
}

func TestGapsAreChosenByWhereTheyLie(t *testing.T) {
	reader := toldUntilNow(t, func(st *sqlite.Archive, now time.Time) {
		s := dbtest.Tell(t, st, "a") // noon of the first of May
		for range 3 {
			s.Lists()
			s.Wait(55 * time.Minute)
		}
		s.Now = now
		s.Lists()
	})
	all := reported(t, reader, "gaps", nil, "started_at")
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
		if got := reported(t, reader, "gaps", chosen.values, "started_at"); !slices.Equal(got, chosen.want) {
			t.Errorf("%v: %v, want %v", chosen.values, got, chosen.want)
		}
	}
}

// A job that was there for less than two schedules may have slipped through at
// another time.
func TestRetentionOfLessThanTwoSchedulesIsNotCalledGood(t *testing.T) {
	reader := toldUntilNow(t, func(st *sqlite.Archive, _ time.Time) {
		for name, stay := range map[string]time.Duration{"short": 7 * time.Minute, "long": 40 * time.Minute} {
			s := dbtest.Tell(t, st, name)
			var jobs, done []db.Job
			for _, id := range []string{"1", "2", "3", "4", "5", "6"} {
				jobs, done = append(jobs, dbtest.Listed(id, db.Running)), append(done, dbtest.Listed(id, db.Completed))
			}
			s.Lists(jobs...)
			seen := s.Now
			s.Lists(done...)
			for last := seen.Add(stay); s.Now.Before(last); {
				s.Lists(done...)
			}
			s.Now = seen.Add(stay)
			s.Lists(done...)
			s.Lists()
			s.Lists()
		}
	})
	clusters := reported(t, reader, "retention", nil, "cluster")
	for i, verdict := range reported(t, reader, "retention", nil, "verdict") {
		if good := verdict == "ok"; good != (clusters[i] == "long") || !good && !strings.Contains(verdict.(string), "too slow") {
			t.Errorf("%s: %s", clusters[i], verdict)
		}
	}
}
