package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Tx is one transaction of the writing connection. Its statements ignore the
// context, because the driver starts a goroutine for each statement that can be
// cancelled. Code that runs many statements checks the context between them. The
// first error ends the transaction: SQLite may have rolled back already, and each
// later statement would commit by itself.
type Tx struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

// transact commits what f does, or nothing of it, also if f panics. It runs BEGIN
// and COMMIT itself: database/sql rolls a cancelled transaction back later, in a
// goroutine, when the connection may already have its next user.
func transact(ctx context.Context, conn *sql.Conn, f func(*Tx) error) error {
	tx := &Tx{conn: conn, statements: map[string]*sql.Stmt{}}
	defer tx.close()
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	committed := false
	defer func() {
		if !committed {
			// It has nothing to do where SQLite has rolled back already.
			_, _ = conn.ExecContext(context.Background(), "ROLLBACK")
		}
	}()
	if err := f(tx); err != nil {
		return err
	}
	_, err := conn.ExecContext(context.Background(), "COMMIT")
	committed = err == nil
	return err
}

// prepare prepares a statement once a transaction.
func (tx *Tx) prepare(query string) (*sql.Stmt, error) {
	st, ok := tx.statements[query]
	if !ok {
		var err error
		if st, err = tx.conn.PrepareContext(context.Background(), query); err != nil {
			return nil, err
		}
		tx.statements[query] = st
	}
	return st, nil
}

// Exec runs a statement.
func (tx *Tx) Exec(query string, args ...any) error {
	_, err := tx.Affected(query, args...)
	return err
}

// One runs a statement that must change exactly one row: an UPDATE that misses
// its row is an error.
func (tx *Tx) One(query string, args ...any) error {
	n, err := tx.Affected(query, args...)
	if err == nil && n != 1 {
		err = fmt.Errorf("an update that must alter one row altered %d", n)
	}
	return err
}

// Affected runs a statement and returns the number of rows that it changed.
func (tx *Tx) Affected(query string, args ...any) (int64, error) {
	st, err := tx.prepare(query)
	if err != nil {
		return 0, err
	}
	result, err := st.Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Row reads the first row of a query into what dest points to. It returns
// sql.ErrNoRows if there is none.
func (tx *Tx) Row(query string, args []any, dest ...any) error {
	st, err := tx.prepare(query)
	if err != nil {
		return err
	}
	return st.QueryRow(args...).Scan(dest...)
}

// Query reads the rows of a query. They must be closed before the next one.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	st, err := tx.prepare(query)
	if err != nil {
		return nil, err
	}
	return st.Query(args...)
}

func (tx *Tx) close() {
	for _, st := range tx.statements {
		_ = st.Close() // only frees memory
	}
}
