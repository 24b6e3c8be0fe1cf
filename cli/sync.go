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

// syncFlags are what `sync` is asked for.
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

Beside a running service this is safe. With --dry-run nothing is written at
all, not even a run: it says, job by job, what a sync would store.

Jobs that a whole listing lacks are asked for by themselves, and are gone only when the
service does not know them. Where it can't say, the run is partial.

After a listing, jobs that are new, open or just finished are asked for by themselves
too, unless details = false in the settings; --dry-run asks for none of these. One that
could not be had is asked for again by the next sync, and makes no other outcome of this.

With --json one object is written: {"dry_run": bool, "runs": […]}. A run has the
columns of the view runs; in a dry run its id is null. A dry run has "changes" as
well, with columns of the view transitions (kinds "edited" and "missed" are no
transitions: they alter the job's row), and "rejects", with those of the view.

Exit code 3 says that a cluster failed or was read only in part.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return p.sync(c.Context(), f) },
	}
	c.Flags().StringArrayVar(&f.clusters, "cluster", nil, "only this `name`d cluster; can be repeated")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "say what would change and write nothing")
	c.Flags().BoolVar(&f.json, "json", false, "write one JSON object")
	return c
}

func (p *program) sync(ctx context.Context, f syncFlags) (err error) {
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	if err := configured(cfg, f.clusters); err != nil {
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
				screen.clear() // a line of progress may stand on the same terminal
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
		archive, err := sqlite.Open(ctx, cfg.Archive.Path, sqlite.Options{Now: p.Now})
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

// syncResult is what became of the sync as a whole.
func syncResult(ctx context.Context, runs []*db.Run, err error) error {
	if ctx.Err() != nil {
		return errors.New("stopped before the sync was done; what was read is stored")
	}
	if err != nil {
		return err
	}
	for _, r := range runs {
		if !r.Outcome.Conclusive() {
			return errNeedsALook
		}
	}
	return nil
}

// dryStore gives a store that writes nothing and shows what it would have
// written, one batch at a time.
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

// printBatch writes a line for each change, for people.
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

// add gathers a batch for JSON.
func (d *dryJSON) add(cluster string, b db.Batch) {
	for i := range b.Changes {
		d.Changes = append(d.Changes, changeOf(cluster, &b.Changes[i]))
	}
	for _, j := range b.Rejects {
		d.Rejects = append(d.Rejects, rejectJSON{cluster, spellTime(j.At), j.Reason, j.Raw})
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
	var rows [][]any
	for _, r := range runs {
		if r == nil {
			continue
		}
		rows = append(rows, []any{
			r.Cluster.Name, string(r.Outcome), r.Listed, r.Appeared, r.Moved, r.Gone, r.Returned, r.Rejected,
			described(r), runSeconds(r), orNil(r.Error),
		})
	}
	return p.writeTable([]string{"cluster", "outcome", "listed", "appeared", "moved", "gone", "returned", "rejected", "described", "seconds", "problem"}, rows)
}

// described is how many jobs were asked for by themselves, and how many of them
// in vain. These are no problem of the run: the next one asks again.
func described(r *db.Run) any {
	if r.DescribeFailed > 0 {
		return fmt.Sprintf("%d of %d", r.Described, r.Described+r.DescribeFailed)
	}
	return r.Described
}

func runSeconds(r *db.Run) float64 { return r.FinishedAt.Sub(r.StartedAt).Seconds() }

// orNil is NULL for a text that there isn't.
func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// configured refuses clusters that are not in the settings, before anything is
// touched.
func configured(cfg *config.Config, names []string) error {
	var all []string
	for i := range cfg.Clusters {
		all = append(all, cfg.Clusters[i].Name)
	}
	for _, name := range names {
		if err := oneOf("--cluster", name, all); err != nil {
			return err
		}
	}
	return nil
}

// chosen gives the clusters with these names, or all for none.
func chosen(clusters []sync.Cluster, names []string) []sync.Cluster {
	if len(names) == 0 {
		return clusters
	}
	return slices.DeleteFunc(slices.Clone(clusters), func(cl sync.Cluster) bool { return !slices.Contains(names, cl.Name) })
}
