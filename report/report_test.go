package report

import (
	"bytes"
	"database/sql"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"importarchive/longtest"
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

func written(t *testing.T, format string, table *Table, o Options) string {
	t.Helper()
	f, ok := Formats().Named(format)
	if !ok {
		t.Fatalf("there is no format %q", format)
	}
	var b bytes.Buffer
	if err := f.Write(&b, table, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func queried(t *testing.T, query string, values map[string]any) *Table {
	t.Helper()
	table, err := Query(t.Context(), memory(t), query, values)
	if err != nil {
		t.Fatal(err)
	}
	return table
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

func TestEveryFormatOfEveryValue(t *testing.T) {
	for _, name := range []string{"table", "csv", "json", "jsonl", "markdown"} {
		golden(t, "every."+name, written(t, name, queried(t, every, nil), Options{}))
	}
	golden(t, "every_60.table", written(t, "table", queried(t, every, nil), Options{Width: 60}))
	golden(t, "every_90_color.table", written(t, "table", queried(t, every, nil), Options{Width: 90, Color: true}))
}

func TestEveryFormatOfNothing(t *testing.T) {
	for name, want := range map[string]string{
		"table": "a  bb\n-  --\n", "csv": "a,bb\r\n", "json": "[]\n", "jsonl": "",
		"markdown": "| a | bb |\n| --- | --- |\n",
	} {
		if got := written(t, name, queried(t, "SELECT 1 AS a, 2 AS bb WHERE false", nil), Options{}); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestATableOfMemoryIsWrittenLikeAQuery(t *testing.T) {
	rows := [][]any{{"x", 1, int64(2), 0.5, nil}}
	got := written(t, "json", Of([]string{"a", "b", "c", "d", "e"}, rows), Options{})
	want := written(t, "json", queried(t, "SELECT 'x' AS a, 1 AS b, 2 AS c, 0.5 AS d, NULL AS e", nil), Options{})
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestNumbersStayNumbers(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0.0", 240: "240.0", 0.1: "0.1", 1e-7: "1e-07", 1e21: "1e+21", 1e20: "100000000000000000000.0", math.Inf(-1): "-9.0e+999",
	} {
		if got := Spell(f); got != want {
			t.Errorf("%v: %s, want %s", f, got, want)
		}
	}
}

func TestNoTextReachesTheTerminalAsACommand(t *testing.T) {
	for s, want := range map[string]string{
		"plain ü 日本 a\u3000b":  "plain ü 日本 a\u3000b",
		"\x1b]0;title\a":       `\x1b]0;title\a`,
		"a\r\n\tb":             `a\r\n\tb`,
		"\u009b2J \u202e \x7f": `\u009b2J \u202e \x7f`,
		"bad \xff utf":         `bad \xff utf`,
		"\x00":                 `\x00`,
	} {
		if got := Printable(s); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

func TestATerminalIsNeverWiderThanItIs(t *testing.T) {
	long := strings.Repeat("the reason ", 30)
	rows := [][]any{{"prod", "job-04bf9335838dzkeydpxxxx", long, long}, {"prod", "x", "短", nil}}
	for _, width := range []int{66, 80, 100, 200} {
		text := written(t, "table", Of([]string{"cluster", "job_id", "reason", "extra"}, rows), Options{Width: width})
		for line := range strings.Lines(text) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width {
				t.Errorf("%d columns in %d: %s", n, width, line)
			}
		}
		if !strings.Contains(text, "job-04bf9335838dzkeydpxxxx") || !strings.Contains(text, "…") {
			t.Errorf("an id was cut, or nothing was:\n%s", text)
		}
	}
}

func TestRowsAfterTheFirstThousandAreAlignedToo(t *testing.T) {
	text := written(t, "table", queried(t, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
		SELECT i, 'text ' || i AS word FROM n`, nil), Options{})
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != 1502 || lines[2] != "   1  text 1" || lines[1501] != "1500  text 1500" {
		t.Errorf("%d lines, %q, %q", len(lines), lines[2], lines[len(lines)-1])
	}
}

func TestMemoryStaysFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds")
	}
	query := `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ` + strconv.Itoa(longtest.Size(60_000, 100_000)) + `)
		SELECT i, 'some text that has a length of about sixty letters in all ' || i AS word FROM n`
	for _, f := range Formats() {
		const limit = 6 << 20
		table, before, peak := queried(t, query, nil), heap(), uint64(0)
		rows := table.Rows
		table.Rows = func(yield func([]any, error) bool) {
			n := 0
			for row, err := range rows {
				if n++; n%20_000 == 0 {
					peak = max(peak, heap())
				}
				if !yield(row, err) {
					return
				}
			}
		}
		if err := f.Write(new(nowhere), table, Options{Width: 80}); err != nil {
			t.Fatal(err)
		}
		if peak > before+limit {
			t.Errorf("%s holds %d MB of rows", f.Name, (peak-before)>>20)
		}
	}
}

// heap returns what is in use, without what pools keep from before.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

type nowhere struct{ err error }

func (n *nowhere) Write(b []byte) (int, error) { return len(b), n.err }

func TestErrorsOfTheWriterAreReturned(t *testing.T) {
	full := errors.New("disk full")
	for _, f := range Formats() {
		if err := f.Write(&nowhere{full}, Of([]string{"a"}, [][]any{{1}}), Options{}); !errors.Is(err, full) {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}
