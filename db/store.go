package db

import (
	"context"
	"database/sql"
)

// sqlStore is a [Store] in SQL. It is safe for concurrent use: there is one
// writing connection, and a second writer waits for it.
type sqlStore struct {
	Engine Engine
	Writer *sql.DB // one connection
	Reader *sql.DB // connections that only read; they see a consistent state while runs go on
}

// Engine is what a kind of database does beside SQL.
type Engine interface {
	// Explain adds to an error of the database what a person can do about it.
	Explain(err *error)

	// Closing makes the next commit of the connection, which closes a run, survive
	// a crash of the machine with all that the run wrote before. The function that
	// it returns is called after the commit. quiet says that the run changed no
	// job.
	Closing(ctx context.Context, conn *sql.Conn, quiet bool) (after func(), err error)
}

// writing gives f the writing connection, and explains what went wrong.
func (s *sqlStore) writing(ctx context.Context, f func(*sql.Conn) error) (err error) {
	defer s.Engine.Explain(&err)
	conn, err := s.Writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return f(conn)
}

// Write commits what f does, or nothing of it. Every run waits while f has the
// writing connection, so f does nothing but SQL.
func (s *sqlStore) Write(ctx context.Context, f func(*Tx) error) error {
	return s.writing(ctx, func(conn *sql.Conn) error { return transact(ctx, conn, f) })
}

// Read calls row for every row of a query, with a function that scans it. It
// does not take the writing connection.
func (s *sqlStore) Read(ctx context.Context, query string, args []any, row func(scan func(...any) error) error) (err error) {
	defer s.Engine.Explain(&err)
	rows, err := s.Reader.QueryContext(ctx, query, args...)
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
