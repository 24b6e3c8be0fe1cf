package export

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"importarchive/longtest"
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
			rapid.SampledFrom([]string{"_", "x", "_x", "0041", "_x0041", "_x005F_", "\x00", "\x07", "\r\n", "\uFFFE", "\uFFFF", "<", "&lt;", "]]>", "\"", "\xff"}),
			rapid.String(),
		)).Draw(t, "pieces")
		s := strings.Join(pieces, "")
		var read struct {
			Text string `xml:",chardata"`
		}
		if err := xml.Unmarshal([]byte("<t>"+excelEscape(s)+"</t>"), &read); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if got := excelUnescape(read.Text); got != validText(s) {
			t.Fatalf("%q came back as %q", s, got)
		}
	})
}

var excelEscapes = regexp.MustCompile("_x([0-9A-Fa-f]{4})_")

// excelUnescape reads as Excel does, from left to right.
func excelUnescape(s string) string {
	return excelEscapes.ReplaceAllStringFunc(s, func(e string) string {
		r, _ := strconv.ParseUint(e[2:6], 16, 32)
		return string(rune(r))
	})
}

func TestSheetsHaveNamesThatExcelTakes(t *testing.T) {
	for title, want := range map[string]string{
		"": "Sheet1", "Jobs": "Jobs", "a/b: [c]?*\\": "a b   c", "'quoted'": "quoted",
		"A title that is longer than a tab of Excel": "A title that is longer than a t",
	} {
		if got := sheetName(title); got != want {
			t.Errorf("%q: %q", title, got)
		}
	}
}

func TestColumnsAreLettered(t *testing.T) {
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA", excelColumns - 1: "XFD"} {
		if got := excelColumn(i); got != want {
			t.Errorf("%d: %s", i, got)
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
