package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"importarchive/page"
	"importarchive/report"
)

// answer runs the report and writes it. One query is one consistent state of
// the archive, whatever is written meanwhile.
func (p *program) answer(ctx context.Context, reader *sql.DB, call *reportCall, format report.Format) error {
	blind, err := report.NotLooking(ctx, reader, call.clusters(), report.Moments(call.values), p.Now())
	if err != nil {
		return err
	}
	limit := call.defaultRows()
	if limit > 0 {
		call.values["limit"] = int64(limit) + 1 // tells whether there are more
	}
	t, err := report.Saved(ctx, reader, *call.query, call.values)
	if err != nil {
		return err
	}
	shown := &shownRows{limit: limit}
	if err := p.writeTitled(format, shown.of(t), call.query.Title, call.describe()); err != nil {
		return err
	}
	p.remark(blind)
	switch {
	case shown.rows == 0 && format.Name == tableFormat.Name && len(blind) == 0:
		fmt.Fprintln(p.Stderr, "no rows:", call.nothing())
	case shown.more:
		fmt.Fprintf(p.Stderr, "there are more than these %d; --limit 0 gives all\n", limit)
	}
	return nil
}

// wantsPage says that the answer is the whole page, which stands for the
// overview in HTML.
func (call *reportCall) wantsPage() bool {
	return call.query.Name == "overview" && call.format == "html"
}

// page writes the page to look at. It asks many times, of one state of the
// archive.
func (p *program) page(ctx context.Context, reader *sql.DB, archive string) (err error) {
	tx, err := reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	return page.Write(ctx, p.Stdout, tx, p.Now(), "Import jobs in "+filepath.Base(archive))
}

// remark says to people what the data can't.
func (p *program) remark(lines []string) {
	for _, line := range lines {
		fmt.Fprintln(p.Stderr, report.Printable(line))
	}
}

// nothing says why there may be no rows.
func (call *reportCall) nothing() string {
	given, defaults := call.filters()
	for i := range defaults {
		defaults[i] += " (the default)"
	}
	if all := append(given, defaults...); len(all) > 0 {
		return "nothing matches " + report.Printable(strings.Join(all, " "))
	}
	return "the archive has nothing to say here"
}

// shownRows counts the rows of a table that were shown, up to a limit (0: all),
// and notes whether there are more.
type shownRows struct {
	limit, rows int
	more        bool
}

func (s *shownRows) of(t *report.Table) *report.Table {
	return &report.Table{Columns: t.Columns, Described: t.Described, Rows: func(yield func([]any, error) bool) {
		for row, err := range t.Rows {
			if err == nil && s.limit > 0 && s.rows == s.limit {
				s.more = true
				return
			}
			if err == nil {
				s.rows++
			}
			if !yield(row, err) {
				return
			}
		}
	}}
}
