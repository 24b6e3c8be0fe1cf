package export

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"importarchive/queries"
	"importarchive/report"
)

// The limits of a cell of Excel.
const (
	excelText    = 32767   // UTF-16 units of a text
	excelInteger = 1 << 53 // numbers are doubles

	// excelTextFormat is the longest text that gets the number format of text:
	// some versions of Excel show longer ones as ####.
	excelTextFormat = 255
)

// excelFirstDay is the first day that Excel counts correctly: it takes 1900 for a
// leap year.
var excelFirstDay = time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)

// cell returns the cell of a value. What Excel can't hold as a number or a time
// becomes a text of all its digits, and a text that is too long is cut: one
// value must not cost a person the whole file.
func (x *xlsxWriter) cell(column int, v any) any {
	switch v := v.(type) {
	case string:
		return x.text(column, v)
	case int64:
		if v > excelInteger || v < -excelInteger {
			return excelize.Cell{StyleID: x.asText, Value: report.Spell(v)}
		}
		return excelize.Cell{StyleID: x.integer, Value: v}
	case float64:
		if v-v != 0 { // infinite
			return excelize.Cell{StyleID: x.asText, Value: report.Spell(v)}
		}
	case time.Time:
		day := x.rows.columns[column].Type == queries.Day
		switch {
		case v.Before(excelFirstDay) && day:
			return excelize.Cell{StyleID: x.asText, Value: v.Format(time.DateOnly)}
		case v.Before(excelFirstDay):
			return excelize.Cell{StyleID: x.asText, Value: queries.SpellTime(v)}
		case day:
			return excelize.Cell{StyleID: x.day, Value: v}
		}
		return excelize.Cell{StyleID: x.time, Value: v}
	}
	return v
}

// text returns the cell of a text. A cell of text never holds a formula. But when a
// person edits the cell and leaves it, Excel reads its text anew: an id of digits
// becomes a number and loses its last ones, and =1+1 is computed. The number
// format of text prevents that.
func (x *xlsxWriter) text(column int, s string) any {
	short, cut := excelCut(s)
	if cut && x.cut != nil {
		x.cut(x.rows.columns[column].Name)
	}
	if len(s) > excelTextFormat || !readAnew(s) {
		return excelString(short)
	}
	return excelize.Cell{StyleID: x.asText, Value: excelString(short)}
}

// readAnew reports whether Excel may make something else of a text that is typed
// into a cell: a number, a time, a formula.
func readAnew(s string) bool {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, " \t\r\n"))
	// The wide signs are those that a Japanese or Chinese Excel takes for = + - @.
	return unicode.IsDigit(first) || strings.ContainsRune(".=+-@＝＋－＠", first)
}

// excelCut returns the part of a text that a cell can hold, with a note of how much
// is missing, and whether anything is.
func excelCut(s string) (string, bool) {
	if len(s) <= excelText || utf16Units(s) <= excelText {
		return s, false
	}
	const note = "… [cut here: %s more characters]"
	room := excelText - utf16Units(fmt.Sprintf(note, report.Grouped(int64(len(s)))))
	end := 0
	for i, r := range s {
		if room -= utf16.RuneLen(r); room < 0 {
			end = i
			break
		}
	}
	return s[:end] + fmt.Sprintf(note, report.Grouped(int64(utf8.RuneCountInString(s[end:])))), true
}

// utf16Units returns the length of a text as Excel counts it. Invalid UTF-8 has a
// replacement character a byte, as in the file.
func utf16Units(s string) (n int) {
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

var excelEscape = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// excelString returns the content of a cell of text. In a workbook _x0041_ means A.
// The library escapes texts of this form, but wrongly where two overlap and where
// one is a surrogate. So such a text is split into runs that have none. The
// library replaces what XML cannot carry, such as control characters, by the
// replacement character.
func excelString(s string) any {
	if !excelEscape.MatchString(s) {
		return s
	}
	var runs []excelize.RichTextRun
	for part := range strings.SplitAfterSeq(s, "_x") {
		runs = append(runs, excelize.RichTextRun{Text: part})
	}
	return runs
}
