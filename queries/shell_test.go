package queries_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/longtest"
	"importarchive/queries"
	"importarchive/report"
)

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
	shell, archive := sqlite3(t), longAgo(t)
	var files []string
	for _, pattern := range []string{"*.sql", "view/*.sql", "check/*.sql"} {
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

// sameJSON compares values and the order of names. The shell prints 15 digits
// of a number, and nothing for no rows.
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

// ofNow has the columns that count from the present time.
var ofNow = map[string][]string{"overview": {"age_seconds"}, "gaps": {"seconds"}, "stuck": {"hours"}}

// withoutNow replaces their values in JSON.
func withoutNow(q queries.Query, text string) string {
	for _, column := range ofNow[q.Name] {
		text = regexp.MustCompile(`"`+column+`":[^,}]*`).ReplaceAllString(text, `"`+column+`":0`)
	}
	return text
}

// values has a value for each parameter, with which [longAgo] gives rows.
var values = map[string]any{
	"cluster": "prod", "collection": "films", "job": "job-5", "since": "2020-05-01 23:40", "until": "2020-05-02 02:00:00.000",
	"days": int64(100_000), "hours": int64(1), "limit": int64(3), "from": "2020-05-01 23:50:00.000", "to": "2020-05-02 00:40:00.000",
	"at": "2020-05-02 00:29:00.000", "state": "failed", "gone": int64(1), "since_id": int64(4), "changed_since": "2020-05-02",
}

// combinations returns each subset of a query's parameters, with values. The
// required ones are in all of them. A plain test keeps the smallest subset, the
// full one, and those with one optional parameter.
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
	least, most := len(all[0]), len(q.Parameters)
	return slices.DeleteFunc(all, func(given map[string]any) bool { return len(given) > least+1 && len(given) < most })
}

func everyQuery(t *testing.T) []queries.Query {
	t.Helper()
	reports := queries.Reports()
	views := queries.Views()
	return append(reports, views...)
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
	f, ok := report.Formats().Named(format)
	if !ok {
		t.Fatalf("there is no format %q", format)
	}
	var b strings.Builder
	if err := f.Write(&b, table, report.Options{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
