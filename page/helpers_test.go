package page

import (
	"bytes"
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"importarchive/report"
)

var update = flag.Bool("update", false, "write golden files anew")

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

// every kind of value, some of them unkind.
const every = `SELECT column1 AS job_id, column2 AS jobs, column3 AS seconds, column4 AS reason, column5 AS seen_at FROM (VALUES
	('job-1', 1, 0.5, 'plain', '2026-11-23 10:00:00.000'),
	('job-22', 1234567, 1e21, NULL, NULL),
	('作业-3', NULL, -240.0, '', '2026-11-23 10:00:00.000'),
	('job-4', -1, NULL, 'a "quote", a comma', NULL),
	('job-5', 9007199254740993, 0.1, 'two' || char(13, 10) || 'lines and ' || char(27) || '[2Jcleared ' || char(155, 8238, 127, 0) || ' \', NULL),
	('job-6', 0, 1e-7, ' 商品向量 的导入失败了，因为文件太大 ', NULL))`

func queried(t *testing.T, query string, values map[string]any) *report.Table {
	t.Helper()
	table, err := report.Query(t.Context(), memory(t), query, values)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// asHTML writes a table as a page of its own.
func asHTML(t *testing.T, table *report.Table, o report.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML().Write(&b, table, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
