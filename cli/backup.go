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
		Long: `Copy the archive to FILE: one consistent state of it, also while the service writes
to it. The copy is read back before it appears: every page is sound, the rows number
what the sums beside them say, and every invariant holds. It appears whole, or not at
all. An earlier backup of that name is replaced; any other file is left alone.

A backup is an archive like any other: ask it with sqlite3, or put it in the place
of a damaged one (with no service running, and the old file's -wal and -shm gone).

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
	c.Flags().BoolVar(&asJSON, "json", false, "one object instead of text")
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
