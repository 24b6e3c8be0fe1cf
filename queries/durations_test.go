package queries_test

import (
	"database/sql"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/longtest"
)

func theTruePercentileLiesBetweenItsBounds(t *testing.T, reader *sql.DB) {
	var windows []map[string]any
	for _, given := range filters(timeFilters[0], timeFilters[1], timeFilters[2], timeFilters[3], map[string]any{"state": "failed"}) {
		if given["since"] == nil {
			given["days"] = int64(100_000)
		}
		windows = append(windows, given)
	}
	durationsAreTrue(t, reader, windows)
}

// durationsAreTrue computes the durations of each window from the jobs, and
// compares the report with them. The true duration of a job is drawn at random
// from between its bounds.
func durationsAreTrue(t *testing.T, reader *sql.DB, windows []map[string]any) {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 7))
	jobs := rowsOf(t, reader, `SELECT * FROM jobs WHERE max_seconds IS NOT NULL`, nil)
	for _, given := range windows {
		state := any("completed")
		if given["state"] != nil {
			state = given["state"]
		}
		groups := map[string]*[3][]float64{}
		for _, j := range jobs {
			if !matches(given, j) || j["outcome"] != state || !inDays(given, j["last_state_at"]) {
				continue
			}
			key := fmt.Sprint(j["cluster"], j["collection"])
			if groups[key] == nil {
				groups[key] = &[3][]float64{}
			}
			least, most := j["min_seconds"].(float64), j["max_seconds"].(float64)
			for i, v := range []float64{least, least + r.Float64()*(most-least), most} {
				groups[key][i] = append(groups[key][i], v)
			}
		}
		got := reportRows(t, reader, "durations", given)
		if len(got) != len(groups) {
			t.Fatalf("with %v: %d rows, not %d", given, len(got), len(groups))
		}
		for _, d := range got {
			g := groups[fmt.Sprint(d["cluster"], d["collection"])]
			if g == nil || d["jobs"] != int64(len(g[0])) {
				t.Fatalf("with %v: %v, not the jobs %v", given, d, g)
			}
			for name, percent := range map[string]float64{"p50": 50, "p95": 95, "max": 100} {
				least, truth, most := rank(g[0], percent), rank(g[1], percent), rank(g[2], percent)
				low, high := d[name+"_min_seconds"].(float64), d[name+"_max_seconds"].(float64)
				if low > truth || truth > high || low > least || low < 0.8*least || high < most || high > 1.2*most {
					t.Errorf("with %v: the %s of %v is %v, between %v and %v", given, name, d["collection"], truth, least, most)
				}
			}
		}
	}
}

// rank returns a percentile by the nearest-rank method.
func rank(values []float64, percent float64) float64 {
	slices.Sort(values)
	return values[int(math.Ceil(float64(len(values))*percent/100))-1]
}

// A window is read as the fewest years, months, tens of days and days that
// hold it. Wherever it begins and ends, each job must be in it once.
func TestDurationsOfAnyWindowAreThoseOfItsDays(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("some seconds")
	}
	r := rand.New(rand.NewPCG(5, 5))
	began := time.Date(2019, 11, 20, 12, 0, 0, 0, time.UTC)
	const days = 840 // a leap year, a whole one, and parts of two
	reader := openReader(t, newArchive(t, func(st *sqlite.Archive) {
		for _, name := range []string{"a", "b"} {
			s := dbtest.Tell(t, st, name)
			s.Now = began
			var jobs []*randomJob
			for s.Now.Before(began.AddDate(0, 0, days)) {
				for range r.IntN(4) {
					j := &randomJob{Job: dbtest.Listed(fmt.Sprintf("job-%d-%d", s.Now.Unix(), len(jobs)), db.Pending)}
					j.Collection = []string{"films", "books", ""}[r.IntN(3)]
					j.ends, j.leaves = r.IntN(3), 2+r.IntN(4)
					jobs = append(jobs, j)
				}
				s.Lists(randomListing(r, jobs, []db.State{db.Completed, db.Completed, db.Failed})...)
				s.Wait(time.Duration(r.IntN(longtest.Size(360, 120))) * time.Hour)
				if s.Now.Month() == time.July && r.IntN(8) == 0 {
					s.Wait(50 * 24 * time.Hour) // months without any job
				}
			}
		}
	}))
	dbtest.Verify(t, reader)

	moment := func() string {
		at := began.AddDate(0, 0, r.IntN(days+60)-30).Truncate(24 * time.Hour)
		switch r.IntN(6) {
		case 0:
			at = at.AddDate(0, 0, 1-at.Day())
		case 1:
			at = at.AddDate(0, 0, 1-at.YearDay())
		case 2:
			return at.Add(6 * time.Hour).Format("2006-01-02 15:04:05.000")
		case 3:
			return at.Format(time.DateOnly)
		}
		return at.Format("2006-01-02 15:04:05.000")
	}
	windows := []map[string]any{
		{"since": "2020-01-01", "until": "2021-01-01"},
		{"since": "2020-02-20", "until": "2020-03-01"},
		{"since": "2020-02-29", "until": "2020-03-01"},
		{"since": "2020-12-31", "until": "2021-01-01"},
		{"since": "2020-05-09", "until": "2020-05-31"},
		{"since": "2020-05-10", "until": "2020-05-30"},
		{"since": "2021-01-01", "until": "2020-01-01"},
		{"days": int64(100_000)},
	}
	for range longtest.Size(15, 40) {
		since, until := moment(), moment()
		if until < since {
			since, until = until, since
		}
		day := since[:10]
		next, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		windows = append(windows,
			map[string]any{"since": since, "until": until},
			map[string]any{"since": day, "until": next.AddDate(0, 0, 1).Format(time.DateOnly)},
			map[string]any{"since": since},
			map[string]any{"until": until, "days": int64(100_000), "cluster": "b", "state": "failed"},
			map[string]any{"since": since, "until": until, "collection": "films"})
	}
	durationsAreTrue(t, reader, windows)
}
