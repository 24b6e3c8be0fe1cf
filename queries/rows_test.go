package queries_test

import (
	"cmp"
	"database/sql"
	"maps"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"importarchive/longtest"
	"importarchive/queries"
	"importarchive/report"
)

type row = map[string]any

// rowsOf returns the rows of a query, each as a map from column to value.
func rowsOf(t *testing.T, reader *sql.DB, query string, given map[string]any) []row {
	t.Helper()
	table, err := report.Query(t.Context(), reader, query, given)
	if err != nil {
		t.Fatal(err)
	}
	all := []row{}
	for values, err := range table.Rows {
		if err != nil {
			t.Fatal(err)
		}
		one := row{}
		for i, name := range table.Columns {
			one[name] = values[i]
		}
		all = append(all, one)
	}
	return all
}

func reportRows(t *testing.T, reader *sql.DB, name string, given map[string]any) []row {
	t.Helper()
	q := queries.Report(name)
	return rowsOf(t, reader, q.SQL, given)
}

// column returns the values of one column of a saved query.
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

func reportColumn(t *testing.T, reader *sql.DB, name string, values map[string]any, of string) []any {
	t.Helper()
	q := queries.Report(name)
	return column(t, reader, q, values, of)
}

func viewColumn(t *testing.T, reader *sql.DB, name string, values map[string]any, of string) []any {
	t.Helper()
	all := queries.Views()
	i := slices.IndexFunc(all, func(q queries.Query) bool { return q.Name == name })
	return column(t, reader, all[i], values, of)
}

func differ(t *testing.T, name string, given map[string]any, want, got []row) {
	t.Helper()
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("%s with %v (-want +got):\n%s", name, given, diff)
	}
}

// filters combines the filters on cluster and collection with each of the
// given ones, and with none.
func filters(others ...map[string]any) []map[string]any {
	all := []map[string]any{{}, {"cluster": "b"}, {"collection": "films"}, {"collection": "rare"}, {"cluster": "a", "collection": "rare"}, {"cluster": "nowhere"}}
	var combined []map[string]any
	for _, f := range all {
		for _, other := range append(others, nil) {
			both := maps.Clone(f)
			maps.Copy(both, other)
			combined = append(combined, both)
		}
	}
	return combined
}

var timeFilters = []map[string]any{
	{"since": "2020-05-01 18:00:00.000"},
	{"until": "2020-05-02 06:00:00.000"},
	{"since": "2020-05-02", "until": "2020-05-03"},
	{"since": "2020-05-01 20:00:00.000", "until": "2020-05-02 20:00:00.000"},
	{"limit": int64(3)},
	{"limit": int64(0)},
	{"since": "2020-05-01 20:00:00.000", "until": "2020-05-02 20:00:00.000", "limit": int64(5)},
}

// matches reports whether a row passes the filters on cluster and collection.
func matches(given map[string]any, one row) bool {
	return (given["cluster"] == nil || given["cluster"] == one["cluster"]) &&
		(given["collection"] == nil || given["collection"] == one["collection"])
}

// within reports whether a time passes the filters since and until.
func within(given map[string]any, at any) bool {
	text, ok := at.(string)
	since, _ := given["since"].(string)
	until, limited := given["until"].(string)
	return ok && text >= since && (!limited || text < until)
}

// inDays reports whether the day of a time overlaps the span from since to until.
func inDays(given map[string]any, at any) bool {
	text, ok := at.(string)
	since, _ := given["since"].(string)
	until, limited := given["until"].(string)
	return ok && text[:10] >= since[:min(10, len(since))] && (!limited || text[:10]+" 00:00:00.000" < until)
}

// firstOf applies the filter limit to rows; usual is the report's default.
func firstOf(given map[string]any, rows []row, usual int) []row {
	n, ok := given["limit"].(int64)
	if !ok {
		n = int64(usual)
	}
	if n > 0 && int(n) < len(rows) {
		return rows[:n]
	}
	return rows
}

func pick(one row, columns ...string) row {
	picked := row{}
	for _, c := range columns {
		picked[c] = one[c]
	}
	return picked
}

// newestFirst sorts rows of the view jobs: the newest listings first, and the jobs of
// each as it had them.
func newestFirst(jobs []row) []row {
	slices.SortFunc(jobs, func(a, b row) int {
		return cmp.Or(cmp.Compare(b["recency"].(int64), a["recency"].(int64)),
			cmp.Compare(a["nth"].(int64), b["nth"].(int64)), cmp.Compare(a["cluster"].(string), b["cluster"].(string)))
	})
	return jobs
}

// latestFirst orders by a time, then by cluster and id.
func latestFirst(column string) func(a, b row) int {
	return func(a, b row) int {
		return cmp.Or(cmp.Compare(b[column].(string), a[column].(string)),
			cmp.Compare(a["cluster"].(string), b["cluster"].(string)), cmp.Compare(a["job_id"].(string), b["job_id"].(string)))
	}
}

// share returns all filters in a long test, else every fourth of them. Which
// fourth depends on the turn.
func share(turn int, all []map[string]any) (chosen []map[string]any) {
	for i, n := 0, longtest.Size(4, 1); i < len(all); i++ {
		if (i+turn)%n == 0 {
			chosen = append(chosen, all[i])
		}
	}
	return chosen
}
