package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"importarchive/page"
	"importarchive/report"
	"importarchive/report/export"
)

// output says in which format a command writes to stdout.
type output struct {
	format       string // of the flag; "" where it is not given
	spreadsheets bool
}

// outputFormats are the formats that commands write to stdout.
func outputFormats() report.FormatList {
	return append(report.Formats(), page.HTML(), export.XLSX())
}

// addFlags adds the flags to a command and its subcommands.
func (o *output) addFlags(c *cobra.Command) {
	names := outputFormats().Names()
	c.PersistentFlags().StringVar(&o.format, "format", "", strings.Join(names, ", ")+" (default "+tableFormat.Name+")")
	spreadsheetsFlag(c, &o.spreadsheets)
	completeFlag(c, "format", names)
}

func spreadsheetsFlag(c *cobra.Command, spreadsheets *bool) {
	c.PersistentFlags().BoolVar(spreadsheets, "csv-for-spreadsheets", false,
		"csv for people: with a byte order mark, and ' before texts that a spreadsheet would alter or run")
}

// name returns the name of the format.
func (o *output) name() string {
	switch {
	case o.format != "":
		return o.format
	case o.spreadsheets:
		return "csv"
	}
	return tableFormat.Name
}

// chosen returns the format that the flags choose.
func (p *program) chosen(o *output) (report.Format, error) {
	f, ok := outputFormats().Named(o.name())
	if !ok {
		return f, oneOf("--format", o.name(), outputFormats().Names())
	}
	if f.Name == export.XLSX().Name && p.StdoutWidth > 0 {
		return f, usageError("--format xlsx writes a workbook, which a terminal can't show: add > FILE.xlsx to the command")
	}
	return forSpreadsheets(f, o.spreadsheets)
}

// forSpreadsheets returns the format as --csv-for-spreadsheets wants it.
func forSpreadsheets(f report.Format, wanted bool) (report.Format, error) {
	switch {
	case !wanted:
		return f, nil
	case f.Name != "csv":
		return f, usageError("--csv-for-spreadsheets is about csv, not %s: remove one of the two flags", f.Name)
	}
	return f.ForSpreadsheets(), nil
}
