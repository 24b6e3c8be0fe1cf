package report

import (
	"bufio"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// tableWriter aligns columns. It lays lines out itself and takes from the
// library how wide characters are, because the library's tables hold all rows.
// The first rows settle how wide a column is; a later cell that is wider moves
// the rest of its line, or is cut where the terminal ends.
type tableWriter struct {
	w       *bufio.Writer
	options Options
	columns []column
	first   [][]cell
	settled bool
}

type column struct {
	name    string
	width   int
	numbers bool // all values are: right-aligned
	texts   bool // there is something else
	fixed   bool // is copied from the report, or has no end to do without: never cut
}

type cell struct {
	text   string
	number bool
}

const (
	settlingRows = 1000
	leastWidth   = 12 // what cutting leaves of a column
	between      = "  "
)

func openTable(w *bufio.Writer, from *Table, o Options) rowWriter {
	t := &tableWriter{w: w, options: o}
	for _, name := range from.Columns {
		name = Printable(name)
		t.columns = append(t.columns, column{name: name, width: text.StringWidth(name), fixed: isFixed(name)})
	}
	return t
}

// isFixed knows ids and times by the names that they have in all our views.
func isFixed(name string) bool {
	return name == "id" || strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_at") || name == "not_before"
}

func (t *tableWriter) row(values []any) error {
	cells := make([]cell, len(values))
	for i, v := range values {
		cells[i] = cell{Printable(spell(v)), isNumber(v)}
	}
	if t.settled {
		return t.line(cells)
	}
	t.first = append(t.first, cells)
	if len(t.first) == settlingRows {
		return t.settle()
	}
	return nil
}

func (t *tableWriter) close() error {
	if t.settled {
		return nil
	}
	return t.settle()
}

// settle fixes the widths and writes the header and the rows so far.
func (t *tableWriter) settle() error {
	t.settled = true
	for _, cells := range t.first {
		for i, c := range cells {
			col := &t.columns[i]
			col.width = max(col.width, text.StringWidth(c.text))
			col.numbers = col.numbers || c.number
			col.texts = col.texts || !c.number && c.text != ""
		}
	}
	for i := range t.columns {
		col := &t.columns[i]
		col.numbers = col.numbers && !col.texts
		col.fixed = col.fixed || col.numbers
	}
	t.narrow()
	if err := t.header(); err != nil {
		return err
	}
	for _, cells := range t.first {
		if err := t.line(cells); err != nil {
			return err
		}
	}
	t.first = nil
	return nil
}

// narrow makes the widest columns smaller until a line fits the terminal. If
// nothing more can be cut, the terminal wraps.
func (t *tableWriter) narrow() {
	over := len(between)*(len(t.columns)-1) - t.options.Width
	for _, col := range t.columns {
		over += col.width
	}
	for ; t.options.Width > 0 && over > 0; over-- {
		var widest *column
		for i := range t.columns {
			col := &t.columns[i]
			if !col.fixed && col.width > leastWidth && (widest == nil || col.width > widest.width) {
				widest = col
			}
		}
		if widest == nil {
			return
		}
		widest.width--
	}
}

func (t *tableWriter) header() error {
	names, rules := make([]cell, len(t.columns)), make([]cell, len(t.columns))
	for i, col := range t.columns {
		names[i] = cell{text: col.name}
		rules[i] = cell{text: strings.Repeat("-", col.width)}
	}
	if err := t.line(names); err != nil {
		return err
	}
	return t.line(rules)
}

func (t *tableWriter) line(cells []cell) error {
	var b strings.Builder
	pending := 0 // spaces before what comes next, none at the end of a line
	for i, c := range cells {
		col := &t.columns[i]
		if i > 0 {
			pending += len(between)
		}
		if t.options.Width > 0 && !col.fixed {
			c.text = text.Snip(c.text, col.width, "…")
		}
		room := max(0, col.width-text.StringWidth(c.text))
		if col.numbers {
			pending += room
		}
		if c.text != "" {
			b.WriteString(strings.Repeat(" ", pending))
			b.WriteString(t.colored(c.text))
			pending = 0
		}
		if !col.numbers {
			pending += room
		}
	}
	b.WriteByte('\n')
	_, err := t.w.WriteString(b.String())
	return err
}

// Words that say how things are have a colour wherever they stand alone.
var wordColors = map[string]Color{
	"completed": Green, "complete": Green, "fresh": Green, "ok": Green,
	"failed": Red, "lost": Red, "stale": Red, "never": Red, "problem": Red,
	"partial": Yellow, "interrupted": Yellow, "unknown": Yellow, "cancelled": Yellow,
}

func (t *tableWriter) colored(text string) string {
	if !t.options.Color {
		return text
	}
	if color, ok := wordColors[text]; ok {
		return color.Paint(text)
	}
	if strings.Trim(text, "-") == "" {
		return Faint.Paint(text)
	}
	return text
}

// Color is a terminal's escape for a colour or a weight.
type Color string

// The colours in use. They are the terminal's own, so that they suit its
// background.
const (
	Red    Color = "31"
	Green  Color = "32"
	Yellow Color = "33"
	Bold   Color = "1"
	Faint  Color = "2"
)

// Paint gives the text in this colour.
func (c Color) Paint(text string) string { return "\x1b[" + string(c) + "m" + text + "\x1b[0m" }
