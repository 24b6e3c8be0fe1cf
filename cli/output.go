package cli

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"importarchive/config"
	"importarchive/db"
	"importarchive/db/sqlite"
	"importarchive/page"
	"importarchive/report"
)

// readArchive loads the settings and opens the archive that they name, to be
// read only.
func (p *program) readArchive(ctx context.Context) (*config.Config, *sql.DB, error) {
	cfg, err := p.settings()
	if err != nil {
		return nil, nil, err
	}
	reader, err := sqlite.OpenReader(ctx, cfg.Archive.Path)
	return cfg, reader, err
}

// screenFormats are the formats that commands write to stdout.
func screenFormats() report.FormatList { return append(report.Formats(), page.HTML()) }

// formatFlag adds --format to a command.
func formatFlag(c *cobra.Command, format *string) {
	names := screenFormats().Names()
	c.Flags().StringVar(format, "format", tableFormat.Name, strings.Join(names, ", "))
	// It fails for a flag that isn't there, or twice.
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
}

// formatNamed gives the format, or says which there are.
func formatNamed(name string) (report.Format, error) {
	f, ok := screenFormats().Named(name)
	if !ok {
		return f, oneOf("--format", name, screenFormats().Names())
	}
	return f, nil
}

// tableFormat is the one for people, and the default.
var tableFormat = report.Formats()[0]

// write writes a table to stdout.
func (p *program) write(f report.Format, t *report.Table) error {
	return f.Write(p.Stdout, t, report.Options{Width: p.StdoutWidth, Color: p.color()})
}

// writeTable writes a table for people to stdout.
func (p *program) writeTable(columns []string, rows [][]any) error {
	return p.write(tableFormat, report.Of(columns, rows))
}

// writeJSON writes the one object of a command's --json.
func (p *program) writeJSON(v any) error {
	e := json.NewEncoder(p.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func (p *program) color() bool { return p.StdoutWidth > 0 && !p.noColor() }

// painted gives the text in a colour where the terminal obeys it.
func (p *program) painted(c report.Color, text string) string {
	if !p.color() {
		return text
	}
	return c.Paint(text)
}

// spellTime gives a time as the archive spells it, which is how it compares.
func spellTime(t time.Time) string { return t.UTC().Format(db.TimeFormat) }
