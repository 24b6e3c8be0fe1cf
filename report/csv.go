package report

import (
	"bufio"
	"strings"
)

// csvWriter is our own, because encoding/csv either ends lines otherwise than
// RFC 4180 has it, or alters the line ends inside of values.
type csvWriter struct{ w *bufio.Writer }

func encodeCSV(w *bufio.Writer, t *Table, _ Options) error {
	header := make([]any, len(t.Columns))
	for i, name := range t.Columns {
		header[i] = name
	}
	c := csvWriter{w}
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
		_, _ = c.w.WriteString(csvField(v, len(values) == 1))
	}
	_, err := c.w.WriteString("\r\n")
	return err
}

// csvField quotes where needed. An empty text is quoted, so that it differs
// from NULL for readers that care; a NULL alone on its line too, which would
// be no line otherwise.
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
