package dbtest

import (
	"context"
	"database/sql"
	"testing"

	"importarchive/db/sqlite"
)

// Archive is a real archive in a file, with the means to read and check it.
type Archive struct {
	Path  string
	Store *sqlite.Archive // nil while the file is closed
	File  *sql.DB         // read instead of Store, where another process writes
}

// NewArchive opens a new archive and closes it when the test ends.
func NewArchive(t testing.TB) *Archive {
	t.Helper()
	a := &Archive{Path: Fresh(t)}
	a.Reopen(t)
	t.Cleanup(a.Close)
	return a
}

// Reopen closes the archive and opens it again, as another process would.
func (a *Archive) Reopen(t testing.TB) {
	t.Helper()
	a.Close()
	var err error
	if a.Store, err = sqlite.Open(context.Background(), a.Path, sqlite.Options{}); err != nil {
		t.Fatal(err)
	}
}

// Beside opens the file a second time, as a second process would.
func (a *Archive) Beside(t testing.TB) *Archive {
	t.Helper()
	b := &Archive{Path: a.Path}
	b.Reopen(t)
	t.Cleanup(b.Close)
	return b
}

// Close closes the archive, if it is open.
func (a *Archive) Close() {
	if a.Store != nil {
		_ = a.Store.Close()
		a.Store = nil
	}
}

func (a *Archive) reader() *sql.DB {
	if a.File != nil {
		return a.File
	}
	return a.Store.Reader
}

// Verify fails the test with every invariant that the archive breaks.
func (a *Archive) Verify(t testing.TB) {
	t.Helper()
	Verify(t, a.reader())
}

// Expect compares the one value that a query returns.
func (a *Archive) Expect(t testing.TB, want, query string) {
	t.Helper()
	if got := a.Rows(t, query); len(got) != 1 || got[0][0] != want {
		t.Errorf("%s\n gives %v, not %s", query, got, want)
	}
}

// Rows reads a query's rows as text, NULL as "".
func (a *Archive) Rows(t testing.TB, query string, args ...any) (all [][]string) {
	t.Helper()
	rows, err := a.reader().QueryContext(context.Background(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, _ := rows.Columns()
	for rows.Next() {
		values, row, into := make([]sql.NullString, len(columns)), make([]string, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			row[i] = v.String
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
