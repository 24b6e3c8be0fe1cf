package report

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"importarchive/queries"
)

// leastWidth is the width to which columns may be cut.
const leastWidth = 12

// fit makes columns narrower until a line fits the terminal, and begins with what
// costs the reader least. It returns false where all of it is not enough.
func (t *tableWriter) fit() bool {
	for _, narrow := range []func(){t.dropMilliseconds, t.breakNames, t.cutTexts} {
		if t.over() <= 0 {
			break
		}
		narrow()
	}
	return t.over() <= 0
}

// over is by how much a line is wider than the terminal.
func (t *tableWriter) over() int {
	if t.options.Width == 0 {
		return 0
	}
	over := len(between)*(len(t.columns)-1) - t.options.Width
	for i := range t.columns {
		over += t.columns[i].width
	}
	return over
}

// dropMilliseconds cuts the milliseconds in every column of times.
func (t *tableWriter) dropMilliseconds() {
	for i := range t.columns {
		col := &t.columns[i]
		values := 0
		for _, cells := range t.first {
			shown := cells[i].text
			if IsTime(col.name, shown) {
				shown = queries.ToSecond(shown)
			}
			values = max(values, text.StringWidth(shown))
		}
		if values < col.values {
			col.seconds, col.values = true, values
			col.width = max(values, text.StringWidth(col.name))
		}
	}
}

// breakNames breaks names that are wider than the values below them into several
// lines, beginning where that gains most.
func (t *tableWriter) breakNames() {
	for t.over() > 0 {
		best, gain := 0, 0
		for i := range t.columns {
			col := &t.columns[i]
			if g := col.width - col.least(); g > gain {
				best, gain = i, g
			}
		}
		if gain == 0 {
			return
		}
		t.columns[best].width = t.columns[best].least()
	}
}

// least is the width of a column with its name on several lines.
func (c *column) least() int {
	least := c.values
	for _, part := range nameParts(c.name) {
		least = max(least, text.StringWidth(part))
	}
	return least
}

// cutTexts cuts the widest texts.
func (t *tableWriter) cutTexts() {
	for over := t.over(); over > 0; over-- {
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

// nameParts returns the words of a column's name, each with its separator.
func nameParts(name string) []string {
	var parts []string
	for _, part := range strings.SplitAfter(name, "_") {
		parts = append(parts, strings.SplitAfter(part, " ")...)
	}
	return parts
}

// brokenName returns the lines of a name in a column of this width.
func brokenName(name string, width int) []string {
	lines := []string{""}
	for _, part := range nameParts(name) {
		last := &lines[len(lines)-1]
		if *last != "" && text.StringWidth(*last+strings.TrimSuffix(part, " ")) > width {
			lines = append(lines, part)
			continue
		}
		*last += part
	}
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], " ")
	}
	return lines
}
