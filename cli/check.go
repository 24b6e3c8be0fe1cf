package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"importarchive/check"
	"importarchive/report"
)

func (p *program) checkCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Check everything and say what to do about each problem",
		Long: `Check the settings, the archive and its invariants, the file system and the disk, the
backups, and for each cluster

  its key, and its service, from which check reads one page of the list and one job
  its database and its identity
  the clocks, and whether the service's own times of jobs agree with the archive
  how long the service keeps finished jobs, and whether the schedule is fast enough

Each result is ok, a note, or a problem with advice. check writes nothing and creates
no archive. The exit code is 3 if there is a problem, and 2 if the settings can't be
loaded.

--json gives one object:

  ok          false if there is a problem: exit code 3
  checks[]    check, cluster (null: none or all), status (ok, note, problem),
              found, advice (null: there is nothing to do)`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return p.check(c.Context(), asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one object instead of text")
	return c
}

func (p *program) check(ctx context.Context, asJSON bool) error {
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	c := check.Run(ctx, check.Env{Config: cfg, Now: p.Now, Transport: p.Transport})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if asJSON {
		err = p.writeJSON(c)
	} else {
		p.showFindings(c)
	}
	if err == nil && !c.OK {
		err = errAttention
	}
	return err
}

var statusColors = map[string]report.Color{check.OK: report.Green, check.Note: report.Yellow, check.Problem: report.Red}

func (p *program) showFindings(c check.Result) {
	problems := int64(0)
	for _, one := range c.Checks {
		found := one.Found
		if one.Cluster != nil {
			found = *one.Cluster + ": " + found
		}
		status := p.painted(statusColors[one.Status], fmt.Sprintf("%-7s", one.Status))
		fmt.Fprintf(p.Stdout, "%s  %-10s  %s\n", status, one.Check, report.Printable(found))
		if one.Advice != nil {
			fmt.Fprintf(p.Stdout, "%21s→ %s\n", "", report.Printable(*one.Advice))
		}
		if one.Status == check.Problem {
			problems++
		}
	}
	fmt.Fprintf(p.Stdout, "\n%s found\n", report.Counted(problems, "problem"))
}
