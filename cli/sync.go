package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	gosync "sync"

	"github.com/spf13/cobra"

	"importarchive/config"
	"importarchive/db"
	"importarchive/db/sqlite"
	"importarchive/db/store/dryrun"
	"importarchive/report"
	"importarchive/service"
	"importarchive/sync"
)

// syncFlags are the flags of `sync`.
type syncFlags struct {
	clusters     []string
	dryRun, json bool
}

func (p *program) syncCommand() *cobra.Command {
	var f syncFlags
	c := &cobra.Command{
		Use:   "sync",
		Short: "Sync once, now",
		Long: `Sync once, now, and say what changed.

This is safe beside a running service. --dry-run writes nothing to the archive, not even
a run. It prints each change that a sync would store.

If a complete listing lacks a job, sync queries that job alone. The job is gone only if
the service doesn't know it. If the service can't say, the run is partial.

After a listing, sync also queries each job that is new, open or just finished for its
details, unless the settings have details = false. --dry-run doesn't. A query that fails
doesn't change the outcome of the run, and the next sync repeats it.

--json prints one object: {"dry_run": bool, "runs": […]}. A run has the columns of the
view runs; in a dry run its id is null. A dry run also has "changes", with columns of
the view transitions (the kinds "edited" and "missed" change a job's row and are not
transitions), and "rejects", with the columns of that view.

The exit code is 3 if a cluster failed or was read only in part.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return p.sync(c.Context(), f) },
	}
	c.Flags().StringArrayVar(&f.clusters, "cluster", nil, "only the cluster of this `name` (repeatable)")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "print what would change, and write nothing")
	c.Flags().BoolVar(&f.json, "json", false, "print one object instead of text")
	return c
}

func (p *program) sync(ctx context.Context, f syncFlags) (err error) {
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	if err := switchedOn(cfg, f.clusters); err != nil {
		return err
	}
	screen := newScreen(p.Stderr, p.StderrTerminal)
	var dryRun *dryJSON
	var st db.Store
	if f.dryRun {
		dryRun = &dryJSON{Changes: []changeJSON{}, Rejects: []rejectJSON{}}
		show := dryRun.add
		if !f.json {
			show = func(cluster string, b db.Batch) {
				screen.clear() // the progress line may be on the same terminal
				printBatch(p.Stdout, cluster, b)
			}
		}
		dry, err := dryStore(ctx, cfg, show)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, dry.Close()) }()
		st = dry
	} else {
		archive, err := p.openArchive(ctx, cfg)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, archive.Close()) }()
		st = archive
	}
	e := service.NewEngine(cfg, st, nil, p.Transport, p.Now, p.logger(screen, cfg.Log))
	e.Progress = screen.progress
	runs, err := e.SyncAll(ctx, db.ByHand, chosen(e.Clusters, f.clusters))
	screen.clear()
	if printed := p.printSync(f, runs, dryRun); printed != nil {
		return printed
	}
	return syncResult(ctx, runs, err)
}

// chosen returns the clusters with these names; all if there are none.
func chosen(clusters []sync.Cluster, names []string) []sync.Cluster {
	if len(names) == 0 {
		return clusters
	}
	return slices.DeleteFunc(slices.Clone(clusters), func(cl sync.Cluster) bool { return !slices.Contains(names, cl.Name) })
}

// syncResult returns the error that decides the exit code of the sync.
func syncResult(ctx context.Context, runs []*db.Run, err error) error {
	if ctx.Err() != nil {
		return errors.New("stopped before the sync was done; what was read is stored")
	}
	if err != nil {
		return err
	}
	for _, r := range runs {
		if !r.Outcome.Conclusive() {
			return errAttention
		}
	}
	return nil
}

// dryStore returns a store that writes nothing and shows what it would write, one
// batch at a time.
func dryStore(ctx context.Context, cfg *config.Config, show func(cluster string, b db.Batch)) (*dryrun.Store, error) {
	reader, err := sqlite.OpenReader(ctx, cfg.Archive.Path)
	if err != nil && !errors.Is(err, sqlite.ErrMissing) {
		return nil, err
	}
	var one gosync.Mutex
	return &dryrun.Store{Reader: reader, Show: func(cluster string, b db.Batch) {
		one.Lock()
		defer one.Unlock()
		show(cluster, b)
	}}, nil
}

// printBatch prints a line for each change, for people.
func printBatch(w io.Writer, cluster string, b db.Batch) {
	for i := range b.Changes {
		c := &b.Changes[i]
		from, to, fromRaw, toRaw := c.Turn()
		what := string(to)
		switch {
		case c.Kind == db.Moved && from == to:
			what = fmt.Sprintf("%s → %s", fromRaw, toRaw)
		case c.Kind == db.Moved || c.Kind == db.Gone:
			what = fmt.Sprintf("%s → %s", from, cmp.Or(string(to), "gone"))
		}
		fmt.Fprintln(w, report.Printable(fmt.Sprintf("%s  %-8s  %s  %s  %s", cluster, c.Kind, c.Job.ID, c.Job.Collection, what)))
	}
	for _, j := range b.Rejects {
		fmt.Fprintln(w, report.Printable(fmt.Sprintf("%s  rejected  %s: %s", cluster, j.Reason, j.Raw)))
	}
}

func (p *program) printSync(f syncFlags, runs []*db.Run, dryRun *dryJSON) error {
	if f.json {
		out := syncJSON{DryRun: f.dryRun, Runs: []runJSON{}, dryJSON: dryRun}
		for _, r := range runs {
			if r != nil {
				out.Runs = append(out.Runs, runOf(r, f.dryRun))
			}
		}
		return p.writeJSON(out)
	}
	if len(runs) == 0 {
		return p.say("nothing to sync: all clusters are switched off in the settings (enabled = false)")
	}
	var rows [][]any
	for _, r := range runs {
		if r != nil {
			rows = append(rows, []any{
				r.Cluster.Name, string(r.Outcome), r.Listed, r.Appeared, r.Moved, r.Gone, r.Returned, r.Rejected,
				described(r), runSeconds(r), orNil(r.Error),
			})
		}
	}
	defer p.remark(clockRemarks(runs))
	return p.writeTable([]string{"cluster", "outcome", "listed", "appeared", "moved", "gone", "returned", "rejected", "described", "seconds", "problem"}, rows)
}

// clockRemarks has a line for each run whose clocks disagree.
func clockRemarks(runs []*db.Run) (lines []string) {
	for _, r := range runs {
		if r == nil || r.ClockOffset == nil {
			continue
		}
		if doubt := db.OffsetDoubt(*r.ClockOffset); doubt != "" {
			lines = append(lines, r.Cluster.Name+": "+doubt+": its ages are not judged, and nothing of it is pruned; "+db.MendClock)
		}
	}
	return lines
}

// described says for how many jobs the service was queried, and how many of these
// queries failed. The next run repeats those.
func described(r *db.Run) any {
	if r.DescribeFailed > 0 {
		return fmt.Sprintf("%d of %d", r.Described, r.Described+r.DescribeFailed)
	}
	return r.Described
}

func runSeconds(r *db.Run) float64 { return r.FinishedAt.Sub(r.StartedAt).Seconds() }
