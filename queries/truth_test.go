package queries_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"importarchive/db/dbtest"
	"importarchive/longtest"
	"importarchive/queries"
)

// Reports start from sums and indexes. This test computes the same rows by brute
// force, from all jobs and transitions.
func TestReportsSayWhatTheRowsSay(t *testing.T) {
	if testing.Short() {
		t.Skip("much SQL, in which nothing is concurrent")
	}
	t.Parallel()
	for seed := range longtest.Size(1, 2) {
		reader := openReader(t, randomArchive(t, uint64(seed), longtest.Size(50, 70)))
		dbtest.Verify(t, reader)
		for name, holds := range map[string]func(*testing.T, *sql.DB){
			"failed and lost jobs are all found":               failedAndLostJobsAreAllFound,
			"jobs are found by each state":                     jobsAreFoundByEachState,
			"days and rates count every job once":              daysAndRatesCountEveryJobOnce,
			"the true percentile lies between its bounds":      theTruePercentileLiesBetweenItsBounds,
			"as-of is the history replayed":                    asOfIsTheHistoryReplayed,
			"a diff is what lies between two replays of it":    diffIsBetweenTwoReplays,
			"throughput is rows over seconds":                  throughputIsRowsOverSeconds,
			"collections and stuck jobs are counted and found": collectionsAndStuckJobsAreRight,
		} {
			t.Run(fmt.Sprintf("%s in world %d", name, seed), func(t *testing.T) { holds(t, reader) })
		}
	}
}

func failedAndLostJobsAreAllFound(t *testing.T, reader *sql.DB) {
	jobs := rowsOf(t, reader, `SELECT * FROM jobs`, nil)
	for _, given := range filters(timeFilters...) {
		failed, lost := []row{}, []row{}
		for _, j := range jobs {
			if matches(given, j) && j["state"] == "failed" && within(given, j["last_state_at"]) {
				failed = append(failed, pick(j, "cluster", "job_id", "collection", "last_state_at", "reason"))
			}
			if matches(given, j) && j["outcome"] == "lost" && within(given, j["gone_at"]) {
				lost = append(lost, pick(j, "cluster", "job_id", "collection", "last_state", "first_seen_at", "last_seen_at", "gone_at"))
			}
		}
		slices.SortFunc(failed, latestFirst("last_state_at"))
		slices.SortFunc(lost, latestFirst("gone_at"))
		differ(t, "failures", given, firstOf(given, failed, 50), reportRows(t, reader, "failures", given))
		differ(t, "lost", given, firstOf(given, lost, 50), reportRows(t, reader, "lost", given))
	}
}

func jobsAreFoundByEachState(t *testing.T, reader *sql.DB) {
	jobs := rowsOf(t, reader, `SELECT * FROM jobs`, nil)
	newestFirst(jobs)
	for i, state := range []any{nil, "pending", "running", "completed", "failed", "cancelled", "unknown", "open", "lost"} {
		for _, given := range share(i, filters(timeFilters...)) {
			want := []row{}
			for _, j := range jobs {
				is := state == nil || j["outcome"] == state || j["outcome"] == "open" && j["state"] == state
				if is && matches(given, j) && within(given, j["first_seen_at"]) {
					want = append(want, pick(j, "cluster", "job_id", "collection", "state", "first_seen_at", "last_state_at", "last_seen_at", "reason"))
				}
			}
			given["state"] = state
			differ(t, "jobs", given, firstOf(given, want, 50), rowsOf(t, reader, queries.Jobs().SQL, given))
		}
	}
}

func daysAndRatesCountEveryJobOnce(t *testing.T, reader *sql.DB) {
	whole := []map[string]any{timeFilters[0], timeFilters[1], timeFilters[2], timeFilters[3]}
	jobs := rowsOf(t, reader, `SELECT * FROM jobs`, nil)
	for _, given := range filters(whole...) {
		if given["since"] == nil {
			given["days"] = int64(100_000)
		}
		days, rates := map[string]int64{}, map[string]int64{}
		count := func(j row, at any, what string) {
			if matches(given, j) && inDays(given, at) {
				days[fmt.Sprint(at.(string)[:10], " ", j["cluster"], " ", what)]++
				rates[fmt.Sprint(j["cluster"], " ", j["collection"], " ", what)]++
			}
		}
		for _, j := range jobs {
			count(j, j["first_seen_at"], "appeared")
			switch j["outcome"] {
			case "open":
			case "lost":
				count(j, j["gone_at"], "lost")
			default:
				count(j, j["last_state_at"], j["outcome"].(string))
			}
		}
		gotDays, gotRates := map[string]int64{}, map[string]int64{}
		for _, what := range []string{"appeared", "completed", "failed", "cancelled", "lost"} {
			for _, d := range reportRows(t, reader, "daily", given) {
				if n := d[what].(int64); n > 0 {
					gotDays[fmt.Sprint(d["utc_day"], " ", d["cluster"], " ", what)] = n
				}
			}
			for _, c := range reportRows(t, reader, "success-rate", given) {
				if n, ok := c[what].(int64); ok && n > 0 {
					gotRates[fmt.Sprint(c["cluster"], " ", c["collection"], " ", what)] = n
				}
			}
		}
		for key := range rates {
			if strings.HasSuffix(key, " appeared") {
				delete(rates, key)
			}
		}
		if diff := gocmp.Diff(days, gotDays) + gocmp.Diff(rates, gotRates); diff != "" {
			t.Errorf("with %v (-want +got):\n%s", given, diff)
		}
	}
}

func collectionsAndStuckJobsAreRight(t *testing.T, reader *sql.DB) {
	jobs := newestFirst(rowsOf(t, reader, `SELECT * FROM jobs`, nil))
	slices.Reverse(jobs)
	counts, got := map[string]int64{}, map[string]int64{}
	stuck := []row{}
	for _, j := range jobs {
		counts[fmt.Sprint(j["cluster"], " ", j["collection"], " ", j["outcome"])]++
		if j["outcome"] == "open" && matches(row{"cluster": "b"}, j) {
			stuck = append(stuck, pick(j, "cluster", "job_id", "collection", "state", "progress", "first_seen_at", "last_state_at", "last_seen_at"))
		}
	}
	for _, c := range reportRows(t, reader, "collections", nil) {
		for column, outcome := range map[string]string{"open_jobs": "open", "completed": "completed", "failed": "failed", "cancelled": "cancelled", "lost": "lost"} {
			if n := c[column].(int64); n > 0 {
				got[fmt.Sprint(c["cluster"], " ", c["collection"], " ", outcome)] = n
			}
		}
	}
	if diff := gocmp.Diff(counts, got); diff != "" {
		t.Errorf("collections (-want +got):\n%s", diff)
	}
	found := reportRows(t, reader, "stuck", row{"cluster": "b", "hours": int64(1)})
	for _, one := range found {
		delete(one, "hours")
	}
	differ(t, "stuck", nil, stuck, found)
}
