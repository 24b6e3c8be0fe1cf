package report

import (
	"bufio"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// csvWriter writes CSV as RFC 4180 defines it. It does not use encoding/csv, which either
// ends lines with a bare \n or alters the line ends inside values.
type csvWriter struct {
	w     *bufio.Writer
	sheet bool // for a spreadsheet, which takes some texts for something else
}

func encodeCSV(w *bufio.Writer, t *Table, o Options) error {
	header := make([]any, len(t.Columns))
	for i, name := range t.Columns {
		header[i] = name
	}
	c := csvWriter{w, o.Spreadsheet}
	if c.sheet {
		// Without a byte order mark Excel reads the file in the code page of the machine.
		_, _ = w.WriteString("\ufeff")
	}
	if err := c.row(header); err != nil {
		return err
	}
	return t.Each(c.row)
}

func (c csvWriter) row(values []any) error {
	for i, v := range values {
		if i > 0 {
			_ = c.w.WriteByte(',')
		}
		if c.sheet {
			v = sheetValue(v)
		}
		_, _ = c.w.WriteString(csvField(v, len(values) == 1))
	}
	_, err := c.w.WriteString("\r\n")
	return err
}

// csvField quotes where needed. It quotes an empty text, so that readers can
// distinguish it from NULL, and a NULL alone on its line, which many readers
// would skip as an empty line.
func csvField(v any, alone bool) string {
	text := Spell(v)
	switch {
	case text == "" && (v != nil || alone):
		return `""`
	case strings.ContainsAny(text, "\",\r\n") || text != strings.TrimSpace(text):
		return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	return text
}

// sheetValue alters the texts that a spreadsheet would alter, and the integers whose
// last digits it would lose, which a workbook has as text too.
func sheetValue(v any) any {
	const exact = 1 << 53
	switch v := v.(type) {
	case string:
		return sheetText(v)
	case int64:
		if v > exact || v < -exact {
			return "'" + strconv.FormatInt(v, 10)
		}
	}
	return v
}

// sheetText puts an apostrophe before a text that a spreadsheet would run as a
// formula, or would read as a number, a date or a truth and spell differently: it
// shows the id 449123456789012345 as 4.49123E+17 and keeps 15 digits of it, and the
// collection mar1 as the first of March. Quotes of CSV prevent neither.
func sheetText(text string) string {
	first, _ := utf8.DecodeRuneInString(text)
	// The wide signs are those that a Japanese or Chinese Excel takes for = + - @.
	if text != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) || respelled(text) {
		return "'" + text
	}
	return text
}

var (
	// A number, a date or a time of any country, and a number with a currency's sign.
	likeNumber = regexp.MustCompile(`(?i)^[.$€£¥￥(]*\d[\d .,:/'%$€£¥￥()_-]*(e[+-]?\d+)?( ?[ap]m?)?$`)
	likeDate   = regexp.MustCompile(`(?i)^(\d{1,4}[ .,/-]*)?(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?)[ .,/-]*\d{0,4}([ .,/-]+\d{1,4})?$`)
	likeTruth  = regexp.MustCompile(`(?i)^(true|false)$`)

	// The times and days of the archive are to become times.
	ourTime = regexp.MustCompile(`^\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d(\.\d+)?)?)?$`)
)

// respelled reports whether a spreadsheet reads a text as something that it spells
// differently.
func respelled(text string) bool {
	const longest = 400 // a number with more digits is none to a spreadsheet
	if len(text) > longest {
		return false
	}
	const digits = 15 // that a spreadsheet keeps
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err == nil && len(text) <= digits && strconv.FormatFloat(f, 'f', -1, 64) == text, ourTime.MatchString(text):
		return false
	case likeDate.MatchString(text):
		return strings.ContainsAny(text, "0123456789")
	}
	return likeNumber.MatchString(text) || likeTruth.MatchString(text)
}
