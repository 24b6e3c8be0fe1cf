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

	"importarchive/queries"
)

// Table is named columns and their rows. A value is nil (NULL), a string, an
// int, an int64 or a float64.
type Table struct {
	Columns []string

	// Described says what the columns are, one by one; nil where nobody said.
	Described []queries.Column

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
	out := &Table{Columns: columns, Rows: func(yield func([]any, error) bool) {
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
	for i := range places {
		if t.Described != nil {
			out.Described = append(out.Described, t.Described[places[i]])
		}
	}
	return out
}

// Options are about the place that a report is written to.
type Options struct {
	Width int  // columns of the terminal; 0: no terminal, nothing is cut
	Color bool // the terminal obeys colours, and its user wants them

	Title, About string // of what is written, for formats that show them

	// Scratch is the directory for files that are gone when all is written;
	// "" is the system's.
	Scratch string
}

// Format is one way to spell a table.
type Format struct {
	Name  string
	About string

	Screen    bool   // for a terminal or a pipe
	Extension string // of its files; "" where files have better formats

	// open begins to write. What is wrong from the start, and errors of w, can
	// wait for the first row or the end: whoever doesn't look gets them there.
	open func(w *bufio.Writer, t *Table, o Options) rowWriter
}

// rowWriter writes one table in one format. A format that must look at values
// before it can begin keeps the rows that it needs, as table does.
type rowWriter interface {
	row(values []any) error // keeps nothing of values
	close() error           // writes what is left; w is flushed by the caller
}

// releaser is a rowWriter that holds what outlives the memory, such as a file.
// It is told when writing has ended, however it did.
type releaser interface {
	release() error
}

// Formats are all there are, the one for people first.
var Formats = []Format{
	{"table", "for people: aligned, and no wider than the terminal", true, "", openTable},
	{"csv", "RFC 4180 with a header; NULL is an empty field, an empty text is quoted", true, "csv", openCSV},
	{"json", "an array of objects, as `sqlite3 -json` gives it", true, "", openJSON},
	{"jsonl", "an object a line", true, "jsonl", openJSONLines},
	{"markdown", "a table as GitHub shows it", true, "", openMarkdown},
	{"html", "a page of its own: it sorts and filters, and asks no network; 100,000 rows at most", true, "html", openHTML},
	{"parquet", "for data frames and warehouses: typed columns, compressed", false, "parquet", openParquet},
	{"xlsx", "a workbook with typed cells; 1,048,575 rows at most", false, "xlsx", openXLSX},
}

// FormatNamed gives the format of that name for a terminal or a pipe.
func FormatNamed(name string) (Format, bool) { return named(name, Format.forScreen) }

// FormatNames lists the names that [FormatNamed] knows.
func FormatNames() []string { return names(Format.forScreen) }

// FileFormat gives the format of that name for files.
func FileFormat(name string) (Format, bool) { return named(name, Format.forFiles) }

// FileFormatNames lists the names that [FileFormat] knows.
func FileFormatNames() []string { return names(Format.forFiles) }

func (f Format) forScreen() bool { return f.Screen }
func (f Format) forFiles() bool  { return f.Extension != "" }

func named(name string, suits func(Format) bool) (Format, bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.Name == name && suits(f) })
	if i < 0 {
		return Format{}, false
	}
	return Formats[i], true
}

func names(suits func(Format) bool) []string {
	var all []string
	for _, f := range Formats {
		if suits(f) {
			all = append(all, f.Name)
		}
	}
	return all
}

// refusal is the writer of a table that can't be written.
type refusal struct{ err error }

func (r refusal) row([]any) error { return r.err }
func (r refusal) close() error    { return r.err }

// Write writes the whole table. What was read before an error is written too.
func (f Format) Write(w io.Writer, t *Table, o Options) (err error) {
	buffered := bufio.NewWriterSize(w, 64<<10)
	out := f.open(buffered, t, o)
	if held, ok := out.(releaser); ok {
		defer func() { err = errors.Join(err, held.release()) }()
	}
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
