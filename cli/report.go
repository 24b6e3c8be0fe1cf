package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"importarchive/page"
	"importarchive/queries"
	"importarchive/report"
)

func (p *program) reportCommand() *cobra.Command {
	var out output
	c := &cobra.Command{
		Use:   "report [NAME]",
		Short: "Run a saved report; without a name, list them",
		Long: `Run a saved report, or list them all.

Each report is a file of SQL that runs unchanged in the sqlite3 shell. --sql prints
it, and --help describes its columns. A report writes nothing and can run beside the
service.

--format html of the report overview gives a whole page with charts. --format xlsx
writes a workbook, to a file or a pipe.`,
		Example: `  importarchive report
  importarchive report failures --cluster prod-search --since 7d
  importarchive report overview --format html > overview.html
  importarchive report failures --format xlsx > failures.xlsx`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return noSuchReport(c, args[0])
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error { return p.listReports(&out) },

		SuggestionsMinimumDistance: 2,
	}
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if name := c.Flags().Arg(0); name != "" && c.HasSubCommands() {
			return noSuchReport(c, name) // its flags can't be right either
		}
		return usageError("%w; see `%s --help`", err, c.CommandPath())
	})
	out.addFlags(c)
	all := queries.Reports()
	for i := range all {
		c.AddCommand(p.savedReportCommand(&all[i], &out))
	}
	return c
}

func noSuchReport(c *cobra.Command, name string) error {
	hint := ""
	if near := c.SuggestionsFor(name); len(near) > 0 {
		hint = fmt.Sprintf(" (%s?)", strings.Join(near, " or "))
	}
	return usageError("there is no report %q%s; `%s` lists them", name, hint, c.CommandPath())
}

func (p *program) listReports(out *output) error {
	format, err := p.chosen(out)
	if err != nil {
		return err
	}
	all := queries.Reports()
	var rows [][]any
	for i := range all {
		var flags []string
		for _, parameter := range all[i].Parameters {
			flags = append(flags, asFlag(parameter.Name))
		}
		rows = append(rows, []any{all[i].Name, all[i].Title, all[i].About, orNil(strings.Join(flags, " "))})
	}
	t := report.Of([]string{"report", "title", "about", "parameters"}, rows)
	t.Described = []queries.Column{
		{Name: "report", Type: queries.Text, About: "its name"},
		{Name: "title", Type: queries.Text, About: "its title"},
		{Name: "about", Type: queries.Text, About: "what it is for"},
		{Name: "parameters", Type: queries.Text, Nullable: true, About: "its flags"},
	}
	if format.Name == tableFormat.Name {
		t = t.Pick("report", "title", "about")
		fmt.Fprintln(p.Stderr, "`importarchive report NAME` runs one; with --help it describes one")
	}
	return p.writeTitled(format, t, "Saved reports", "The reports that `importarchive report` runs.")
}

// savedReportCommand returns the command of one report. Its flags are the report's
// parameters, as the header of its file names them.
func (p *program) savedReportCommand(q *queries.Query, out *output) *cobra.Command {
	call := &reportCall{query: q, output: out}
	var showSQL bool
	c := &cobra.Command{
		Use:   q.Name,
		Short: strings.TrimSuffix(q.About, "."),
		Long:  reportHelp(q),
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if showSQL {
				_, err := fmt.Fprint(p.Stdout, q.SQL)
				return err
			}
			return p.report(c.Context(), call)
		},
	}
	for _, parameter := range q.Parameters {
		call.addFlag(c, parameter)
	}
	c.Flags().BoolVar(&showSQL, "sql", false, "print the report's SQL instead of running it")
	return c
}

func (p *program) report(ctx context.Context, call *reportCall) error {
	format, err := p.chosen(call.output)
	if err != nil {
		return err
	}
	if err := call.check(p.Now()); err != nil {
		return err
	}
	cfg, reader, err := p.readArchiveOf(ctx, call.clusters())
	if err != nil {
		return err
	}
	defer reader.Close()
	if id, ok := call.values["job"].(string); ok {
		if err := haveJob(ctx, reader, id, call.clusters()); err != nil {
			return err
		}
	}
	if call.wantsPage() {
		return p.plainly(func(w io.Writer) error { return p.page(ctx, w, reader, cfg.Archive.Path) })
	}
	return p.runReport(ctx, reader, call, format)
}

// runReport runs the report and writes its rows. One query reads one consistent
// state of the archive, whatever is written meanwhile.
func (p *program) runReport(ctx context.Context, reader *sql.DB, call *reportCall, format report.Format) error {
	remarks, err := report.NotLooking(ctx, reader, call.clusters(), report.Moments(call.values), p.Now())
	if err != nil {
		return err
	}
	limit := call.defaultRows()
	if limit > 0 {
		call.values["limit"] = int64(limit) + 1 // one more says that there are more
	}
	t, err := report.Saved(ctx, reader, *call.query, call.values)
	if err != nil {
		return err
	}
	shown := &shownRows{limit: limit}
	if err := p.writeTitled(format, shown.of(t), call.query.Title, call.describe()); err != nil {
		return err
	}
	p.remark(remarks)
	switch {
	case shown.rows == 0 && format.Name == tableFormat.Name && len(remarks) == 0:
		fmt.Fprintln(p.Stderr, "no rows:", call.nothing())
	case shown.more:
		fmt.Fprintf(p.Stderr, "there are more than these %d; --limit 0 gives all\n", limit)
	}
	return nil
}

// page writes the page of all clusters. Its queries read one state of the
// archive, in one transaction.
func (p *program) page(ctx context.Context, w io.Writer, reader *sql.DB, archive string) (err error) {
	tx, err := reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	return page.Write(ctx, w, tx, p.Now(), pageTitle(archive))
}

// reportHelp returns the help of a report, from the header of its file.
func reportHelp(q *queries.Query) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", q.Title, q.About)
	if len(q.Columns) > 0 {
		b.WriteString("\nIts columns; where a type has a question mark, a value can be missing:\n\n")
		writeColumns(&b, q.Columns)
	}
	for _, parameter := range q.Parameters {
		if report.KindOf(parameter.Name) == report.TimeKind {
			b.WriteString("\n" + timeHelp + "\n")
			break
		}
	}
	b.WriteString("\nThe same in the sqlite3 shell; --sql prints the file:\n\n")
	if !slices.ContainsFunc(q.Parameters, func(p queries.Parameter) bool { return p.Required }) {
		b.WriteString("  " + plainShell(q, "") + "\n")
	}
	if len(q.Parameters) > 0 {
		b.WriteString("  " + plainShell(q, setParameter(q)) + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

const timeHelp = `A time is 2026-11-23, "2026-11-23 10:00" (both UTC), 2026-11-23T10:00:00+08:00,
or an age such as 36h or 7d.`

func writeColumns(b *strings.Builder, columns []queries.Column) {
	names, types := 0, 0
	for _, c := range columns {
		names, types = max(names, len(c.Name)), max(types, len(typeWord(c)))
	}
	for _, c := range columns {
		fmt.Fprintf(b, "  %-*s  %-*s  %s\n", names, c.Name, types, typeWord(c), c.About)
	}
}

func typeWord(c queries.Column) string {
	if c.Nullable {
		return string(c.Type) + "?"
	}
	return string(c.Type)
}

func plainShell(q *queries.Query, options string) string {
	return fmt.Sprintf("sqlite3 -readonly %sarchive.db < queries/%s.sql", options, q.Name)
}

// setParameter returns an example that sets a parameter in the sqlite3 shell. A text
// needs quotes within quotes there: the shell would compute 2026-11-23 as a
// subtraction.
func setParameter(q *queries.Query) string {
	parameter := q.Parameters[0]
	if i := slices.IndexFunc(q.Parameters, func(p queries.Parameter) bool { return p.Required }); i >= 0 {
		parameter = q.Parameters[i]
	}
	value := `\"'NAME'\"`
	switch report.KindOf(parameter.Name) {
	case report.TimeKind:
		value = `\"'2026-11-23'\"`
	case report.NumberKind:
		value = "7"
	case report.SwitchKind:
		value = "1"
	}
	return fmt.Sprintf(`-cmd ".parameter set :%s %s" `, parameter.Name, value)
}
