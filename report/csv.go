package report

import (
	"bufio"
	"strings"
)

// csvWriter writes CSV as RFC 4180 defines it. It does not use encoding/csv, which either
// ends lines with a bare \n or alters the line ends inside values.
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
