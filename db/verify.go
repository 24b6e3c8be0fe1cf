package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"importarchive/queries"
)

// Finding is something in an archive that is not as it must be.
type Finding struct {
	Check   string // the query's name in queries/check, or SQLite's own check
	Title   string // what should have been so
	Rows    int    // how many rows say otherwise
	Example string // the first of them, as "column=value column=value"
}

func (f Finding) String() string {
	return fmt.Sprintf("%s (%s): %d rows, the first: %s", f.Title, f.Check, f.Rows, f.Example)
}

// Verify looks at every page of an archive, and asks every invariant. On a
// healthy one it finds nothing. It reads all there is, for some seconds a
// million jobs; runs may go on meanwhile.
func Verify(ctx context.Context, reader *sql.DB) ([]Finding, error) {
	checks, err := queries.Checks()
	if err != nil {
		return nil, err
	}
	checks = append([]queries.Query{
		{Name: "integrity_check", Title: "Every page and index is sound", SQL: `SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'`},
		{Name: "foreign_key_check", Title: "Every row that another one refers to is there", SQL: `SELECT * FROM pragma_foreign_key_check`},
	}, checks...)
	// One snapshot for all, so that no check sees a run half done.
	conn, err := reader.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	var findings []Finding
	for _, q := range checks {
		f, err := ask(ctx, conn, q)
		if err != nil {
			return findings, fmt.Errorf("check %s: %w", q.Name, err)
		}
		if f.Rows > 0 {
			findings = append(findings, f)
		}
	}
	return findings, nil
}

func ask(ctx context.Context, conn *sql.Conn, q queries.Query) (Finding, error) {
	f := Finding{Check: q.Name, Title: q.Title}
	rows, err := conn.QueryContext(ctx, q.SQL)
	if err != nil {
		return f, err
	}
	defer rows.Close()
	for ; rows.Next(); f.Rows++ {
		if f.Rows == 0 {
			if f.Example, err = example(rows); err != nil {
				return f, err
			}
		}
	}
	return f, rows.Err()
}

func example(rows *sql.Rows) (string, error) {
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return "", err
	}
	var b strings.Builder
	for i, name := range columns {
		if values[i] == nil {
			values[i] = "NULL"
		}
		fmt.Fprintf(&b, " %s=%v", name, values[i])
	}
	return b.String()[1:], nil
}
