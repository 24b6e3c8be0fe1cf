// Package report shows the archive: it runs a read-only query and writes what
// comes back for people or for other programs. It does not know how rows came
// to be; a [Table] made from memory is written just the same.
//
// Rows are never held all at once: a report of ten million jobs needs no more
// memory than one of ten.
package report

import (
	"bufio"
	"errors"
	"io"
	"iter"
	"slices"
)

// Table is named columns and their rows. A value is nil (NULL), a string, an
// int, an int64 or a float64.
type Table struct {
	Columns []string

	// Rows gives each row once; the slice is good until the next one. An
	// error comes last. What a query gave can be read a single time.
	Rows iter.Seq2[[]any, error]
}

// Of makes a table of rows that are in memory.
func Of(columns []string, rows [][]any) *Table {
	return &Table{Columns: columns, Rows: func(yield func([]any, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}}
}

// Pick gives the table with these of its columns, in this order.
func (t *Table) Pick(columns ...string) *Table {
	places, picked := make([]int, len(columns)), make([]any, len(columns))
	for i, name := range columns {
		places[i] = slices.Index(t.Columns, name)
	}
	return &Table{Columns: columns, Rows: func(yield func([]any, error) bool) {
		for row, err := range t.Rows {
			if err != nil {
				yield(nil, err)
				return
			}
			for i, place := range places {
				picked[i] = row[place]
			}
			if !yield(picked, nil) {
				return
			}
		}
	}}
}

// Options are about the place that a report is written to.
type Options struct {
	Width int  // columns of the terminal; 0: no terminal, nothing is cut
	Color bool // the terminal obeys colours, and its user wants them
}

// Format is one way to spell a table.
type Format struct {
	Name  string
	About string

	// open begins to write. Errors of w stay in it: whoever doesn't look gets
	// them at the end.
	open func(w *bufio.Writer, columns []string, o Options) rowWriter
}

// rowWriter writes one table in one format. A format that must look at values
// before it can begin keeps the rows that it needs, as table does.
type rowWriter interface {
	row(values []any) error // keeps nothing of values
	close() error           // writes what is left; w is flushed by the caller
}

// Formats are all there are, the one for people first.
var Formats = []Format{
	{"table", "for people: aligned, cut to the terminal's width", openTable},
	{"csv", "RFC 4180 with a header; NULL is an empty field", openCSV},
	{"json", "an array of objects, as `sqlite3 -json` gives it", openJSON},
	{"jsonl", "an object a line", openJSONLines},
}

// FormatNamed gives the format of that name.
func FormatNamed(name string) (Format, bool) {
	for _, f := range Formats {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// FormatNames lists the names that [FormatNamed] knows.
func FormatNames() []string {
	var names []string
	for _, f := range Formats {
		names = append(names, f.Name)
	}
	return names
}

// Write writes the whole table. What was read before an error is written too.
func (f Format) Write(w io.Writer, t *Table, o Options) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	out := f.open(buffered, t.Columns, o)
	for values, err := range t.Rows {
		if err == nil {
			err = out.row(values)
		}
		if err != nil {
			_ = buffered.Flush() // the first error is the one to tell
			return err
		}
	}
	return errors.Join(out.close(), buffered.Flush())
}
