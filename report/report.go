// Package report reads the archive with read-only queries and writes their rows
// as text.
//
// A [Table] is named columns and their rows. [Saved] runs one of the saved
// queries and returns a Table; [Of] makes one from rows in memory. A [Format]
// writes a Table: [Formats] are those that this package has, and packages page
// and export add HTML, Parquet and XLSX. Rows are never all in memory: a
// report of ten million jobs needs no more of it than one of ten.
//
// The package also holds what all users of the saved queries share: which
// values a parameter takes and how people type them ([Given]), what the
// archive can't know about a moment ([NotLooking]), and the form of a value on a
// terminal ([Printable], [WordClass]).
//
// It does not know how rows get into the archive, it writes no files, and it
// draws no pages. Begin reading here, then query.go. The other files are
//
//	table.go, csv.go, json.go, markdown.go  one format each
//	table_fit.go, table_records.go          tables in a narrow terminal
//	value.go                                the text of a value of a row
//	values.go                               the values of a report's parameters
//	blind.go                                what the archive can't know
//	span.go, words.go                       durations, numbers and nouns
package report

import (
	"bufio"
	"io"
	"iter"
	"slices"

	"importarchive/queries"
)

// Table is named columns and their rows. A value is nil (NULL), a string, an
// int, an int64 or a float64.
type Table struct {
	Columns []string

	// Described has the type and the meaning of each column. It is nil where
	// they are not known.
	Described []queries.Column

	// Rows yields each row once; the slice is good until the next one. An
	// error comes last. The rows of a query can be read a single time.
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

// Each calls f with each row, up to the first error.
func (t *Table) Each(f func(row []any) error) error {
	for row, err := range t.Rows {
		if err == nil {
			err = f(row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Map returns a table with other columns, which convert makes of each row.
func (t *Table) Map(columns []string, convert func(row []any) []any) *Table {
	return &Table{Columns: columns, Rows: func(yield func([]any, error) bool) {
		for row, err := range t.Rows {
			if err == nil {
				row = convert(row)
			}
			if !yield(row, err) {
				return
			}
		}
	}}
}

// Pick returns the table with these of its columns, in this order.
func (t *Table) Pick(columns ...string) *Table {
	places, picked := make([]int, len(columns)), make([]any, len(columns))
	for i, name := range columns {
		places[i] = slices.Index(t.Columns, name)
	}
	out := t.Map(columns, func(row []any) []any {
		for i, place := range places {
			picked[i] = row[place]
		}
		return picked
	})
	for i := range places {
		if t.Described != nil {
			out.Described = append(out.Described, t.Described[places[i]])
		}
	}
	return out
}

// Options describe the place that a report is written to.
type Options struct {
	Width int  // columns of the terminal; 0: no terminal, nothing is cut
	Color bool // the terminal has colours, and its user wants them

	Title, About string // of the report, for formats that show them
	Version      string // of the program, for formats that name what wrote them

	// Cut, where set, is called for each text that the format had to cut.
	Cut func(column string)

	// Spreadsheet asks for a CSV file that a spreadsheet opens without harm: with a
	// byte order mark, and an apostrophe before texts that it would alter or run.
	Spreadsheet bool

	// Scratch is the directory for temporary files; "" means the system's.
	Scratch string
}

// Format is one way to write a table. Its name is also the extension of its
// files.
type Format struct {
	Name string

	// Encode writes the whole table. It may leave bytes in w, and ends at the
	// first error.
	Encode func(w *bufio.Writer, t *Table, o Options) error
}

// ForSpreadsheets returns the format as people open it in a spreadsheet, of
// formats that make a difference.
func (f Format) ForSpreadsheets() Format {
	encode := f.Encode
	f.Encode = func(w *bufio.Writer, t *Table, o Options) error {
		o.Spreadsheet = true
		return encode(w, t, o)
	}
	return f
}

// Write writes the whole table. After an error, w has what was written before.
func (f Format) Write(w io.Writer, t *Table, o Options) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	err := f.Encode(buffered, t, o)
	if flushed := buffered.Flush(); err == nil {
		err = flushed
	}
	return err
}

// FormatList has the formats that one place offers.
type FormatList []Format

// Formats returns the formats of text, the one for people first.
func Formats() FormatList {
	return FormatList{
		{"table", encodeTable},       // aligned, and no wider than the terminal
		{"csv", encodeCSV},           // RFC 4180 with a header; NULL is an empty field, an empty text is quoted
		{"json", encodeJSON},         // an array of objects, as `sqlite3 -json` gives it
		{"jsonl", encodeJSONLines},   // an object a line
		{"markdown", encodeMarkdown}, // a table as GitHub shows it
	}
}

// Unlimited names the formats that hold any table, for errors of those that do
// not.
const Unlimited = "csv, jsonl and parquet"

// Named returns the format of that name.
func (l FormatList) Named(name string) (Format, bool) {
	i := slices.IndexFunc(l, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return l[i], true
}

// Names lists the names that [FormatList.Named] knows.
func (l FormatList) Names() []string {
	names := make([]string, len(l))
	for i, f := range l {
		names[i] = f.Name
	}
	return names
}
