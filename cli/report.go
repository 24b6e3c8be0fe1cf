package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"importarchive/queries"
	"importarchive/report"
)

func (p *program) reportCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "report [NAME]",
		Short: "Run a saved report; without a name, list them",
		Long: `Run a saved report, or list them all.

Each report is a file of SQL that runs unchanged in the plain sqlite3 shell;
--sql prints it, and --help says what its columns mean. Nothing is ever written:
a report can be asked while the service runs.

--format html of the report overview gives a whole page to look at, with charts.`,
		Example: `  importarchive report
  importarchive report failures --cluster prod-search --since 7d
  importarchive report overview --format html > overview.html`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return noSuchReport(c, args[0])
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error { return p.listReports(format) },

		SuggestionsMinimumDistance: 2,
	}
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if name := c.Flags().Arg(0); name != "" && c.HasSubCommands() {
			return noSuchReport(c, name) // what is wrong with its flags comes after
		}
		return usageError("%w; see `%s --help`", err, c.CommandPath())
	})
	names := screenFormats().Names()
	c.PersistentFlags().StringVar(&format, "format", tableFormat.Name, strings.Join(names, ", "))
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
	all, err := queries.Reports()
	if err != nil {
		c.RunE = func(*cobra.Command, []string) error { return err }
	}
	for i := range all {
		c.AddCommand(p.savedReportCommand(&all[i], &format))
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

func (p *program) listReports(formatName string) error {
	format, err := formatNamed(formatName)
	if err != nil {
		return err
	}
	all, err := queries.Reports()
	if err != nil {
		return err
	}
	columns := []queries.Column{
		{Name: "report", Type: queries.Text, About: "its name"},
		{Name: "title", Type: queries.Text, About: "its title"},
		{Name: "about", Type: queries.Text, About: "what it is for"},
		{Name: "parameters", Type: queries.Text, Nullable: true, About: "the flags that it takes"},
	}
	var rows [][]any
	for i := range all {
		rows = append(rows, []any{all[i].Name, all[i].Title, all[i].About, orNil(flagNames(&all[i]))})
	}
	t := report.Of([]string{"report", "title", "about", "parameters"}, rows)
	t.Described = columns
	if format.Name == tableFormat.Name {
		t = t.Pick("report", "title", "about")
		fmt.Fprintln(p.Stderr, "`importarchive report NAME` runs one, with --help it says more of it")
	}
	return p.writeTitled(format, t, "Saved reports", "What can be asked of the archive by name.")
}

func flagNames(q *queries.Query) string {
	var names []string
	for _, parameter := range q.Parameters {
		names = append(names, "--"+flagName(parameter.Name))
	}
	return strings.Join(names, " ")
}

// writeTitled writes a table to stdout, for formats that show what it is.
func (p *program) writeTitled(f report.Format, t *report.Table, title, about string) error {
	return f.Write(p.Stdout, t, report.Options{Width: p.StdoutWidth, Color: p.color(), Title: title, About: about})
}

// savedReportCommand is the command of one report. Its flags are the report's
// parameters, as the header of its file names them.
func (p *program) savedReportCommand(q *queries.Query, format *string) *cobra.Command {
	call := &reportCall{query: q}
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
			call.format = *format
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
	var format report.Format
	if !call.wantsPage() {
		var err error
		if format, err = formatNamed(call.format); err != nil {
			return err
		}
	}
	if err := call.check(p.Now()); err != nil {
		return err
	}
	cfg, reader, err := p.readArchiveOf(ctx, call.clusters())
	if err != nil {
		return err
	}
	defer reader.Close()
	if err := knownClusters(ctx, cfg, reader, call.clusters()); err != nil {
		return err
	}
	if id, ok := call.values["job"].(string); ok {
		if err := haveJob(ctx, reader, id, call.clusters()); err != nil {
			return err
		}
	}
	if call.wantsPage() {
		return p.page(ctx, reader, cfg.Archive.Path)
	}
	return p.answer(ctx, reader, call, format)
}
