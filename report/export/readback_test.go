package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"importarchive/longtest"
	"importarchive/queries"
	"importarchive/report"
)

// Independent programs read our files, and must find the same values, types and
// times.

// described is a table of every kind of value in every type, many of them hostile.
func described(t *testing.T) *report.Table {
	t.Helper()
	table := queried(t, `SELECT column1 AS seen_at, column2 AS job_id, column3 AS jobs, column4 AS seconds, column5 AS reason, column6 AS "day",
			column7 AS "gone_at", column8 AS "a ""name"", so", 1 AS one, 2.5 AS real, '2026-11-23' AS always FROM (VALUES
		('2026-11-23 10:00:00.001', 'job-1',     1, 0.5,    'plain', '2026-11-23', '2026-11-23 10:00:00.000', 'x'),
		('1900-03-01 00:00:00.000', '',       NULL, NULL,   NULL,    NULL,         NULL, NULL),
		('9999-12-31 23:59:59.999', ' ',         0, -240.0, '',      '9999-12-31', '1969-12-31 23:59:59.999', ''),
		('2024-02-29 23:59:59.999', '作业-3 🙂', -1, 0.1 + 0.2, 'a "quote", a comma', '2024-02-29', '2000-01-01 00:00:00.123', 'NULL'),
		('2026-11-23 10:00:00.999', '=1+1',  9007199254740992, 1e-300, 'two' || char(13, 10) || 'lines and ' || char(27) || '[2Jcleared ' || char(155, 8238, 127, 65534, 65535) || ' \', '1900-03-01', NULL, '"'),
		('2026-11-23 10:00:00.123', '@cmd',  -9007199254740992, 1.7976931348623157e308, '_x0041_x0042_ _x005F_ _x0041' || char(7) || ' _' || char(1) || '<b>&amp;|</b>', '1969-12-31', NULL, ','),
		('2026-11-23 10:00:00.500', '+1',    12, 7, '	 tabs and spaces  ', NULL, NULL, char(10)),
		('2026-11-23 10:00:00.500', '-1',    12, -1e21, char(13) || 'cr' || char(13), NULL, NULL, '\N'))`, nil)
	types := []queries.Column{
		{Type: queries.Time},
		{Type: queries.Text},
		{Type: queries.Integer, Nullable: true},
		{Type: queries.Real, Nullable: true},
		{Type: queries.Text, Nullable: true},
		{Type: queries.Day, Nullable: true},
		{Type: queries.Time, Nullable: true},
		{Type: queries.Text, Nullable: true},
		{Type: queries.Integer},
		{Type: queries.Real},
		{Type: queries.Day},
	}
	for i, name := range table.Columns {
		types[i].Name = name
	}
	table.Described = types
	return table
}

// twice returns the table to read again, and its rows as a reader must find them.
func twice(t *testing.T, table *report.Table) (*report.Table, [][]any) {
	t.Helper()
	var rows, want [][]any
	for row, err := range table.Rows {
		if err != nil {
			t.Fatal(err)
		}
		rows, want = append(rows, append([]any(nil), row...)), append(want, append([]any(nil), row...))
		for i, v := range row {
			if n, ok := v.(int64); ok && table.Described[i].Type == queries.Real {
				want[len(want)-1][i] = float64(n)
			}
		}
	}
	again := report.Of(table.Columns, rows)
	again.Described = table.Described
	return again, want
}

// unkinder adds rows that other formats must hold and a workbook cannot.
func unkinder(table *report.Table) *report.Table {
	rows, n := table.Rows, len(table.Columns)
	out := *table
	out.Rows = func(yield func([]any, error) bool) {
		rows(yield)
		for _, first := range []any{"0000-01-01 00:00:00.000", "1582-10-10 12:00:00.000"} {
			values := make([]any, n)
			values[0], values[1], values[2], values[8], values[9], values[10] = first, strings.Repeat("long ", 10_000), int64(9007199254740993), int64(-1<<63), 1.5, "0001-01-01"
			values[4] = "a NUL \x00 inside"
			yield(values, nil)
		}
	}
	return &out
}

func fileOf(t *testing.T, format string, table *report.Table) string {
	t.Helper()
	f, ok := Formats().Named(format)
	if !ok {
		t.Fatalf("there is no format %q for files", format)
	}
	name := filepath.Join(t.TempDir(), "file."+f.Name)
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := f.Write(file, table, report.Options{Title: "Every: kind", About: "of <value>"}); err != nil {
		t.Fatal(err)
	}
	return name
}

// reader returns a command that CI must have.
func reader(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	if err := exec.Command(name, args...).Run(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI needs %s %s: %v", name, strings.Join(args, " "), err)
		}
		t.Skipf("this needs %s %s: %v", name, strings.Join(args, " "), err)
	}
	return exec.Command(name)
}

func duckdb(t *testing.T, file string, columns []queries.Column) (head, [][]any) {
	t.Helper()
	cmd := reader(t, "node", "-e", "require('../../.ci/node/node_modules/@duckdb/node-api')")
	var types [][2]string
	for _, c := range columns {
		types = append(types, [2]string{c.Name, string(c.Type)})
	}
	given, err := json.Marshal(types)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Args = append(cmd.Args, "testdata/duckdb.mjs", file, string(given))
	return readBack(t, cmd, columns)
}

func openpyxl(t *testing.T, file string, columns []queries.Column, mode ...string) (head, [][]any) {
	t.Helper()
	python := "/usr/bin/python3" // the one with the packages of the system
	if _, err := os.Stat(python); err != nil {
		python = "python3"
	}
	cmd := reader(t, python, "-c", "import openpyxl")
	cmd.Args = append(append(cmd.Args, "testdata/openpyxl.py", file), mode...)
	return readBack(t, cmd, columns)
}

type head struct {
	Columns [][2]string
	Sheet   string
	Sheets  int
	Size    [2]int // last row and column
	Frozen  string
	Filter  string
	Bold    bool
	Formats []string
	Widths  []float64
	Title   string
	Paper   []any // orientation, pages in width and height, repeated rows
}

// readBack returns what a reader printed, numbers in the types of the columns.
func readBack(t *testing.T, cmd *exec.Cmd, columns []queries.Column) (h head, rows [][]any) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	lines := json.NewDecoder(bytes.NewReader(out))
	lines.UseNumber()
	if err := lines.Decode(&h); err != nil {
		t.Fatal(err)
	}
	for {
		var row []any
		if err := lines.Decode(&row); err == io.EOF {
			return h, rows
		} else if err != nil {
			t.Fatal(err)
		}
		for i, v := range row {
			if n, ok := v.(json.Number); ok {
				if columns[i].Type == queries.Integer {
					row[i], err = n.Int64()
				} else {
					row[i], err = strconv.ParseFloat(n.String(), 64)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		rows = append(rows, row)
	}
}

func TestDuckDBReadsTheParquetThatWeWrote(t *testing.T) {
	longtest.Only(t)
	table, want := twice(t, unkinder(described(t)))
	h, got := duckdb(t, fileOf(t, "parquet", table), table.Described)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	duck := map[queries.Type]string{
		queries.Text: "VARCHAR", queries.Integer: "BIGINT", queries.Real: "DOUBLE",
		queries.Time: "TIMESTAMP WITH TIME ZONE", queries.Day: "DATE",
	}
	sameColumns(t, h, table, duck)
}

func TestDuckDBReadsTheCSVAndTheJSONLinesThatWeWrote(t *testing.T) {
	longtest.Only(t)
	for _, format := range []string{"csv", "jsonl"} {
		table, want := twice(t, unkinder(described(t)))
		h, got := duckdb(t, fileOf(t, format, table), table.Described)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s rows (-want +got):\n%s", format, diff)
		}
		sameColumns(t, h, table, nil)
	}
}

func sameColumns(t *testing.T, h head, table *report.Table, types map[queries.Type]string) {
	t.Helper()
	if len(h.Columns) != len(table.Columns) {
		t.Fatalf("the columns are %v", h.Columns)
	}
	for i, c := range table.Described {
		if h.Columns[i][0] != c.Name || types != nil && h.Columns[i][1] != types[c.Type] {
			t.Errorf("column %d is %v, not %s of %s", i, h.Columns[i], c.Name, c.Type)
		}
	}
}

func TestOpenpyxlReadsTheWorkbookThatWeWrote(t *testing.T) {
	longtest.Only(t)
	table, want := twice(t, described(t))
	for _, row := range want {
		for i, v := range row {
			switch v := v.(type) {
			case string:
				row[i] = carried(v)
			case float64: // 15 digits are what Excel shows
				if v != math.MaxFloat64 { // which is written whole: rounded, it would be infinite
					row[i], _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64)
				}
			}
		}
	}
	file := fileOf(t, "xlsx", table)
	for _, mode := range [][]string{nil, {"read-only"}} {
		h, got := openpyxl(t, file, table.Described, mode...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v rows (-want +got):\n%s", mode, diff)
		}
		sameColumns(t, h, table, map[queries.Type]string{
			queries.Text: "text", queries.Integer: "integer", queries.Real: "real", queries.Time: "time", queries.Day: "day",
		})
		if h.Sheet != "Every  kind" || h.Sheets != 1 {
			t.Errorf("the sheet is %q, one of %d", h.Sheet, h.Sheets)
		}
		if want := [2]int{len(want) + 1, len(table.Columns)}; h.Size != want {
			t.Errorf("%v: the sheet ends at %v, not %v", mode, h.Size, want)
		}
		if mode != nil {
			continue
		}
		if h.Frozen != "A2" || h.Filter != "$A$1:$K$9" || !h.Bold || h.Title != "Every: kind" {
			t.Errorf("the sheet looks like %+v", h)
		}
		if paper := fmt.Sprint(h.Paper); paper != "[landscape 1 0 $1:$1]" {
			t.Errorf("the sheet is printed as %s", paper)
		}
		formats := []string{"0", "@", "General", `yyyy\-mm\-dd`, `yyyy\-mm\-dd\ hh:mm:ss.000" UTC"`}
		if diff := cmp.Diff(formats, h.Formats); diff != "" {
			t.Error(diff)
		}
		for i, width := range h.Widths {
			if width < float64(len(table.Columns[i])) || width > 60 {
				t.Errorf("column %s is %v wide", table.Columns[i], width)
			}
		}
	}
}

func TestReadersTakeATableWithoutRows(t *testing.T) {
	longtest.Only(t)
	none := func() *report.Table {
		table := report.Of([]string{"a", "b"}, nil)
		table.Described = []queries.Column{{Name: "a", Type: queries.Text}, {Name: "b", Type: queries.Time}}
		return table
	}
	for _, format := range []string{"parquet", "csv"} {
		h, rows := duckdb(t, fileOf(t, format, none()), none().Described)
		if sameColumns(t, h, none(), nil); len(rows) != 0 {
			t.Errorf("%s: %v", format, rows)
		}
	}
	for _, mode := range [][]string{nil, {"read-only"}} {
		h, rows := openpyxl(t, fileOf(t, "xlsx", none()), none().Described, mode...)
		if sameColumns(t, h, none(), nil); len(rows) != 0 || h.Size != [2]int{1, 2} {
			t.Errorf("xlsx %v: %v, size %v", mode, rows, h.Size)
		}
	}
}

// Cells that are NULL are not in the sheet; its size counts them.
func TestASheetRecordsItsSizeWhereItsLastCellsAreEmpty(t *testing.T) {
	longtest.Only(t)
	table := report.Of([]string{"a", "b"}, [][]any{{1, nil}, {nil, nil}, {nil, nil}})
	table.Described = []queries.Column{{Name: "a", Type: queries.Integer, Nullable: true}, {Name: "b", Type: queries.Text, Nullable: true}}
	h, rows := openpyxl(t, fileOf(t, "xlsx", table), table.Described, "read-only")
	if diff := cmp.Diff([][]any{{int64(1), nil}, {nil, nil}, {nil, nil}}, rows); diff != "" || h.Size != [2]int{4, 2} {
		t.Errorf("the sheet ends at %v; rows (-want +got):\n%s", h.Size, diff)
	}
}

// The tables are longer than a group of rows. Words that a dictionary holds stand
// beside texts that are too many for it.
func TestLongTablesReadBackWhole(t *testing.T) {
	longtest.Only(t)
	const n = 150_000
	table := report.Of([]string{"i", "word", "text"}, nil)
	table.Described = []queries.Column{{Name: "i", Type: queries.Integer}, {Name: "word", Type: queries.Text, Nullable: true}, {Name: "text", Type: queries.Text}}
	var want [][]any
	for i := range n {
		word := any("word " + strconv.Itoa(i%7))
		if i%7 == 0 {
			word = nil
		}
		want = append(want, []any{int64(i), word, "some text of its own " + strconv.Itoa(i)})
	}
	table.Rows = report.Of(nil, want).Rows
	_, got := duckdb(t, fileOf(t, "parquet", table), table.Described)
	if !cmp.Equal(want, got) {
		t.Errorf("%d rows of parquet differ from %d", len(got), n)
	}
	table.Rows = report.Of(nil, want[:20_000]).Rows
	h, got := openpyxl(t, fileOf(t, "xlsx", table), table.Described, "read-only")
	if !cmp.Equal(want[:20_000], got) || h.Size != [2]int{20_001, 3} {
		t.Errorf("%d rows of xlsx differ, the sheet ends at %v", len(got), h.Size)
	}
}
