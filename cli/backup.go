package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"importarchive/db/sqlite"
	"importarchive/report"
)

func (p *program) backupCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the archive to a file while the service runs, and verify the copy",
		Long: `Copy the archive to FILE. The copy is one consistent state, even while the service
writes to the archive. Before the file gets its name, backup reads the copy and verifies
that every page is sound, that the rows agree with their sums, and that every invariant
holds. The file appears whole, or not at all. It replaces an earlier backup of that name,
and no other file.

A backup is a normal archive: query it with sqlite3, or put it in the archive's place with
restore.

--json gives one object: file, bytes, jobs, transitions, schema_version, seconds`,
		Example: "  importarchive backup /backups/archive.db",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return usageError("backup takes one argument, the file to write; see `%s --help`", c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return p.backup(c.Context(), args[0], asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one object instead of text")
	return c
}

type backupMade struct {
	File        string  `json:"file"`
	Bytes       int64   `json:"bytes"`
	Jobs        int64   `json:"jobs"`
	Transitions int64   `json:"transitions"`
	Schema      int64   `json:"schema_version"`
	Seconds     float64 `json:"seconds"`
}

func (p *program) backup(ctx context.Context, file string, asJSON bool) error {
	began := p.Now()
	_, reader, err := p.readArchive(ctx)
	if err != nil {
		return err
	}
	defer reader.Close()
	made, err := sqlite.Backup(ctx, reader, file)
	if err != nil {
		return fmt.Errorf("making a backup: %w", err)
	}
	if asJSON {
		return p.writeJSON(backupMade{file, made.Bytes, made.Jobs, made.Transitions, made.Schema, p.Now().Sub(began).Seconds()})
	}
	_, err = fmt.Fprintf(p.Stdout, "%s: %s, %s, %s, read back and found sound\n",
		file, report.Counted(made.Jobs, "job"), report.Counted(made.Transitions, "transition"), report.Size(uint64(made.Bytes)))
	return err
}
