package sqlite_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

// query returns the rows of a query.
func query(t testing.TB, from *sql.DB, text string, args ...any) (all [][]any) {
	t.Helper()
	rows, err := from.Query(text, args...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return all
}

// show returns the rows of a query as lines of text, "|" between the columns and
// "-" for NULL.
func show(t testing.TB, from *sql.DB, text string, args ...any) string {
	t.Helper()
	var b strings.Builder
	for _, row := range query(t, from, text, args...) {
		for i, v := range row {
			if i > 0 {
				b.WriteByte('|')
			}
			if v == nil {
				v = "-"
			}
			fmt.Fprint(&b, v)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
