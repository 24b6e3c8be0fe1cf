package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"importarchive/config"
	"importarchive/db/sqlite"
	"importarchive/report"
	"importarchive/report/export"
)

// exportFlags holds the flags of the command line.
type exportFlags struct {
	what         []string
	format, dir  string
	sinceID      string
	changedSince string
	asJSON       bool
	spreadsheets bool
	given        func(flag string) bool
}

func (p *program) exportCommand() *cobra.Command {
	var f exportFlags
	names := export.Names(export.Datasets())
	formats := export.Formats().Names()
	c := &cobra.Command{
		Use:     "export",
		Short:   "Write views and reports to files for BI",
		Long:    exportHelp + "\n\nThere are: " + wrapped(names),
		Example: exportExample,
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			f.given = c.Flags().Changed
			return p.export(c.Context(), &f)
		},
	}
	flags := c.Flags()
	flags.StringSliceVar(&f.what, "what", nil, "these views and reports, comma-separated (default all public views; with html overview)")
	flags.StringVar(&f.format, "format", "", strings.Join(formats, ", ")+" (default csv)")
	flags.StringVar(&f.dir, "out", "", "the `directory` to write to; made if it is missing")
	flags.StringVar(&f.sinceID, "since-id", "", "only transitions after the one with this `id`")
	flags.StringVar(&f.changedSince, "changed-since", "", "only what changed at this `time` or later, of views that can tell")
	spreadsheetsFlag(c, &f.spreadsheets)
	flags.BoolVar(&f.asJSON, "json", false, "show the manifest instead of text")
	completeFlag(c, "what", names)
	completeFlag(c, "format", formats)
	_ = c.MarkFlagDirname("out")
	return c
}

const exportHelp = `Write views and reports to files, one file each, with a manifest.json that says
what they are. All show the same moment of the archive, also while a service
writes to it. Files appear whole, the manifest last; an export that fails or is
stopped changes nothing in the directory. Nothing there is ever deleted: files of an
earlier export that this one does not write stay, and are named. Read the files that
manifest.json names, and no others.

What the command line does not set is taken from [export] in the settings.
A report runs with the defaults of its parameters, but gives all rows: its --limit
is for screens. Where a report has the name of a view, "report:" before it means the
report, in a file NAME-report.

Files are for programs, which must read ids as text: as numbers most readers alter
those of Milvus, which have 18 digits. For people there are xlsx, and csv with
--csv-for-spreadsheets.

To load only what is new, give "next" of the last manifest to --since-id (for
transitions) and --changed-since (for views that know when rows changed; others are
written whole). Nothing is left out so, but a row may come again: load it over the
one with the same key.

manifest.json is one object, as is --json:

  format_version          1
  written_at              the moment; times are spelled as in the archive, in UTC
  version                 of the program
  archive                 schema_version, newest_at (null: empty)
  format
  files[]
    name, kind            what it is: a view or a report
    file, bytes, sha256
    rows                  null for a page that is more than a table
    columns[]             name, type (text, integer, real, time, day), nullable, about;
                          ids are text, also those that have digits only
    time_range            column, from, to: the least and the greatest time in it; null
                          where no row has one
    incremental           since_id, changed_since that it begins after, or null: it is whole
    cut[]                 column, texts: how many texts of a column are longer than a cell
                          of Excel; the file says in each how much is missing
  for_spreadsheets        true after --csv-for-spreadsheets, which is not for programs
  next                    since_id, changed_since (null: the archive is empty)`

const exportExample = `  importarchive export --format parquet --out /data/imports
  importarchive export --what jobs,transitions --out new --since-id 4711 --changed-since "2026-11-23 10:00:00.000"`

// wrapped puts names on lines that fit any terminal.
func wrapped(names []string) string {
	var b strings.Builder
	column := len("There are: ")
	for i, name := range names {
		if i > 0 {
			b.WriteString(",")
			if column += len(name) + len(", "); column > 78 {
				b.WriteString("\n")
				column = len(name)
			} else {
				b.WriteString(" ")
			}
		}
		b.WriteString(name)
	}
	return b.String()
}

func (p *program) export(ctx context.Context, f *exportFlags) error {
	now := p.Now()
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	e, err := f.export(&cfg.Export)
	if err != nil {
		return err
	}
	e.Now, e.Version, e.Title = now, version(), pageTitle(cfg.Archive.Path)
	if e.ChangedSince, err = timeFlag("changed-since", f.changedSince, now); err != nil {
		return err
	}
	reader, err := sqlite.OpenReader(ctx, cfg.Archive.Path)
	if err != nil {
		return err
	}
	defer reader.Close()
	s := newScreen(p.Stderr, p.StderrTerminal)
	e.Progress = func(dataset string, rows int64) { s.line(fmt.Sprintf("%s: %d rows", dataset, rows)) }
	m, err := e.Write(ctx, reader)
	s.clear()
	if err != nil {
		return err
	}
	p.remark(m.Remarks())
	if len(m.Earlier) > 0 {
		fmt.Fprintln(p.Stderr, "still there from an earlier export, and not part of this one:", report.Printable(strings.Join(m.Earlier, ", ")))
	}
	if e.SinceID != nil && *e.SinceID > *m.Next.SinceID {
		fmt.Fprintf(p.Stderr, "the archive has no transition %d, its newest is %d: is that number of another archive?\n", *e.SinceID, *m.Next.SinceID)
	}
	if f.asJSON {
		return m.Write(p.Stdout)
	}
	return p.showExport(e, m)
}

// export determines what to write: what the flags name, or else what the settings
// say.
func (f *exportFlags) export(set *config.Export) (*export.Export, error) {
	e := &export.Export{Format: set.Format, Datasets: set.What, Dir: set.Dir, Spreadsheets: f.spreadsheets}
	if f.given("format") {
		if err := oneOf("--format", f.format, export.Formats().Names()); err != nil {
			return nil, err
		}
		e.Format, _ = export.Formats().Named(f.format)
	} else if f.spreadsheets {
		e.Format, _ = export.Formats().Named("csv")
	}
	if _, err := forSpreadsheets(e.Format, f.spreadsheets); err != nil {
		return nil, err
	}
	if f.given("what") {
		datasets, err := datasetsNamed(f.what)
		if err != nil {
			return nil, err
		}
		e.Datasets = datasets
	}
	if len(e.Datasets) == 0 {
		e.Datasets = export.DefaultDatasets(e.Format)
	}
	if f.given("out") {
		e.Dir = f.dir
	}
	if e.Dir == "" {
		return nil, usageError("where to? name a directory with --out, or set dir in [export] of the settings")
	}
	return e, f.begin(e)
}

func datasetsNamed(names []string) ([]export.Dataset, error) {
	var all []export.Dataset
	for _, name := range names {
		name = strings.TrimSpace(name)
		d, err := export.DatasetNamed(name)
		if err != nil {
			return nil, usageError("--what: %w%s", err, config.NearestDataset(name))
		}
		all = append(all, d)
	}
	if len(all) == 0 {
		return nil, usageError("--what names nothing")
	}
	return export.Distinct(all), nil
}

// begin determines where an incremental export begins.
func (f *exportFlags) begin(e *export.Export) error {
	takes := func(parameter string) bool {
		return slices.ContainsFunc(e.Datasets, func(d export.Dataset) bool { return d.Takes(parameter) })
	}
	if f.given("since-id") {
		id, err := strconv.ParseInt(f.sinceID, 10, 64)
		switch {
		case err != nil:
			return usageError("--since-id %q is not a whole number", f.sinceID)
		case id < 0:
			return usageError("--since-id %d is no id: they begin at 1, and 0 is before the first", id)
		case !takes("since_id"):
			return usageError("--since-id is about transitions, and there are none in %s", strings.Join(export.Names(e.Datasets), ", "))
		}
		e.SinceID = &id
	}
	if f.given("changed-since") {
		switch {
		case f.changedSince == "":
			return usageError("--changed-since is empty")
		case !takes("changed_since"):
			return usageError("--changed-since has no effect on %s, which doesn't record what changed", strings.Join(export.Names(e.Datasets), ", "))
		}
	}
	return nil
}

// showExport shows the written files, and for an incremental load the flags of the
// next export.
func (p *program) showExport(e *export.Export, m *export.Manifest) error {
	var rows [][]any
	for _, f := range m.Files {
		var count any
		if f.Rows != nil {
			count = *f.Rows
		}
		rows = append(rows, []any{filepath.Join(e.Dir, f.File), count, f.Bytes})
	}
	if err := p.writeTable([]string{"file", "rows", "bytes"}, rows); err != nil {
		return err
	}
	if e.SinceID != nil || e.ChangedSince != "" {
		next := ""
		if m.Next.ChangedSince != nil {
			next = fmt.Sprintf(" --changed-since %q", *m.Next.ChangedSince)
		}
		fmt.Fprintf(p.Stderr, "what is new after this: --since-id %d%s\n", *m.Next.SinceID, next)
	}
	return nil
}
