package cli

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/longtest"
	"importarchive/notify"
	"importarchive/queries"
	"importarchive/report"
)

// Saved reports are promised to run in the plain shell too, and to say the
// same there.

func sqlite3(t *testing.T) string {
	t.Helper()
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI needs the sqlite3 shell: ", err)
		}
		t.Skip("this needs the sqlite3 shell: ", err)
	}
	return shell
}

func TestEverySavedQueryRunsUnchangedInTheShell(t *testing.T) {
	t.Parallel()
	shell, archive := sqlite3(t), twoClusters(t)
	var files []string
	for _, pattern := range []string{"../queries/*.sql", "../queries/view/*.sql", "../queries/check/*.sql"} {
		some, err := filepath.Glob(pattern)
		if err != nil || len(some) == 0 {
			t.Fatal(pattern, some, err)
		}
		files = append(files, some...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c := exec.CommandContext(t.Context(), shell, "-batch", "-bail", "-readonly", archive)
		c.Stdin = strings.NewReader(string(text))
		if out, err := c.CombinedOutput(); err != nil || strings.Contains(string(out), "rror") {
			t.Errorf("%s: %v\n%s", file, err, out)
		}
	}
}

// longAgo is an archive in which something of everything happened, in 2020:
// so no answer depends on the present time but those that say how long ago.
func longAgo(t *testing.T) string {
	job := func(id, collection string, state db.State) db.Job {
		j := dbtest.Listed(id, state)
		j.Collection = collection
		if state == db.Failed {
			j.Reason = "row 7 | no \"vector\",\nor <none>"
		}
		return j
	}
	return newArchive(t, func(st *sqlite.Archive) {
		prod := dbtest.Tell(t, st, "prod")
		prod.Now = time.Date(2020, 5, 1, 23, 30, 0, 0, time.UTC)
		notifier := &notify.Notifier{
			Archive: st.Store, On: notify.Kinds[:], Now: func() time.Time { return prod.Now }, Log: zerolog.Nop(),
			Webhook: func() (*url.URL, error) { return nil, errors.New("there is none") },
		}
		notifier.Begin(t.Context())
		old, stays, other := job("old", "films", db.Completed), job("stays", "", db.Pending), job("商品", "books", db.Running)
		prod.Lists(old, stays)
		for i := range 6 {
			prod.Lists(stays, job(fmt.Sprint("job-", i), "films", db.Running), other)
			prod.Lists(stays, job(fmt.Sprint("job-", i), "films", db.Completed), other)
			size := int64(1 << 20 * (i + 1))
			tells(prod, fmt.Sprint("job-", i), db.Details{
				FileName: "film 1.parquet", FileSize: &size, ImportedRows: whole(1000), TotalRows: whole(1000), Progress: percent(100), ProgressRaw: "100",
				CompletedAt: prod.Now.Add(-time.Minute), Extra: `{"more":[1]}`,
				Files: []db.File{{
					Name: "film 1.parquet", Size: &size, ImportedRows: whole(1000), TotalRows: whole(1000), RawState: "Completed",
					Progress: percent(100), ProgressRaw: "100", CompletedAt: prod.Now.Add(-time.Minute), Extra: `{"n":1}`,
				}},
			})
		}
		renamed, failed := job("job-5", "series", db.Completed), job("商品", "books", db.Failed)
		prod.Lists(stays, renamed, failed, job("lost", "books", db.Running), job("bad", "films", db.Failed))
		prod.Lists(stays, failed, job("cancelled", "films", db.Cancelled))
		prod.Begin()
		prod.Page(stays, failed)
		prod.Reject(`{"jobId":""}`, 1)
		prod.Close(db.Partial)
		prod.Wait(90 * time.Minute)
		prod.Lists(stays, failed)
		prod.Lists(stays, failed)
		prod.Lists(stays, failed, job("lost", "films", db.Unknown)) // it returns, moved and renamed
		prod.Lists(stays, failed)
		prod.Lists(stays, failed)

		staging := dbtest.Tell(t, st, "staging")
		staging.Now = prod.Now
		staging.Cluster.ClusterID, staging.Cluster.API = "", "milvus-v2"
		staging.Lists(job("job-1", "films", db.Running))
		staging.Lists(job("job-1", "films", db.Cancelled))
		staging.Begin()
		staging.Close(db.Failure)

		nobody := dbtest.Tell(t, st, "unheard")
		nobody.Now = prod.Now
		nobody.Begin()
		nobody.Close(db.Failure)
		notifier.Step(t.Context())
	})
}

// ofNow are the columns that say how long ago something was.
var ofNow = map[string][]string{"overview": {"age_seconds"}, "gaps": {"seconds"}, "stuck": {"hours"}}

// withoutNow takes their values out of JSON.
func withoutNow(q queries.Query, text string) string {
	for _, column := range ofNow[q.Name] {
		text = regexp.MustCompile(`"`+column+`":[^,}]*`).ReplaceAllString(text, `"`+column+`":0`)
	}
	return text
}

// values are some that find something in [longAgo].
var values = map[string]any{
	"cluster": "prod", "collection": "films", "job": "job-5", "since": "2020-05-01 23:40", "until": "2020-05-02 02:00:00.000",
	"days": int64(100_000), "hours": int64(1), "limit": int64(3), "from": "2020-05-01 23:50:00.000", "to": "2020-05-02 00:40:00.000",
	"at": "2020-05-02 00:29:00.000", "state": "failed", "gone": int64(1), "since_id": int64(4), "changed_since": "2020-05-02",
}

// combinations gives each choice of a query's parameters, with values. Those
// that it can't do without are always there.
func combinations(t *testing.T, q queries.Query) []map[string]any {
	t.Helper()
	all := []map[string]any{{}}
	for _, p := range q.Parameters {
		v, ok := values[p.Name]
		if !ok {
			t.Fatalf("%s: no value to try :%s with", q.Name, p.Name)
		}
		without := all
		if p.Required {
			without = nil
		}
		var with []map[string]any
		for _, c := range all {
			more := map[string]any{p.Name: v}
			for name, value := range c {
				more[name] = value
			}
			with = append(with, more)
		}
		all = append(slices.Clone(without), with...)
	}
	if longtest.Enabled() {
		return all
	}
	least, most := len(all[0]), len(q.Parameters) // none that is not required, each of them alone, and all
	return slices.DeleteFunc(all, func(given map[string]any) bool { return len(given) > least+1 && len(given) < most })
}

func everyQuery(t *testing.T) []queries.Query {
	t.Helper()
	reports, err := queries.Reports()
	if err != nil {
		t.Fatal(err)
	}
	views, err := queries.Views()
	if err != nil {
		t.Fatal(err)
	}
	return append(reports, views...)
}

func openReader(t *testing.T, archive string) *sql.DB {
	t.Helper()
	reader, err := sqlite.OpenReader(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	return reader
}

func TestReportsAsJSONAreWhatTheShellSays(t *testing.T) {
	t.Parallel()
	shell, archive := sqlite3(t), longAgo(t)
	pruneArchive(t, archive, db.Retention{Cancelled: time.Millisecond, Runs: time.Millisecond})
	reader := openReader(t, archive)
	for _, q := range everyQuery(t) {
		found := false
		for _, given := range combinations(t, q) {
			var script strings.Builder
			script.WriteString(".parameter init\n")
			for name, v := range given {
				if text, ok := v.(string); ok {
					v = "\"'" + text + "'\""
				}
				fmt.Fprintf(&script, ".parameter set :%s %v\n", name, v)
			}
			c := exec.CommandContext(t.Context(), shell, "-json", "-bail", "-readonly", archive)
			c.Stdin = strings.NewReader(script.String() + q.SQL)
			want, err := c.Output()
			if err != nil {
				t.Fatalf("%s with %v: %v", q.Name, given, err)
			}
			got := savedAs(t, reader, "json", q, given)
			found = found || strings.Contains(got, "{")
			if !sameJSON(t, withoutNow(q, got), withoutNow(q, string(want))) {
				t.Errorf("%s with %v:\n%s\nthe shell:\n%s", q.Name, given, got, want)
			}
		}
		if !found {
			t.Errorf("%s: nothing was compared", q.Name)
		}
	}
}

func savedAs(t *testing.T, reader *sql.DB, format string, q queries.Query, given map[string]any) string {
	t.Helper()
	table, err := report.Saved(t.Context(), reader, q, given)
	if err != nil {
		t.Fatal(err)
	}
	return writtenAs(t, format, table)
}

func writtenAs(t *testing.T, format string, table *report.Table) string {
	t.Helper()
	f, ok := screenFormats().Named(format)
	if !ok {
		t.Fatalf("there is no format %q", format)
	}
	var b strings.Builder
	if err := f.Write(&b, table, report.Options{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// sameJSON compares values and the order of names; the shell gives 15 digits
// of a number, and nothing at all for no rows.
func sameJSON(t *testing.T, got, want string) bool {
	t.Helper()
	if strings.TrimSpace(want) == "" {
		want = "[]"
	}
	a, b := json.NewDecoder(strings.NewReader(got)), json.NewDecoder(strings.NewReader(want))
	for {
		x, errX := a.Token()
		y, errY := b.Token()
		if errX != nil || errY != nil {
			return errX == errY
		}
		fx, isX := x.(float64)
		fy, isY := y.(float64)
		if isX && isY && math.Abs(fx-fy) <= 1e-12*math.Abs(fx) {
			continue
		}
		if x != y {
			return false
		}
	}
}

// fits says what a header promised of a value and did not keep.
func fits(c queries.Column, v any) string {
	shape := map[queries.Type]string{queries.Time: `^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$`, queries.Day: `^\d{4}-\d\d-\d\d$`, queries.Text: `(?s).`}
	ok := false
	switch v := v.(type) {
	case nil:
		ok = c.Nullable
	case int64:
		ok = c.Type == queries.Integer || c.Type == queries.Real
	case float64:
		ok = c.Type == queries.Real
	case string:
		ok = shape[c.Type] != "" && regexp.MustCompile(shape[c.Type]).MatchString(v)
	}
	if ok {
		return ""
	}
	return fmt.Sprintf("%s is %#v, not %s", c.Name, v, c.Type)
}

func TestValuesAreWhatTheHeadersPromise(t *testing.T) {
	t.Parallel()
	reader := openReader(t, longAgo(t))
	for _, q := range everyQuery(t) {
		for _, given := range combinations(t, q) {
			table, err := report.Saved(t.Context(), reader, q, given)
			if err != nil {
				t.Fatalf("%s with %v: %v", q.Name, given, err)
			}
			for row, err := range table.Rows {
				if err != nil {
					t.Fatalf("%s with %v: %v", q.Name, given, err)
				}
				for i, v := range row {
					if wrong := fits(q.Columns[i], v); wrong != "" {
						t.Errorf("%s with %v: %s", q.Name, given, wrong)
					}
				}
			}
		}
	}
}

// A column that a migration adds to a view must not be missing in exports.
func TestExportsOfViewsHaveAllTheirColumns(t *testing.T) {
	t.Parallel()
	reader := openReader(t, longAgo(t))
	views, err := queries.Views()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, q := range views {
		names = append(names, q.Name)
		table, err := report.Query(t.Context(), reader, "SELECT * FROM "+q.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		described := []string{}
		for _, c := range q.Columns {
			described = append(described, c.Name)
		}
		if !slices.Equal(table.Columns, described) {
			t.Errorf("the view %s has %v, its export %v", q.Name, table.Columns, described)
		}
		for range table.Rows { //nolint:revive // they are read to give the connection back
		}
	}
	var all int
	if err := reader.QueryRowContext(t.Context(), `SELECT count(*) FROM sqlite_schema WHERE type = 'view' AND name NOT LIKE 'archive_%'`).Scan(&all); err != nil {
		t.Fatal(err)
	}
	if all != len(views) {
		t.Errorf("the archive has %d views, exports give %v", all, names)
	}
}

// Each report stands here once, as people see it, and two of them in every
// format: failures has texts that formats must quote, timeline has NULLs. That
// the values are right in all formats follows: the shell gives the same JSON
// ([TestReportsAsJSONAreWhatTheShellSays]), and package report holds every kind
// of value in every format.
func TestReportsAreWrittenAsTheyWere(t *testing.T) {
	t.Parallel()
	reader := openReader(t, longAgo(t))
	reports, err := queries.Reports()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range reports {
		given := map[string]any{}
		for _, p := range q.Parameters {
			if p.Required || slices.Contains([]string{"days", "from", "to"}, p.Name) {
				given[p.Name] = values[p.Name]
			}
		}
		for _, f := range report.Formats() {
			if f.Name != "table" && q.Name != "failures" && q.Name != "timeline" {
				continue
			}
			table, err := report.Saved(t.Context(), reader, q, given)
			if err != nil {
				t.Fatal(err)
			}
			columns := slices.DeleteFunc(slices.Clone(table.Columns), func(c string) bool { return slices.Contains(ofNow[q.Name], c) })
			golden(t, filepath.Join("..", "reports", q.Name+"."+f.Name), writtenAs(t, f.Name, table.Pick(columns...)))
		}
	}
}
