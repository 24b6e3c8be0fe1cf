// Package store keeps an archive in SQL: it implements [db.Store] over
// database/sql. It loads and applies; package sync decides.
//
// Where to read:
//
//	store.go        the Store, and what it needs of an engine
//	transaction.go  one transaction of the writing connection
//	write.go        a run: Begin, Commit, Finish, and the guard by generation
//	batch.go        a batch of changes; insert.go and pruned.go are parts of it
//	finish.go       what the transaction that closes a run adds
//	describe.go     answers about single jobs
//	sums.go         what reports start from, kept in the same transaction;
//	                loads.go and totals.go too
//	load.go         what is known of a cluster, read back; load_jobs.go in bulk
//	ask.go          queries of private tables for other packages
//	events.go       the same for package notify
//
// The SQL stays within what several engines understand where that costs nothing.
// Package sqlite has the files, locks, logs and backups. It opens the connections and
// is the [Engine] of the [Store]. In the folders below, package prune deletes what the
// retention no longer keeps, and dryrun is a store that only shows.
package store

import (
	"context"
	"database/sql"

	"importarchive/db/rows"
)

// Store is a [db.Store] in SQL. It is safe for concurrent use: there is one
// writing connection, and a second writer waits for it.
type Store struct {
	Engine Engine
	Writer *sql.DB // one connection
	Reader *sql.DB // connections that only read; they see a consistent state while runs go on
}

// Engine has what differs between kinds of databases, apart from SQL.
type Engine interface {
	// Explain adds advice for people to an error of the database.
	Explain(err *error)

	// Ready refuses a transaction if the archive can't take one any more. The store
	// calls it before each.
	Ready() error

	// Closing prepares the next commit of the connection, which closes a run. That
	// commit, and all that the run wrote before it, must survive a crash of the
	// machine. The store calls after when it has committed. quiet says that the run
	// changed no job.
	Closing(ctx context.Context, conn *sql.Conn, quiet bool) (after func(), err error)
}

// Writing calls f with the writing connection, and explains its error.
func (s *Store) Writing(ctx context.Context, f func(*sql.Conn) error) (err error) {
	defer s.Engine.Explain(&err)
	if err := s.Engine.Ready(); err != nil {
		return err
	}
	conn, err := s.Writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return f(conn)
}

// Write commits what f does, or nothing of it. Every run waits while f has the
// writing connection, so f does nothing but SQL.
func (s *Store) Write(ctx context.Context, f func(*Tx) error) error {
	return s.Writing(ctx, func(conn *sql.Conn) error { return transact(ctx, conn, f) })
}

// Read returns one T for each row of a query; fields as in [rows.All]. It does not
// take the writing connection.
func Read[T any](ctx context.Context, s *Store, fields func(*T) []any, query string, args ...any) (all []T, err error) {
	defer s.Engine.Explain(&err)
	return rows.All(ctx, s.Reader, fields, query, args...)
}
