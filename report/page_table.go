package report

import (
	"bufio"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"importarchive/queries"
)

// sheet is a table on a page.
type sheet struct {
	Name, Caption, Note string
	More                *link
	Columns             []sheetColumn
	Explained           bool // what the columns mean is known
	Folded              bool // a chart shows the same
	Rows                template.HTML
}

type sheetColumn struct {
	Name, Label, Class, About string
	leads                     func(row []any) string // where a cell leads; nil: nowhere
}

// link is a word that leads somewhere.
type link struct{ Href, Word string }

func sheetColumns(names []string, described []queries.Column) []sheetColumn {
	columns := make([]sheetColumn, len(names))
	for i, name := range names {
		columns[i] = sheetColumn{Name: name, Label: strings.ReplaceAll(name, "_", " ")}
		if len(described) == len(names) {
			columns[i].About = described[i].About
			if described[i].Type == queries.Integer || described[i].Type == queries.Real {
				columns[i].Class = "number"
			}
		}
	}
	return columns
}

func newSheet(g *grid, caption string) *sheet {
	s, _ := newSheetWithin(g, caption, math.MaxInt)
	return s
}

// newSheetWithin is newSheet of no more rows than fit into so many bytes. It
// tells how many did.
func newSheetWithin(g *grid, caption string, most int) (*sheet, int) {
	var b []byte
	columns := sheetColumns(g.columns, g.Query.Columns)
	if g.address != "" {
		linkColumns(columns)
	}
	n := 0
	for _, row := range g.rows {
		if len(b) > most {
			break
		}
		b = appendRow(b, columns, row)
		n++
	}
	return &sheet{
		Name: g.Name, Caption: caption, Columns: columns,
		Explained: len(g.Query.Columns) > 0, Rows: template.HTML(b), // appendRow escapes
	}, n
}

const (
	longText  = 40  // may take more than one line
	clampText = 400 // is more than anybody reads in a table: its cell scrolls
	titleText = 200 // what is shown of it where the pointer rests
)

// appendRow writes a row by hand: a template would take a hundred times as
// long, and an exported table may have a million rows.
func appendRow(b []byte, columns []sheetColumn, row []any) []byte {
	b = append(b, "<tr>"...)
	for i, v := range row {
		href := ""
		if columns[i].leads != nil && v != nil {
			href = columns[i].leads(row)
		}
		b = appendCell(b, columns[i], v, href)
	}
	return append(b, "</tr>\n"...)
}

// appendCell writes one value; one with a href leads there.
func appendCell(b []byte, in sheetColumn, v any, href string) []byte {
	column := in.Name
	text, isText := v.(string)
	switch {
	case v == nil && in.Class != "":
		return append(b, `<td class="missing `+in.Class+`"></td>`...)
	case v == nil:
		return append(b, `<td class="missing"></td>`...)
	case !isText:
		return append(append(append(b, `<td class="number">`...), Spell(v)...), "</td>"...)
	}
	safe := template.HTMLEscapeString(shown(text))
	if href != "" {
		safe = `<a href="` + template.HTMLEscapeString(href) + `">` + safe + `</a>`
	}
	if len(text) > clampText {
		safe = `<div class="clamp" tabindex="0" title="` + template.HTMLEscapeString(beginning(text)) + `">` + safe + "</div>"
	}
	if class := WordClass(column, text); class != "" {
		cell := `<td>`
		if len(text) > longText {
			cell = `<td class="long">`
		}
		return append(b, cell+`<span class="word `+class+`">`+safe+`</span></td>`...)
	}
	switch {
	case IsTime(column, text):
		// Milliseconds are there for whoever copies the time.
		return append(b, `<td class="time"><time datetime="`+text[:10]+"T"+text[11:]+`Z">`+text[:19]+`<span class="ms">`+text[19:]+`</span></time></td>`...)
	case strings.HasSuffix(column, "_id"):
		return append(b, `<td class="id">`+safe+"</td>"...)
	case column == "reason" || column == "error" || column == "extra" || column == "raw" || len(text) > longText:
		return append(b, `<td class="long">`+safe+"</td>"...)
	}
	return append(b, "<td>"+safe+"</td>"...)
}

// IsTime tells a time by the name of its column and by its looks. Only digits
// and what parts them pass, so a time needs no escape.
func IsTime(column, text string) bool {
	const looks = "0000-00-00 00:00:00.000"
	if !strings.HasSuffix(column, "_at") && !strings.HasSuffix(column, "not_before") || len(text) != len(looks) {
		return false
	}
	for i := range len(text) {
		if digit := text[i] >= '0' && text[i] <= '9'; digit != (looks[i] == '0') || !digit && text[i] != looks[i] {
			return false
		}
	}
	return true
}

// beginning gives as much of a text as a tooltip shows.
func beginning(text string) string {
	n := 0
	for i := range text {
		if n++; n > titleText {
			return shown(text[:i]) + "…"
		}
	}
	return shown(text)
}

// shown makes a text safe to look at: what would turn the direction of
// writing, or hide, is shown as an escape. Its line ends stay, for a service's
// reason is often several lines.
func shown(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = Printable(line)
	}
	return strings.Join(lines, "\n")
}

// WordClass gives the look of a word that says how things are. Whatever stands
// in another column is just a name.
func WordClass(column, word string) string {
	switch column {
	case "verdict":
		switch {
		case word == "ok":
			return "good"
		case strings.HasPrefix(word, "too slow"):
			return "bad"
		}
		return "unsure"
	case "freshness", "outcome", "last_outcome", "state", "from_state", "to_state":
		switch {
		case slices.Contains([]string{"fresh", "complete", "completed"}, word):
			return "good"
		case slices.Contains([]string{"stale", "failed", "lost"}, word):
			return "bad"
		case slices.Contains([]string{"never", "partial", "interrupted", "cancelled", "unknown"}, word):
			return "unsure"
		}
	}
	return ""
}

// browserRows is where a page ends. A browser shows so many rows after a while; a
// million would be a file of a gigabyte, which none opens.
const browserRows = 100_000

// HTML is the format that writes a table as a page of its own. It sorts and
// filters, and asks the network for nothing.
func HTML() Format { return Format{Name: "html", Encode: encodeHTML} }

func encodeHTML(w *bufio.Writer, t *Table, o Options) error {
	frame, err := newFrame(o.Title, o.About)
	if err != nil {
		return err
	}
	templates, err := pageTemplates()
	if err != nil {
		return err
	}
	shown := sheet{Name: frame.Title, Caption: "All rows", Columns: sheetColumns(t.Columns, t.Described), Explained: len(t.Described) > 0}
	if err := templates.ExecuteTemplate(w, "single", frame); err != nil {
		return err
	}
	if err := templates.ExecuteTemplate(w, "table-begin", shown); err != nil {
		return err
	}
	n := 0
	err = t.Each(func(row []any) error {
		if n++; n > browserRows {
			return fmt.Errorf("a page cannot hold more than %s rows; %s can", grouped(browserRows), Unlimited)
		}
		_, err := w.Write(appendRow(w.AvailableBuffer(), shown.Columns, row))
		return err
	})
	if err != nil {
		return err
	}
	if err := templates.ExecuteTemplate(w, "table-end", shown); err != nil {
		return err
	}
	return templates.ExecuteTemplate(w, "single-end", frame)
}
