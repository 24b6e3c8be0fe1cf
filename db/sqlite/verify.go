package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"importarchive/db/rows"
	"importarchive/queries"
)

// Finding is a check of an archive that failed.
type Finding struct {
	Check   string // the query's name in queries/check, or SQLite's own check
	Title   string // what should hold
	Rows    int    // how many rows violate it
	Example string // the first of them, as "column=value column=value"
}

func (f Finding) String() string {
	return fmt.Sprintf("%s (%s): %d rows, the first: %s", f.Title, f.Check, f.Rows, f.Example)
}

// Verify checks every page of an archive and every invariant of queries/check.
// It finds nothing in a healthy archive. It reads the whole file, which takes some
// seconds per million jobs, and does not block runs.
func Verify(ctx context.Context, reader *sql.DB) ([]Finding, error) {
	checks := append([]queries.Query{
		{Name: "integrity_check", Title: "Every page and index is sound", SQL: `SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'`},
		{Name: "foreign_key_check", Title: "Every row that another one refers to is there", SQL: `SELECT * FROM pragma_foreign_key_check`},
	}, queries.Checks()...)
	// All checks read one snapshot, so that none sees half of a run.
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
		f, err := check(ctx, conn, q)
		if err != nil {
			return findings, fmt.Errorf("check %s: %w", q.Name, err)
		}
		if f.Rows > 0 {
			findings = append(findings, f)
		}
	}
	return findings, nil
}

// check runs one query, each row of which is a violation.
func check(ctx context.Context, conn *sql.Conn, q queries.Query) (Finding, error) {
	f := Finding{Check: q.Name, Title: q.Title}
	found, err := conn.QueryContext(ctx, q.SQL)
	if err != nil {
		return f, err
	}
	err = rows.Each(found, func(columns []string, values []any) error {
		if f.Rows++; f.Rows == 1 {
			f.Example = example(columns, values)
		}
		return nil
	})
	return f, err
}

// example formats a row.
func example(columns []string, values []any) string {
	var b strings.Builder
	for i, name := range columns {
		if values[i] == nil {
			values[i] = "NULL"
		}
		fmt.Fprintf(&b, " %s=%v", name, values[i])
	}
	return b.String()[1:]
}
