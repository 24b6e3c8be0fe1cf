package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"importarchive/db"
	"importarchive/db/sqlite"
	"importarchive/db/store/prune"
	"importarchive/queries"
	"importarchive/report"
)

func (p *program) pruneCommand() *cobra.Command {
	var dryRun, asJSON bool
	c := &cobra.Command{
		Use:   "prune",
		Short: "Delete what is older than the retention settings keep",
		Long: `Delete the jobs, with their transitions, the runs and the rejects that are older than
[retention] in the settings keeps. Jobs that have not finished always stay, and so do the sums by
day. The id of a pruned job, its state and when it was first seen also stay, so that it
does not come back as new if it is still listed, or listed again.

Ages count up to now, or up to a cluster's newest run that read something where that is
earlier. A service may go on meanwhile. A prune that is stopped has deleted what it
says; the next one goes on.

Nothing of a cluster goes while its ages can't be judged: while this machine's clock
and the service's disagree by more than an hour, or the service sends no clock and a
gap has just ended. The other clusters are pruned; the exit code is 1.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return p.prune(c.Context(), dryRun, asJSON) },
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "say what would go, and write nothing")
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object instead of text")
	return c
}

func (p *program) prune(ctx context.Context, dryRun, asJSON bool) (err error) {
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	set := &cfg.Retention
	if set.Keep == (db.Retention{}) {
		if asJSON {
			return p.writeJSON(prunedOf(dryRun, nil, nil))
		}
		fmt.Fprintln(p.Stderr, "[retention] in the settings sets no age, so everything is kept for ever")
		return nil
	}
	// The reader comes first, because opening for writing would make an archive.
	reader, err := sqlite.OpenReader(ctx, cfg.Archive.Path)
	if err != nil && (dryRun || !errors.Is(err, sqlite.ErrOlder)) {
		return err
	}
	if dryRun {
		due, doubt := prune.Due(ctx, reader, set.Keep, p.Now())
		if err = reader.Close(); doubt != nil && !errors.As(doubt, new(*prune.ClockError)) {
			return errors.Join(doubt, err)
		}
		out := prunedOf(dryRun, due, nil)
		out.doubt = doubt != nil
		return errors.Join(p.printPruned(out, asJSON), doubt, err)
	}
	if reader != nil {
		if err := reader.Close(); err != nil {
			return err
		}
	}
	st, err := p.openArchive(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	done, err := st.Prune(ctx, &db.Prune{Keep: set.Keep, Now: p.Now(), Export: set.Export})
	clock := errors.As(err, new(*prune.ClockError))
	if err != nil && !clock && len(done.Deletions) == 0 && ctx.Err() == nil {
		return err
	}
	out := prunedOf(dryRun, done.Deletions, done)
	out.doubt = clock
	printed := p.printPruned(out, asJSON)
	if err != nil && ctx.Err() != nil {
		err = errors.New("stopped before all was pruned; the next prune goes on")
	}
	return errors.Join(printed, err)
}

// prunedJSON is what `prune --json` writes.
type prunedJSON struct {
	DryRun    bool           `json:"dry_run"`
	Deletions []deletionJSON `json:"taken"`
	File      *string        `json:"file"`  // has all that was deleted
	Space     *db.Space      `json:"space"` // null in a dry run
	doubt     bool           // some cluster was left out
}

// deletionJSON is one deletion, with columns of the view prunes.
type deletionJSON struct {
	Cluster     string `json:"cluster"`
	What        string `json:"what"`
	OlderThan   string `json:"older_than"`
	Jobs        int64  `json:"jobs"`
	Transitions int64  `json:"transitions"`
	Runs        int64  `json:"runs"`
	Rejects     int64  `json:"rejects"`
}

func prunedOf(dryRun bool, deletions []db.Deletion, done *db.Pruned) *prunedJSON {
	out := &prunedJSON{DryRun: dryRun, Deletions: []deletionJSON{}}
	for _, d := range deletions {
		out.Deletions = append(out.Deletions, deletionJSON{d.Cluster, d.What, queries.SpellTime(d.OlderThan), d.Jobs, d.Transitions, d.Runs, d.Rejects})
	}
	if done != nil {
		out.Space = &done.Space
		if done.File != "" {
			out.File = &done.File
		}
	}
	return out
}

func (p *program) printPruned(out *prunedJSON, asJSON bool) error {
	if asJSON {
		return p.writeJSON(out)
	}
	var rows [][]any
	for _, d := range out.Deletions {
		rows = append(rows, []any{d.Cluster, d.What, d.OlderThan, d.Jobs, d.Transitions, d.Runs, d.Rejects})
	}
	if err := p.writeTable([]string{"cluster", "what", "older_than", "jobs", "transitions", "runs", "rejects"}, rows); err != nil {
		return err
	}
	p.remark(out.remarks())
	return nil
}

// remarks returns what the table does not show.
func (out *prunedJSON) remarks() (lines []string) {
	switch {
	case len(out.Deletions) == 0 && out.doubt: // the error says it
	case len(out.Deletions) == 0:
		lines = append(lines, "nothing is old enough to go")
	case out.DryRun:
		lines = append(lines, "this would go; nothing was written")
	}
	if out.File != nil {
		lines = append(lines, "exported to "+*out.File)
	}
	if s := out.Space; s != nil && s.Freed > 0 {
		lines = append(lines, fmt.Sprintf("%s were given back to the disk", kilobytes(s.Freed)))
	}
	return lines
}

func kilobytes(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%d kB", n>>10)
	}
	return report.Size(uint64(n))
}
