package export

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"importarchive/longtest"
	"importarchive/queries"
	"importarchive/report"
)

func TestWhatAWorkbookCannotHoldIsAnErrorThatSaysWhatCan(t *testing.T) {
	for value, words := range map[any]string{
		strings.Repeat("x", 32768): "more than 32767 characters",
		strings.Repeat("🙂", 16384): "more than 32767 characters",
		int64(1<<53 + 1):           "9007199254740993 exactly",
		int64(-1<<53 - 1):          "-9007199254740993 exactly",
		int64(math.MinInt64):       "exactly",
		math.Inf(1):                "9.0e+999",
	} {
		table := report.Of([]string{"fine", "value"}, [][]any{{1, "x"}, {1, value}})
		f, _ := Formats().Named("xlsx")
		err := f.Write(new(nowhere), table, report.Options{})
		if err == nil || !strings.Contains(err.Error(), words) || !strings.HasPrefix(err.Error(), "column value of row 2: ") || !strings.HasSuffix(err.Error(), "; csv, jsonl and parquet can") {
			t.Errorf("%.20v: %v", value, err)
		}
	}
	for _, value := range []any{strings.Repeat("日", 32767), strings.Repeat("🙂", 16383), int64(1 << 53), math.MaxFloat64, -math.MaxFloat64} {
		f, _ := Formats().Named("xlsx")
		if err := f.Write(new(nowhere), report.Of([]string{"a"}, [][]any{{value}}), report.Options{}); err != nil {
			t.Errorf("%.20v: %v", value, err)
		}
	}
	table := described(t)
	table.Rows = report.Of(nil, [][]any{{"1900-02-28 23:59:59.999", "", nil, nil, nil, nil, nil, nil, 1, 1, "2026-11-23"}}).Rows
	f, _ := Formats().Named("xlsx")
	if err := f.Write(new(nowhere), table, report.Options{}); err == nil || !strings.Contains(err.Error(), "column seen_at of row 1") || !strings.Contains(err.Error(), "1900") {
		t.Error(err)
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
		var b bytes.Buffer
		if err := XLSX().Write(&b, report.Of([]string{s}, [][]any{{s}}), report.Options{}); err != nil {
			t.Fatal(err)
		}
		for _, got := range textsOf(t, b.Bytes()) {
			if want := carried(s); got != want {
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

// textsOf returns the texts of a workbook's cells, read as Excel reads them.
func textsOf(t *rapid.T, book []byte) (texts []string) {
	var sheet struct {
		Cells []struct {
			Text string   `xml:"is>t"`
			Runs []string `xml:"is>r>t"`
		} `xml:"sheetData>row>c"`
	}
	files, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	part, err := files.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.NewDecoder(part).Decode(&sheet); err != nil {
		t.Fatal(err)
	}
	for _, cell := range sheet.Cells {
		text := ""
		for _, run := range append(cell.Runs, cell.Text) {
			text += excelUnescape(run)
		}
		texts = append(texts, text)
	}
	if len(texts) != 2 {
		t.Fatalf("there are the cells %q", texts)
	}
	return texts
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
