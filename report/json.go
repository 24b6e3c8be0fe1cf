package report

import (
	"bufio"
	"fmt"
	"unicode/utf8"
)

// jsonWriter writes objects with their members in the order of the columns, in
// the layout of the sqlite3 shell.
type jsonWriter struct {
	w     *bufio.Writer
	names []string // as JSON, with the colon

	begin, between, end, none string // around the objects; none stands for no rows
	rows                      bool
}

func encodeJSON(w *bufio.Writer, t *Table, _ Options) error {
	return (&jsonWriter{w: w, begin: "[", between: ",\n", end: "]\n", none: "[]\n"}).encode(t)
}

func encodeJSONLines(w *bufio.Writer, t *Table, _ Options) error {
	return (&jsonWriter{w: w, between: "\n", end: "\n"}).encode(t)
}

func (j *jsonWriter) encode(t *Table) error {
	for _, name := range t.Columns {
		j.names = append(j.names, string(appendJSON(nil, name))+":")
	}
	if err := t.Each(j.row); err != nil {
		return err
	}
	last := j.end
	if !j.rows {
		last = j.none
	}
	_, err := j.w.WriteString(last)
	return err
}

func (j *jsonWriter) row(values []any) error {
	b := j.w.AvailableBuffer()
	if j.rows {
		b = append(b, j.between...)
	} else {
		b = append(b, j.begin...)
	}
	j.rows = true
	for i, v := range values {
		if i == 0 {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = append(b, j.names[i]...)
		switch v := v.(type) {
		case nil:
			b = append(b, "null"...)
		case string:
			b = appendJSON(b, v)
		default:
			b = append(b, Spell(v)...)
		}
	}
	_, err := j.w.Write(append(b, '}'))
	return err
}

// appendJSON appends a string. It also escapes characters that a terminal would obey,
// which JSON does not require; parsers read the same string.
func appendJSON(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s { // invalid UTF-8 becomes the replacement character
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\r':
			b = append(b, `\r`...)
		case obeyed(r) && r < 0x10000:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
