package db

import "context"

// Tx is one transaction on the writing connection, for a package that keeps
// tables of its own in the archive. The first error ends it.
type Tx struct{ tx *transaction }

// Write commits what f does, or nothing of it. Every run waits while f has the
// writing connection, so f does nothing but SQL.
func (s *SQLite) Write(ctx context.Context, f func(Tx) error) error {
	return s.transact(ctx, func(tx *transaction) error { return f(Tx{tx}) })
}

// Exec runs a statement.
func (t Tx) Exec(query string, args ...any) error {
	_, err := t.tx.exec(query, args...)
	return err
}

// One runs a statement that must change exactly one row.
func (t Tx) One(query string, args ...any) error { return one(t.tx.exec(query, args...)) }

// Row reads the first row of a query; sql.ErrNoRows says that there is none.
func (t Tx) Row(query string, args []any, dest ...any) error { return t.tx.row(query, args, dest...) }

// Read calls row for every row of a query, with a function that scans it. It
// does not take the writing connection.
func (s *SQLite) Read(ctx context.Context, query string, args []any, row func(scan func(...any) error) error) (err error) {
	defer explain(s.path, &err)
	rows, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
