package page

import (
	"bufio"
	"fmt"
	"html/template"
	"math"
	"strings"

	"importarchive/page/rowset"
	"importarchive/queries"
	"importarchive/report"
)

// table is the data of a table on a page.
type table struct {
	Name, Caption, Note string
	More                *link
	Search              string // of a table that is cut: where a search finds what the table has not
	Columns             []tableColumn
	Explained           bool   // the columns have meanings to show
	Folded              string // what stands in place of a table that is hidden at first; "": it is not
	Rows                template.HTML
}

type tableColumn struct {
	Name, Label, Class, About string
	leads                     func(row []any) string // returns the address that a cell links to; nil: none
}

// numbers stands in place of a table whose numbers a chart shows.
const numbers = "The numbers"

// link is a word with a link.
type link struct{ Href, Word string }

func tableColumns(names []string, described []queries.Column) []tableColumn {
	columns := make([]tableColumn, len(names))
	for i, name := range names {
		columns[i] = tableColumn{Name: name, Label: strings.ReplaceAll(name, "_", " ")}
		if len(described) == len(names) {
			columns[i].About = described[i].About
			if described[i].Type == queries.Integer || described[i].Type == queries.Real {
				columns[i].Class = "number"
			}
		}
	}
	return columns
}

func newTable(g *rowset.Set, caption string) *table {
	s, _ := newTableWithin(g, caption, math.MaxInt)
	return s
}

// newTableWithin is newTable with as many rows as fit into so many bytes. It also
// returns the number of these rows.
func newTableWithin(g *rowset.Set, caption string, most int) (*table, int) {
	var b []byte
	columns := tableColumns(g.Names, g.Query.Columns)
	if g.Address != "" {
		linkColumns(columns)
	}
	n := 0
	for _, row := range g.Rows {
		if len(b) > most {
			break
		}
		b = appendRow(b, columns, row)
		n++
	}
	return &table{
		Name: g.Name, Caption: caption, Columns: columns,
		Explained: len(g.Query.Columns) > 0, Rows: template.HTML(b), // appendRow escapes
	}, n
}

const (
	longText  = 40  // longer texts may wrap
	clampText = 400 // the cells of longer texts scroll
	titleText = 200 // characters in the tooltip of such a cell
)

// appendRow writes a row without a template, which would take a hundred times as
// long; an exported table may have 100,000 rows.
func appendRow(b []byte, columns []tableColumn, row []any) []byte {
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

// appendCell writes one value, linked to href unless that is "".
func appendCell(b []byte, in tableColumn, v any, href string) []byte {
	column := in.Name
	text, isText := v.(string)
	switch {
	case v == nil && in.Class != "":
		return append(b, `<td class="missing `+in.Class+`"></td>`...)
	case v == nil:
		return append(b, `<td class="missing"></td>`...)
	case !isText:
		return append(append(append(b, `<td class="number">`...), report.Spell(v)...), "</td>"...)
	}
	safe := template.HTMLEscapeString(shown(text))
	if href != "" {
		safe = `<a href="` + template.HTMLEscapeString(href) + `">` + safe + `</a>`
	}
	if len(text) > clampText {
		safe = `<div class="clamp" tabindex="0" title="` + template.HTMLEscapeString(beginning(text)) + `">` + safe + "</div>"
	}
	if class := report.WordClass(column, text); class != "" {
		cell := `<td>`
		if len(text) > longText {
			cell = `<td class="long">`
		}
		return append(b, cell+`<span class="word `+class+`">`+safe+`</span></td>`...)
	}
	switch {
	case report.IsTime(column, text):
		// The style sheet hides the milliseconds; a copied time has them.
		return append(b, `<td class="time"><time datetime="`+text[:10]+"T"+text[11:]+`Z">`+text[:19]+`<span class="ms">`+text[19:]+`</span></time></td>`...)
	case strings.HasSuffix(column, "_id"):
		return append(b, `<td class="id">`+safe+"</td>"...)
	case column == "reason" || column == "error" || column == "extra" || column == "raw" || len(text) > longText:
		return append(b, `<td class="long">`+safe+"</td>"...)
	}
	return append(b, "<td>"+safe+"</td>"...)
}

// beginning returns as much of a text as a tooltip shows.
func beginning(text string) string {
	n := 0
	for i := range text {
		if n++; n > titleText {
			return shown(text[:i]) + "…"
		}
	}
	return shown(text)
}

// shown is [report.Printable] that keeps line ends: a reason from a service often
// has several lines.
func shown(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = report.Printable(line)
	}
	return strings.Join(lines, "\n")
}

// browserRows is how many rows a page may have. A browser needs some seconds for
// so many; a million would be a gigabyte, which no browser opens.
const browserRows = 100_000

// HTML is the format that writes a table as a page of its own, which sorts and
// filters without the network.
func HTML() report.Format { return report.Format{Name: "html", Encode: encodeHTML} }

func encodeHTML(w *bufio.Writer, t *report.Table, o report.Options) error {
	frame, templates := newFrame(o.Title, o.About), pageTemplates()
	shown := table{Name: frame.Title, Caption: "All rows", Columns: tableColumns(t.Columns, t.Described), Explained: len(t.Described) > 0}
	if err := templates.ExecuteTemplate(w, "single", frame); err != nil {
		return err
	}
	if err := templates.ExecuteTemplate(w, "table-begin", shown); err != nil {
		return err
	}
	n := 0
	err := t.Each(func(row []any) error {
		if n++; n > browserRows {
			return fmt.Errorf("a page cannot hold more than %s rows; %s can", report.Grouped(browserRows), report.Unlimited)
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
