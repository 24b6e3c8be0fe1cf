package report

import (
	"bufio"
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
		if text, isText := v.(string); isText && c.sheet {
			v = sheetText(text)
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

// sheetText puts an apostrophe before a text that a spreadsheet would run as a
// formula, or would read as a number and spell with other digits: it shows the id
// 449123456789012345 as 4.49123E+17, and keeps 15 digits of it. Quotes of CSV
// prevent neither.
func sheetText(text string) string {
	first, _ := utf8.DecodeRuneInString(text)
	// The wide signs are those that a Japanese or Chinese Excel takes for = + - @.
	if text != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) || respelled(text) {
		return "'" + text
	}
	return text
}

// respelled reports whether a text is a number in another spelling than a
// spreadsheet's.
func respelled(text string) bool {
	if text == "" || text[0] < '0' || text[0] > '9' {
		return false
	}
	const digits = 15 // that a spreadsheet keeps
	f, err := strconv.ParseFloat(text, 64)
	return err == nil && (len(text) > digits || strconv.FormatFloat(f, 'f', -1, 64) != text)
}
