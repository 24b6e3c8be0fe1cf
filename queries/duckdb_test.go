package queries_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"importarchive/db"
	"importarchive/report"
)

// A view that DuckDB runs itself has numbers there. The others have times, which
// only SQLite can spell, so SQLite runs them, and DuckDB takes all their columns for
// text.
var runByDuckDB = []string{"days", "durations", "loads", "outcomes", "totals"}

func TestDuckDBReadsEveryViewOfAnAttachedArchive(t *testing.T) {
	t.Parallel()
	path := longAgo(t)
	pruneArchive(t, path, db.Retention{Failed: time.Minute})
	reader := openReader(t, path)
	given := map[string][]any{}
	for _, v := range allRows(t, reader, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'`) {
		name := v[0].(string)
		columns := allRows(t, reader, `SELECT name, type FROM pragma_table_info('`+name+`')`)
		list := ""
		for _, c := range columns {
			list += `, "` + c[0].(string) + `"`
		}
		given["tables"] = append(given["tables"], map[string]any{
			"name": name, "columns": columns, "rows": allRows(t, reader, `SELECT `+list[2:]+` FROM `+name),
		})
	}
	for _, v := range allRows(t, reader, `SELECT name, sql FROM sqlite_schema WHERE type = 'view' AND name NOT LIKE 'archive_%'`) {
		given["views"] = append(given["views"], map[string]any{"name": v[0], "sql": v[1]})
	}

	var itself []string
	for name, view := range askDuckDB(t, given) {
		ours := allRows(t, reader, `SELECT * FROM `+name)
		if len(ours) == 0 {
			t.Errorf("%s has no rows here", name)
		}
		switch {
		case view.Error != "":
			t.Errorf("DuckDB cannot parse %s: %s", name, view.Error)
		case view.Printed != "":
			// In one statement, in which the present time stands still.
			differ := allRows(t, reader, fmt.Sprintf(`SELECT 'SQLite', * FROM (SELECT * FROM %[1]s EXCEPT SELECT * FROM (%[2]s))
				UNION ALL SELECT 'DuckDB', * FROM (SELECT * FROM (%[2]s) EXCEPT SELECT * FROM %[1]s)`, name, view.Printed))
			if n := allRows(t, reader, `SELECT count(*) FROM (`+view.Printed+`)`)[0][0]; differ != nil || n != int64(len(ours)) {
				t.Errorf("%s has %d rows, spelled by DuckDB %v, and these differ: %v", name, len(ours), n, differ)
			}
		default:
			itself = append(itself, name)
			if diff := gocmp.Diff(spelled(ours), spelled(view.Rows)); diff != "" {
				t.Errorf("%s (-SQLite +DuckDB):\n%s", name, diff)
			}
		}
	}
	if slices.Sort(itself); !slices.Equal(itself, runByDuckDB) {
		t.Errorf("DuckDB runs %v itself, want %v", itself, runByDuckDB)
	}
}

type seenByDuckDB map[string]struct {
	Printed, Error string
	Rows           [][]any
}

func askDuckDB(t *testing.T, given any) (seen seenByDuckDB) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "node", "-e", "require('../.ci/node/node_modules/@duckdb/node-api')").CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI needs DuckDB: %v: %s", err, out)
		}
		t.Skip("this needs DuckDB: npm ci --prefix .ci/node: ", err)
	}
	text, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "testdata/duckdb.mjs")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &seen); err != nil {
		t.Fatal(err)
	}
	return seen
}

// allRows returns all rows of a query.
func allRows(t *testing.T, reader *sql.DB, query string) (all [][]any) {
	t.Helper()
	table, err := report.Query(t.Context(), reader, query, nil)
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range table.Rows {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, slices.Clone(row))
	}
	return all
}

// spelled returns the rows as sorted text, whatever type a number has.
func spelled(rows [][]any) (all []string) {
	for _, row := range rows {
		for i, v := range row {
			if n, ok := v.(int64); ok {
				row[i] = float64(n)
			}
		}
		all = append(all, fmt.Sprintf("%#v", row))
	}
	slices.Sort(all)
	return all
}
