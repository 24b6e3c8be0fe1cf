package report

import (
	"bufio"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"importarchive/queries"
)

// tableWriter aligns columns. It takes only the width of characters from the
// library, because the library's own tables hold all rows in memory. The first
// rows decide how wide a column is, and whether the terminal has room for
// columns at all. A later cell that is wider moves the rest of its line, or is
// cut.
type tableWriter struct {
	w       *bufio.Writer
	options Options
	columns []column
	first   [][]cell
	fixed   bool           // the layout is decided
	records *recordsWriter // writes the rows where columns have no room
}

type column struct {
	name    string
	width   int
	values  int  // the width of the widest value
	numbers bool // all values are numbers: right-aligned
	texts   bool // some value is not a number
	fixed   bool // ids, times and numbers: never cut
	seconds bool // times are shown without their milliseconds
}

type cell struct {
	text   string
	number bool
}

const (
	settlingRows = 1000
	between      = "  "
)

func encodeTable(w *bufio.Writer, from *Table, o Options) error {
	t := &tableWriter{w: w, options: o}
	for _, name := range from.Columns {
		name = Printable(name)
		t.columns = append(t.columns, column{name: name, width: text.StringWidth(name), fixed: isFixed(name)})
	}
	if err := from.Each(t.row); err != nil || t.fixed {
		return err
	}
	return t.fixLayout()
}

// isFixed recognizes ids and times by the names that they have in all views.
func isFixed(name string) bool {
	return name == "id" || strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_at") || name == "not_before"
}

func (t *tableWriter) row(values []any) error {
	cells := make([]cell, len(values))
	for i, v := range values {
		cells[i] = cell{Printable(Spell(v)), isNumber(v)}
	}
	if t.fixed {
		return t.write(cells)
	}
	t.first = append(t.first, cells)
	if len(t.first) == settlingRows {
		return t.fixLayout()
	}
	return nil
}

// fixLayout decides the widths and writes the header and the rows so far.
func (t *tableWriter) fixLayout() error {
	t.fixed = true
	for i := range t.columns {
		col := &t.columns[i]
		for _, cells := range t.first {
			c := cells[i]
			col.values = max(col.values, text.StringWidth(c.text))
			col.numbers = col.numbers || c.number
			col.texts = col.texts || !c.number && c.text != ""
		}
		col.width = max(col.width, col.values)
		col.numbers = col.numbers && !col.texts
		col.fixed = col.fixed || col.numbers
	}
	if !t.fit() {
		t.records = newRecords(t)
	} else if err := t.header(); err != nil {
		return err
	}
	for _, cells := range t.first {
		if err := t.write(cells); err != nil {
			return err
		}
	}
	t.first = nil
	return nil
}

// write writes a row in the layout that was decided.
func (t *tableWriter) write(cells []cell) error {
	if t.records != nil {
		return t.records.row(cells)
	}
	return t.line(cells, t.options.Color)
}

// header writes the names, the last line of each above the rule.
func (t *tableWriter) header() error {
	names, rules, lines := make([][]string, len(t.columns)), make([]string, len(t.columns)), 0
	for i := range t.columns {
		names[i] = brokenName(t.columns[i].name, t.columns[i].width)
		lines = max(lines, len(names[i]))
		rules[i] = strings.Repeat("-", t.columns[i].width)
		if t.options.Color {
			rules[i] = Faint.Paint(rules[i])
		}
	}
	for line := range lines {
		cells := make([]cell, len(t.columns))
		for i, broken := range names {
			if at := line - (lines - len(broken)); at >= 0 {
				cells[i].text = broken[at]
			}
		}
		if err := t.line(cells, false); err != nil {
			return err
		}
	}
	_, err := t.w.WriteString(strings.Join(rules, between) + "\n")
	return err
}

func (t *tableWriter) line(cells []cell, color bool) error {
	var b strings.Builder
	pending := 0 // spaces before the next cell, dropped at the end of a line
	for i, c := range cells {
		col := &t.columns[i]
		if i > 0 {
			pending += len(between)
		}
		shown := c.text
		if col.seconds && IsTime(col.name, shown) {
			shown = queries.ToSecond(shown)
		}
		if t.options.Width > 0 && !col.fixed {
			shown = text.Snip(shown, col.width, "…")
		}
		room := max(0, col.width-text.StringWidth(shown))
		if col.numbers {
			pending += room
		}
		if shown != "" {
			b.WriteString(strings.Repeat(" ", pending))
			if color {
				shown = colored(col.name, c.text, shown)
			}
			b.WriteString(shown)
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

// colored returns the shown part of a text in the colour of its [WordClass].
func colored(column, text, shown string) string {
	switch WordClass(column, text) {
	case "good":
		return Green.Paint(shown)
	case "bad":
		return Red.Paint(shown)
	case "unsure":
		return Yellow.Paint(shown)
	}
	return shown
}

// Color is a terminal's escape code for a colour or a weight.
type Color string

// The colours in use. The terminal's own palette suits its background.
const (
	Red    Color = "31"
	Green  Color = "32"
	Yellow Color = "33"
	Bold   Color = "1"
	Faint  Color = "2"
)

// Paint returns the text in this colour.
func (c Color) Paint(text string) string { return "\x1b[" + string(c) + "m" + text + "\x1b[0m" }
