package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"importarchive/queries"
)

// Reader runs queries: an archive opened read-only, or one connection of it that
// holds a snapshot.
type Reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Saved runs a saved query, whose header describes the columns of the table.
func Saved(ctx context.Context, reader Reader, q queries.Query, values map[string]any) (*Table, error) {
	t, err := Query(ctx, reader, q.SQL, values)
	if err != nil {
		return nil, fmt.Errorf("running %s: %w", q.Name, err)
	}
	if len(q.Columns) > 0 && !slices.EqualFunc(q.Columns, t.Columns, func(c queries.Column, name string) bool { return c.Name == name }) {
		return nil, fmt.Errorf("%s gives the columns %s, which its header does not say", q.Name, list(t.Columns))
	}
	t.Described = q.Columns
	return t, nil
}

// Query runs a query with values for its named parameters. A parameter without a
// value is NULL, as in the sqlite3 shell; a value for a parameter that the query
// does not have is an error. The rows hold a connection until they are read or
// the context ends.
func Query(ctx context.Context, reader Reader, query string, values map[string]any) (*Table, error) {
	args, err := arguments(query, values)
	if err != nil {
		return nil, err
	}
	rows, err := reader.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	columns, err := rows.Columns()
	if err != nil {
		return nil, errors.Join(err, rows.Close())
	}
	return &Table{Columns: columns, Rows: func(yield func([]any, error) bool) {
		defer rows.Close() // Err has already returned such an error
		if err := scan(rows, len(columns), yield); err != nil {
			yield(nil, err)
		}
	}}, nil
}

// scan yields the rows. It returns no error where the loop over them ends early.
func scan(rows *sql.Rows, columns int, yield func([]any, error) bool) error {
	values, places := make([]any, columns), make([]any, columns)
	for i := range values {
		places[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		for i, v := range values {
			values[i] = plain(v)
		}
		if !yield(values, nil) {
			return nil
		}
	}
	return rows.Err()
}

// plain turns the other types of the driver into those of a Table. The driver
// returns time.Time for columns that are declared as times.
func plain(v any) any {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case time.Time:
		return queries.SpellTime(v)
	}
	return v
}

func arguments(query string, values map[string]any) ([]any, error) {
	var args []any
	names := parameters(query)
	for _, name := range names {
		args = append(args, sql.Named(name, values[name]))
	}
	for name := range values {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("the query has no parameter %q, it has %s", name, list(names))
		}
	}
	return args, nil
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// parameter matches comments, texts and quoted names, in which a colon begins no
// parameter, or else a parameter.
var parameter = regexp.MustCompile("--[^\n]*" + `|(?s:/\*.*?(?:\*/|\z))` + `|'[^']*'|"[^"]*"|\[[^\]]*\]` + "|`[^`]*`" + `|[:@$](\w+)`)

// parameters returns the names of a query's parameters, each once.
func parameters(query string) []string {
	var names []string
	for _, m := range parameter.FindAllStringSubmatch(query, -1) {
		if name := m[1]; name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
