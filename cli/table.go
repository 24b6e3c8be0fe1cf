package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"importarchive/report"
	"importarchive/report/export"
)

// tableFormat is the format for people, and the default.
var tableFormat = report.Formats()[0]

// write writes a table to stdout.
func (p *program) write(f report.Format, t *report.Table) error {
	return p.writeTitled(f, t, "", "")
}

// writeTitled is write with a title and a description, for formats that have a
// place for them.
func (p *program) writeTitled(f report.Format, t *report.Table, title, about string) error {
	var cuts export.Cuts
	options := report.Options{
		Width: p.StdoutWidth, Color: p.color(), Title: title, About: about, Version: version(), Cut: cuts.Add,
	}
	write := func(w io.Writer) error { return f.Write(w, t, options) }
	var err error
	if f.Name == tableFormat.Name {
		err = write(p.Stdout) // it escapes the cells, and its colours are its own
	} else {
		err = p.plainly(write)
	}
	p.remark(cuts.Remarks())
	return err
}

// plainly passes stdout on to write. On a terminal nothing is obeyed that write writes.
func (p *program) plainly(write func(io.Writer) error) error {
	if p.StdoutWidth == 0 {
		return write(p.Stdout)
	}
	screen := &report.Terminal{To: p.Stdout}
	return errors.Join(write(screen), screen.Close())
}

// writeTable writes rows for people to stdout.
func (p *program) writeTable(columns []string, rows [][]any) error {
	return p.write(tableFormat, report.Of(columns, rows))
}

// writeJSON writes the one object of a command's --json.
func (p *program) writeJSON(v any) error {
	return p.plainly(func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(v)
	})
}

func (p *program) color() bool { return p.StdoutWidth > 0 && !p.noColor() }

// painted colours a text where the terminal shows colours.
func (p *program) painted(c report.Color, text string) string {
	if !p.color() {
		return text
	}
	return c.Paint(text)
}

// shownRows passes on the rows of a table up to a limit (0: all), counts them,
// and notes whether there are more.
type shownRows struct {
	limit, rows int
	more        bool
}

func (s *shownRows) of(t *report.Table) *report.Table {
	return &report.Table{Columns: t.Columns, Described: t.Described, Rows: func(yield func([]any, error) bool) {
		for row, err := range t.Rows {
			if err == nil && s.limit > 0 && s.rows == s.limit {
				s.more = true
				return
			}
			if err == nil {
				s.rows++
			}
			if !yield(row, err) {
				return
			}
		}
	}}
}

// nullable returns a text for JSON: nil, which becomes null, for an empty one.
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// orNil returns a text for a table: nil, which is NULL, for an empty one.
func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// rowsForPeople shows how many rows a job has imported, and of how many.
func rowsForPeople(imported, total any) any {
	switch {
	case total == nil || imported == total:
		return imported
	case imported == nil:
		return fmt.Sprintf("of %v", total)
	}
	return fmt.Sprintf("%v of %v", imported, total)
}

// float returns a number of a table; nil for NULL.
func float(v any) *float64 {
	if f, ok := v.(float64); ok {
		return &f
	}
	return nil
}

// remark prints to stderr what the rows don't show.
func (p *program) remark(lines []string) {
	for _, line := range lines {
		fmt.Fprintln(p.Stderr, report.Printable(line))
	}
}

// pageTitle returns the title of the page about the whole archive.
func pageTitle(archive string) string { return "Import jobs in " + filepath.Base(archive) }

// say prints a sentence for people.
func (p *program) say(text string) error {
	_, err := fmt.Fprintln(p.Stdout, text)
	return err
}
