package export

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"importarchive/longtest"
	"importarchive/queries"
	"importarchive/report"
)

// One value must not cost a person the whole file.
func TestWhatACellCannotHoldIsATextOfItsDigits(t *testing.T) {
	table := report.Of([]string{"integer", "real", "seen_at", "day"}, [][]any{
		{int64(1<<53 + 1), math.Inf(1), "0001-01-01 00:00:00.000", "1900-02-28"},
		{int64(math.MinInt64), math.Inf(-1), "1900-02-28 23:59:59.999", "0001-01-01"},
		{int64(1 << 53), math.MaxFloat64, "1900-03-01 00:00:00.000", "1900-03-01"},
		{int64(-1 << 53), -0.5, "9999-12-31 23:59:59.999", "9999-12-31"},
	})
	table.Described = []queries.Column{
		{Name: "integer", Type: queries.Integer},
		{Name: "real", Type: queries.Real},
		{Name: "seen_at", Type: queries.Time},
		{Name: "day", Type: queries.Day},
	}
	cells, cut := cellsOf(t, table)
	want := []cell{
		{Text: "9007199254740993"},
		{Text: "9.0e+999"},
		{Text: "0001-01-01 00:00:00.000"},
		{Text: "1900-02-28"},
		{Text: "-9223372036854775808"},
		{Text: "-9.0e+999"},
		{Text: "1900-02-28 23:59:59.999"},
		{Text: "0001-01-01"},
		{Number: "9007199254740992"},
		{Number: "17976931348623157" + strings.Repeat("0", 292)},
		{Number: "61"},
		{Number: "61"},
		{Number: "-9007199254740992"},
		{Number: "-0.5"},
		{Number: "2958465.9999999884"},
		{Number: "2958465"},
	}
	if diff := cmp.Diff(want, cells[4:]); diff != "" || cut != nil {
		t.Errorf("cut %v, cells (-want +got):\n%s", cut, diff)
	}
}

func TestATextThatIsTooLongForACellIsCutVisibly(t *testing.T) {
	note := regexp.MustCompile(`… \[cut here: ([0-9,]+) more characters\]$`)
	for _, c := range []struct {
		piece string
		times int
		cut   bool
	}{
		{"x", 32767, false},
		{"日", 32767, false},
		{"🙂", 16383, false},
		{"_x0041_", 4681, false},
		{"x", 32768, true},
		{"🙂", 16384, true},
		{"x🙂", 11_000, true},
		{"_x0041_", 4682, true},
		{"\x07", 40_000, true},
		{"=", 10 << 20, true},
	} {
		text := strings.Repeat(c.piece, c.times)
		table := report.Of([]string{"fine", "reason"}, [][]any{{"x", "y"}, {"x", text}})
		cells, cut := cellsOf(t, table)
		got := cells[5].text()
		if n := len(utf16.Encode([]rune(got))); n > 32767 {
			t.Errorf("%d of %q: the cell has %d characters", c.times, c.piece, n)
		}
		if !c.cut {
			if got != text || cut != nil {
				t.Errorf("%d of %q came back altered", c.times, c.piece)
			}
			continue
		}
		found := note.FindStringSubmatch(got)
		if found == nil || !slices.Equal(cut, []string{"reason"}) {
			t.Fatalf("%d of %q, cut %v: it ends with %q", c.times, c.piece, cut, got[max(0, len(got)-60):])
		}
		kept := strings.TrimSuffix(got, found[0])
		missing, err := strconv.Atoi(strings.ReplaceAll(found[1], ",", ""))
		if err != nil || !strings.HasPrefix(carried(text), kept) || utf8.RuneCountInString(kept)+missing != utf8.RuneCountInString(text) {
			t.Errorf("%d of %q: %d are kept and %d missing, %v", c.times, c.piece, utf8.RuneCountInString(kept), missing, err)
		}
		if utf8.RuneCountInString(kept) < 16_000 {
			t.Errorf("%d of %q: only %d are kept", c.times, c.piece, utf8.RuneCountInString(kept))
		}
	}
}

// Excel reads a text anew when a person edits its cell, unless the format says text.
func TestTextsThatExcelWouldReadAnewHaveTheFormatOfText(t *testing.T) {
	for text, as := range map[string]bool{
		"447293415892374528": true, "=1+1": true, "+49 30": true, "-1": true, "@cmd": true, "＝1": true, "１2": true, " 12": true, ".5": true, "2026-11-23": true,
		"\t=1+1": true, "": false, "job-1": false, "a=1": false, "作业-3": false, strings.Repeat("1", 256): false,
	} {
		var b bytes.Buffer
		if err := XLSX().Write(&b, report.Of([]string{"a"}, [][]any{{text}}), report.Options{}); err != nil {
			t.Fatal(err)
		}
		book, err := excelize.OpenReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		id, err := book.GetCellStyle("Sheet1", "A2")
		if err != nil {
			t.Fatal(err)
		}
		style, err := book.GetStyle(id)
		if err != nil || (style.NumFmt == 49) != as {
			t.Errorf("%.20q has the style %+v, %v", text, style, err)
		}
		if formula, err := book.GetCellFormula("Sheet1", "A2"); formula != "" || err != nil {
			t.Errorf("%.20q is a formula, %v", text, err)
		}
	}
}

// The last row that fits, and the one that doesn't.
func TestAWorkbookEndsWhereExcelEnds(t *testing.T) {
	longtest.Only(t)
	for n, fits := range map[int]bool{1<<20 - 1: true, 1 << 20: false} {
		table := report.Of([]string{"a"}, nil)
		table.Rows = func(yield func([]any, error) bool) {
			for row := []any{1}; n > 0 && yield(row, nil); n-- {
			}
		}
		f, _ := Formats().Named("xlsx")
		err := f.Write(new(nowhere), table, report.Options{})
		if fits != (err == nil) || err != nil && err.Error() != "a workbook cannot hold more than 1048575 rows; csv, jsonl and parquet can" {
			t.Errorf("fits %v: %v", fits, err)
		}
	}
}

func TestAnyTextComesBackFromAWorkbook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOf(rapid.OneOf(
			rapid.SampledFrom([]string{"_", "x", "_x", "0041", "_x0041", "_x0041_", "_xD800_", "_x005F_", "\x00", "\x07", "\r\n", "\uFFFE", "\uFFFF", "<", "&lt;", "]]>", "\"", "\xff"}),
			rapid.String(),
		)).Draw(t, "pieces")
		s := strings.Join(pieces, "")
		cells, _ := cellsOf(t, report.Of([]string{s}, [][]any{{s}}))
		for i := range cells {
			if got, want := cells[i].text(), carried(s); got != want {
				t.Fatalf("%q came back as %q", want, got)
			}
		}
	})
}

// carried is what a workbook can carry of a text.
func carried(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && !strings.ContainsRune("\t\r\n", r) || r == 0xFFFE || r == 0xFFFF {
			return utf8.RuneError
		}
		return r
	}, s)
}

// cell is a cell of a sheet as its XML has it.
type cell struct {
	Number string   `xml:"v"`
	Text   string   `xml:"is>t"`
	Runs   []string `xml:"is>r>t"`
}

// text returns the text of a cell as Excel reads it.
func (c *cell) text() (text string) {
	for _, run := range append(c.Runs, c.Text) {
		text += excelUnescape(run)
	}
	return text
}

// cellsOf returns all cells of the workbook of a table, row by row, and the columns of
// the texts that it cut.
func cellsOf(t rapid.TB, table *report.Table) (cells []cell, cut []string) {
	t.Helper()
	var b bytes.Buffer
	if err := XLSX().Write(&b, table, report.Options{Cut: func(column string) { cut = append(cut, column) }}); err != nil {
		t.Fatal(err)
	}
	files, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	part, err := files.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	var sheet struct {
		Cells []cell `xml:"sheetData>row>c"`
	}
	if err := xml.NewDecoder(part).Decode(&sheet); err != nil {
		t.Fatal(err)
	}
	return sheet.Cells, cut
}

// excelUnescape reads as Excel does, from left to right.
func excelUnescape(s string) string {
	return excelEscape.ReplaceAllStringFunc(s, func(e string) string {
		r, _ := strconv.ParseUint(e[2:6], 16, 32)
		return string(rune(r))
	})
}

func TestSheetsHaveNamesThatExcelTakes(t *testing.T) {
	for title, want := range map[string]string{
		"": "Sheet1", "Jobs": "Jobs", "a/b: [c]?*\\": "a b   c", "'quoted'": "quoted",
		"A title that is longer than a tab of Excel": "A title that is longer than a t", "What's new": "What s new",
		strings.Repeat("🙂", 20): strings.Repeat("🙂", 15),
	} {
		if got := sheetName(title); got != want {
			t.Errorf("%q: %q", title, got)
		}
	}
}

// A manifest gives the checksum of a file: the same rows are the same bytes.
func TestTheSameRowsAreTheSameFile(t *testing.T) {
	for _, name := range Formats().Names() {
		f, _ := Formats().Named(name)
		var files [2]bytes.Buffer
		for i := range files {
			if err := f.Write(&files[i], described(t), report.Options{Title: "t"}); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
			t.Errorf("%s differs from itself", name)
		}
	}
}

func TestEveryPartOfAWorkbookIsXML(t *testing.T) {
	var b bytes.Buffer
	f, _ := Formats().Named("xlsx")
	if err := f.Write(&b, described(t), report.Options{Title: "It's <all> \"of\" & it\x01", About: "<\xff>"}); err != nil {
		t.Fatal(err)
	}
	files, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files.File {
		part, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(part)
		if err != nil || !utf8.Valid(text) {
			t.Errorf("%s: %v", file.Name, err)
		}
		for tokens := xml.NewDecoder(bytes.NewReader(text)); err == nil; {
			_, err = tokens.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", file.Name, err)
		}
	}
}

func TestNothingStaysOnTheDiskHoweverWritingEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("120 MB of workbooks, in which nothing is concurrent")
	}
	temporary, scratch := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temporary)
	broken, full := errors.New("broken"), errors.New("disk full")
	for _, c := range []struct {
		ends    string
		bad     any // the value of a row after many
		err     error
		w       nowhere
		panics  bool
		inDir   string
		succeed bool
	}{
		{ends: "well", inDir: scratch, succeed: true},
		{ends: "well, with no directory named", inDir: temporary, succeed: true},
		{ends: "at a row that doesn't fit", bad: "no integer", inDir: scratch},
		{ends: "at rows that can't be read", err: broken, inDir: scratch},
		{ends: "at a panic", panics: true, inDir: scratch},
		{ends: "at a full disk", w: nowhere{full}, inDir: scratch},
	} {
		table, held := report.Of([]string{"a", "b"}, nil), 0
		table.Described = []queries.Column{{Name: "a", Type: queries.Integer}, {Name: "b", Type: queries.Text}}
		table.Rows = func(yield func([]any, error) bool) {
			long := strings.Repeat("x", 32_000)
			for i := range 640 { // more than the library keeps in memory
				text := long
				if i < widthRows {
					text = "short, for measuring it takes long"
				}
				if !yield([]any{1, text}, nil) {
					return
				}
			}
			if held = len(left(t, c.inDir)); c.panics {
				panic(broken)
			}
			if c.bad != nil || c.err != nil {
				yield([]any{c.bad, long}, c.err)
			}
		}
		o := report.Options{Scratch: scratch}
		if c.inDir == temporary {
			o.Scratch = ""
		}
		err := func() (err error) {
			defer func() {
				if recover() != nil {
					err = broken
				}
			}()
			return XLSX().Write(&c.w, table, o)
		}()
		if c.succeed != (err == nil) {
			t.Errorf("%s: %v", c.ends, err)
		}
		if held != 1 {
			t.Errorf("%s: there were %d files while rows came", c.ends, held)
		}
		if names := append(left(t, scratch), left(t, temporary)...); len(names) > 0 {
			t.Errorf("%s: %v stayed", c.ends, names)
		}
	}
}

// left returns the names in a directory.
func left(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
