package report

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// recordsWriter writes a row as a block of lines, one for each column, for
// terminals that have no room for columns side by side. It cuts nothing: a text
// continues on the next line. An id or a time, which people copy, is on a line
// of its own where it does not fit beside its name.
type recordsWriter struct {
	w       *bufio.Writer
	options Options
	columns []column
	names   int // the width of the widest name
	rows    int
}

const recordIndent = "  " // of a value below its name

func newRecords(t *tableWriter) *recordsWriter {
	r := &recordsWriter{w: t.w, options: t.options, columns: t.columns}
	for i := range r.columns {
		r.names = max(r.names, text.StringWidth(r.columns[i].name))
	}
	return r
}

func (r *recordsWriter) row(cells []cell) error {
	r.rows++
	rule := fmt.Sprintf("-[ %d ]", r.rows)
	rule += strings.Repeat("-", max(0, min(r.options.Width, r.names+leastWidth)-len(rule)))
	if r.options.Color {
		rule = Faint.Paint(rule)
	}
	if _, err := r.w.WriteString(rule + "\n"); err != nil {
		return err
	}
	for i, c := range cells {
		if err := r.value(&r.columns[i], c.text); err != nil {
			return err
		}
	}
	return nil
}

func (r *recordsWriter) value(col *column, value string) error {
	name := col.name + strings.Repeat(" ", r.names-text.StringWidth(col.name)) + between
	indent := strings.Repeat(" ", r.names) + between
	room := r.options.Width - len(indent)
	below := text.StringWidth(value) > room && (col.fixed || room < leastWidth)
	if below {
		name, indent, room = col.name+"\n"+recordIndent, recordIndent, r.options.Width-len(recordIndent)
	}
	lines := []string{value}
	if !col.fixed {
		lines = wrappedText(value, max(1, room))
	}
	if r.options.Color {
		for i := range lines {
			lines[i] = colored(col.name, value, lines[i])
		}
	}
	all := name + strings.Join(lines, "\n"+indent)
	_, err := r.w.WriteString(strings.TrimRight(all, " ") + "\n")
	return err
}

// wrappedText breaks a text into lines of a width at most, at spaces where there
// are any. It drops only the spaces at which it breaks.
func wrappedText(s string, width int) []string {
	var lines []string
	for text.StringWidth(s) > width {
		end, space, wide := 0, 0, 0
		for i, r := range s {
			if wide += text.RuneWidth(r); wide > width && i > 0 {
				end = i
				break
			}
			if r == ' ' {
				space = i
			}
		}
		if end == 0 {
			break // one character that is wider than the terminal
		}
		if s[end] != ' ' && space > 0 {
			end = space
		}
		lines = append(lines, strings.TrimRight(s[:end], " "))
		s = strings.TrimLeft(s[end:], " ")
	}
	return append(lines, s)
}
