// Package rows reads the rows of SQL queries. It knows no table and keeps nothing.
//
// [All] runs a query and makes a slice of its rows, [Collect] does so with a query
// that is running. They are for answers that are small by their nature, such as a row
// for each cluster. [Each] reads any columns, one row after the other.
package rows

import (
	"context"
	"database/sql"
)

// Querier is a connection, a pool of them, or a transaction.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// All runs a query and returns one T for each of its rows. fields lists pointers to
// the values of one T, in the order of the columns.
func All[T any](ctx context.Context, from Querier, fields func(*T) []any, query string, args ...any) ([]T, error) {
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return Collect(rows, fields)
}

// Collect reads the rows to their end and closes them.
func Collect[T any](rows *sql.Rows, fields func(*T) []any) (all []T, err error) {
	defer rows.Close()
	for rows.Next() {
		var one T
		if err := rows.Scan(fields(&one)...); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Each calls f with the names of the columns and the values of each row, and closes
// the rows. The values are good until the next row.
func Each(rows *sql.Rows, f func(columns []string, values []any) error) error {
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		err := rows.Scan(into...)
		if err == nil {
			err = f(columns, values)
		}
		if err != nil {
			return err
		}
	}
	return rows.Err()
}

// Column lists the one value of a query with one column.
func Column[T any](value *T) []any { return []any{value} }
