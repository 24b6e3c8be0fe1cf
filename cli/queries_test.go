package cli

import (
	"database/sql"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"importarchive/db"
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
	shell, archive := sqlite3(t), twoClusters(t)
	files, err := filepath.Glob("../queries/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	checks, err := filepath.Glob("../queries/check/*.sql")
	if err != nil || len(checks) == 0 {
		t.Fatal(checks, err)
	}
	for _, file := range append(files, checks...) {
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

func TestReportsAsJSONAreWhatTheShellSays(t *testing.T) {
	shell, archive := sqlite3(t), twoClusters(t)
	reader, err := db.OpenReader(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	all, err := queries.Reports()
	if err != nil {
		t.Fatal(err)
	}
	for _, view := range []string{"jobs", "transitions", "runs", "clusters", "outcomes", "rejects"} {
		all = append(all, queries.Query{Name: "view " + view, SQL: "SELECT * FROM " + view})
	}
	for _, q := range all {
		for _, values := range []map[string]any{nil, {"job": "both"}} {
			if strings.Contains(q.SQL, ":job") != (values != nil) || q.Name == "gaps" { // an open gap's seconds are of now
				continue
			}
			c := exec.CommandContext(t.Context(), shell, "-json", "-readonly", archive)
			c.Stdin = strings.NewReader(".parameter init\n.parameter set :job \"'both'\"\n" + q.SQL + ";\n")
			want, err := c.Output()
			if err != nil {
				t.Fatalf("%s: %v", q.Name, err)
			}
			if got := asJSON(t, reader, q.SQL, values); !sameJSON(t, got, string(want)) {
				t.Errorf("%s:\n%s\nthe shell:\n%s", q.Name, got, want)
			}
		}
	}
}

func asJSON(t *testing.T, reader *sql.DB, query string, values map[string]any) string {
	t.Helper()
	table, err := report.Query(t.Context(), reader, query, values)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := report.FormatNamed("json")
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

func TestHeadersNameTheParametersThatReportsHave(t *testing.T) {
	all, err := queries.Reports()
	if err != nil {
		t.Fatal(err)
	}
	reader, err := db.OpenReader(t.Context(), twoClusters(t))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, q := range all {
		if q.Title == "" || q.About == "" {
			t.Errorf("%s has no title, or doesn't say what for", q.Name)
		}
		values := map[string]any{}
		for _, p := range q.Parameters {
			values[p.Name] = nil
		}
		if _, err := report.Query(t.Context(), reader, q.SQL, values); err != nil {
			t.Errorf("%s: %v", q.Name, err)
		}
	}
}

func TestTheTimelineOfAJobReadsTheIndexes(t *testing.T) {
	reader, err := db.OpenReader(t.Context(), twoClusters(t))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	q, err := queries.Report("timeline")
	if err != nil {
		t.Fatal(err)
	}
	plan := queryPlan(t, reader, q.SQL, map[string]any{"job": "x", "cluster": nil})
	for _, index := range []string{"archive_jobs_by_id (job_id=?", "archive_transitions_by_job (cluster=? AND seq=?)"} {
		if !strings.Contains(plan, index) {
			t.Errorf("no %s in\n%s", index, plan)
		}
	}
}

// queryPlan gives the steps of SQLite's plan, one a line.
func queryPlan(t *testing.T, reader *sql.DB, query string, values map[string]any) string {
	t.Helper()
	table, err := report.Query(t.Context(), reader, "EXPLAIN QUERY PLAN "+query, values)
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for row, err := range table.Pick("detail").Rows {
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, row[0].(string))
	}
	return strings.Join(steps, "\n")
}
