package db

import "strings"

// rows gathers rows of one table that are inserted together. Most of what a
// first sync costs is inserting two rows a job, and a quarter of that was
// calling the driver for each.
type rows struct {
	into    string // up to VALUES
	columns int
	values  []any
}

// rowsAtOnce keeps a statement far below the 32,766 values that SQLite takes.
const rowsAtOnce = 64

func rowsInto(table, columns string) rows {
	return rows{into: "INSERT INTO " + table + " (" + columns + ") VALUES ", columns: strings.Count(columns, ",") + 1}
}

// add takes a row in, and reports whether there are enough to be stored.
func (r *rows) add(values ...any) (enough bool) {
	r.values = append(r.values, values...)
	return len(r.values) >= rowsAtOnce*r.columns
}

// store inserts them, in the order in which they came.
func (r *rows) store(tx *transaction) error {
	n := len(r.values) / r.columns
	if n == 0 {
		return nil
	}
	row := "(?" + strings.Repeat(", ?", r.columns-1) + ")"
	_, err := tx.exec(r.into+row+strings.Repeat(", "+row, n-1), r.values...)
	clear(r.values)
	r.values = r.values[:0]
	return err
}
