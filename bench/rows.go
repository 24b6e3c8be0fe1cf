package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// rows gathers rows of one table and inserts many with one statement, because
// calling the driver costs more than storing a row.
type rows struct {
	conn    *sql.Conn
	head    string
	columns int
	waiting []any
	many    *sql.Stmt
	err     error // the first; nothing is stored after it, and close returns it
}

const atOnce = 60

func newRows(ctx context.Context, conn *sql.Conn, table, columns string) (*rows, error) {
	r := &rows{conn: conn, columns: strings.Count(columns, ",") + 1}
	r.head = fmt.Sprintf("INSERT INTO %s (%s) VALUES ", table, columns)
	var err error
	if r.many, err = conn.PrepareContext(ctx, r.statement(atOnce)); err != nil {
		return nil, fmt.Errorf("preparing rows of %s: %w", table, err)
	}
	return r, nil
}

// insert inserts what f adds.
func insert(ctx context.Context, conn *sql.Conn, table, columns string, f func(*rows)) error {
	r, err := newRows(ctx, conn, table, columns)
	if err != nil {
		return err
	}
	f(r)
	return r.close(ctx)
}

func (r *rows) statement(n int) string {
	one := "(" + strings.Repeat("?,", r.columns-1) + "?)"
	return r.head + strings.Repeat(one+",", n-1) + one
}

func (r *rows) add(values ...any) {
	r.waiting = append(r.waiting, values...)
	if len(r.waiting) < atOnce*r.columns {
		return
	}
	if r.err == nil {
		_, r.err = r.many.Exec(r.waiting...)
	}
	r.waiting = r.waiting[:0]
}

// close inserts what is left.
func (r *rows) close(ctx context.Context) error {
	if n := len(r.waiting) / r.columns; n > 0 && r.err == nil {
		_, r.err = r.conn.ExecContext(ctx, r.statement(n), r.waiting...)
	}
	if r.err != nil {
		r.err = fmt.Errorf("%s: %w", r.head, r.err)
	}
	return errors.Join(r.err, r.many.Close())
}

// null makes NULL of no time, no number and no text.
func null[T int64 | string](v T) any {
	var none T
	if v == none {
		return nil
	}
	return v
}
