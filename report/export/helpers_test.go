package export

import (
	"database/sql"
	"testing"

	_ "modernc.org/sqlite"

	"importarchive/report"
)

// memory returns a database of its own.
func memory(t *testing.T) *sql.DB {
	t.Helper()
	file, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return file
}

func queried(t *testing.T, query string, values map[string]any) *report.Table {
	t.Helper()
	table, err := report.Query(t.Context(), memory(t), query, values)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

type nowhere struct{ err error }

func (n *nowhere) Write(b []byte) (int, error) { return len(b), n.err }
