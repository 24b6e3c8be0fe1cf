package cli

import (
	"database/sql"
	"os/exec"
	"strings"
	"testing"

	"importarchive/db/sqlite"
	"importarchive/report"
)

// openReader opens an archive until the end of the test.
func openReader(t *testing.T, archive string) *sql.DB {
	t.Helper()
	reader, err := sqlite.OpenReader(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	return reader
}

// queryPlan returns the steps of SQLite's plan, one a line.
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

func sqlite3(t *testing.T) string {
	t.Helper()
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		missing(t, "the sqlite3 shell", err)
	}
	return shell
}

func whole(n int64) *int64 { return &n }
