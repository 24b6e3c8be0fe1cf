package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"importarchive/db/sqlite"
	"importarchive/report"
)

func (p *program) restoreCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "restore BACKUP",
		Short: "Put a backup in the archive's place, and keep the archive beside it",
		Long: `Put a copy of BACKUP in the place of the archive of the settings. Stop the service first.

The copy is verified before it takes the archive's place in one step: every page is sound,
the rows agree with their sums, and every invariant holds. It gets the owner and the mode
of the archive. The archive that was there stays, whole, as FILE.before-restore, or as
FILE.before-restore-2 if there is one already. BACKUP stays as it is. It may be any archive: a
backup, a copy by hand, or what an earlier restore kept. Where no archive is, restore
puts one there.

--json gives one object: file, from, before, bytes, jobs, transitions, schema_version, seconds`,
		Example: "  importarchive restore /backups/archive-20261125T033000Z.db",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return usageError("restore takes one argument, the backup to restore; see `%s --help`", c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return p.restore(c.Context(), args[0], asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one object instead of text")
	return c
}

type restored struct {
	File        string  `json:"file"`
	From        string  `json:"from"`
	Before      *string `json:"before"` // null: there was no archive
	Bytes       int64   `json:"bytes"`
	Jobs        int64   `json:"jobs"`
	Transitions int64   `json:"transitions"`
	Schema      int64   `json:"schema_version"`
	Seconds     float64 `json:"seconds"`
}

func (p *program) restore(ctx context.Context, from string, asJSON bool) error {
	began := p.Now()
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	r, err := sqlite.Restore(ctx, from, cfg.Archive.Path, began)
	if err != nil {
		return fmt.Errorf("restoring a backup: %w", err)
	}
	if asJSON {
		return p.writeJSON(restored{
			cfg.Archive.Path, from, nullable(r.Before), r.Bytes, r.Jobs, r.Transitions, r.Schema, p.Now().Sub(began).Seconds(),
		})
	}
	_, err = fmt.Fprintf(p.Stdout, "%s: %s, %s, %s, read back and found sound\n",
		cfg.Archive.Path, report.Counted(r.Jobs, "job"), report.Counted(r.Transitions, "transition"), report.Size(uint64(r.Bytes)))
	if err == nil && r.Before != "" {
		p.remark([]string{"the archive that was there is " + r.Before})
	}
	return err
}
