package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"importarchive/db"
	"importarchive/report"
)

// jobFilter is which jobs to show, as asked for.
type jobFilter struct {
	clusters, states       []string
	collection, job        string
	since, until           string
	asOf                   string
	limit                  int
	gone                   bool
	limited                bool // --limit was given
	format                 string
	wantCollection, wantID bool // given, even if empty
	wantAsOf               bool
	few                    fewJobs
}

func (p *program) jobsCommand() *cobra.Command {
	var f jobFilter
	c := &cobra.Command{
		Use:   "jobs",
		Short: "Jobs, newest first",
		Long: `Show archived jobs, newest first sighting first, whether the service still lists
them or not.

A job matches --state by the state it was last seen in. Two words more are taken:
"open" for jobs that are listed and not finished, "lost" for those that went away
unfinished.

--since and --until are about the first sighting: at --since or later, and before
--until. They take 2026-11-23, "2026-11-23 10:00" (both UTC),
2026-11-23T10:00:00+08:00, or an age such as 36h or 7d.

--as-of shows what the command would have shown at that time: the jobs that had
been seen by then, in the states that they had been seen in, and only those as gone
whose absence had been confirmed. The report as-of shows the ones that the service
listed then.

The table shows some columns, the other formats show all of the view jobs, or with
--as-of all of the report as-of: progress, reasons and how long a job took are kept
as they are now, and not as they were.`,
		Example: `  importarchive jobs --state failed,lost --since 7d
  importarchive jobs --state open --as-of "2026-11-23 10:00"
  importarchive jobs --cluster prod-search --collection products --limit 0 --format csv`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			f.limited = c.Flags().Changed("limit")
			if c.Flags().Changed("state") && len(f.states) == 0 {
				return oneOf("--state", "", stateWords())
			}
			f.wantID, f.wantCollection = c.Flags().Changed("job"), c.Flags().Changed("collection")
			f.wantAsOf = c.Flags().Changed("as-of")
			return p.jobs(c.Context(), &f)
		},
	}
	flags := c.Flags()
	flags.StringArrayVar(&f.clusters, "cluster", nil, "only of this cluster (repeatable)")
	flags.StringVar(&f.collection, "collection", "", "only into this collection")
	flags.StringSliceVar(&f.states, "state", nil, "only in this state: "+strings.Join(stateWords(), ", ")+" (repeatable)")
	flags.StringVar(&f.job, "job", "", "only the job with this `id`; exit code 1 if there is none")
	flags.StringVar(&f.since, "since", "", "only first seen at this `time` or later")
	flags.StringVar(&f.until, "until", "", "only first seen before this `time`")
	flags.StringVar(&f.asOf, "as-of", "", "as the archive knew them at this `time`")
	flags.IntVar(&f.limit, "limit", defaultLimit, "at most so many; 0 for all, as is the default of the other formats")
	flags.BoolVar(&f.gone, "gone", false, "only those that the service no longer lists")
	formatFlag(c, &f.format)
	_ = c.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(stateWords(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

const defaultLimit = 50

// stateWords are what --state takes.
func stateWords() []string {
	var words []string
	for _, s := range db.States {
		words = append(words, string(s))
	}
	return append(words, "open", "lost")
}

func (p *program) jobs(ctx context.Context, f *jobFilter) error {
	format, err := formatNamed(f.format)
	if err != nil {
		return err
	}
	if !f.limited && !f.forPeople() {
		f.limit = 0
	}
	if err := f.validate(p.Now()); err != nil {
		return err
	}
	cfg, reader, err := p.readArchiveOf(ctx, f.clusters)
	if err != nil {
		return err
	}
	defer reader.Close()
	if err := knownClusters(ctx, cfg, reader, f.clusters); err != nil {
		return err
	}
	if f.wantID {
		if err := haveJob(ctx, reader, f.job, f.clusters); err != nil {
			return err
		}
	}
	if f.few, err = fewJobsOf(ctx, reader, f); err != nil {
		return err
	}
	if f.wantAsOf {
		return p.jobsAsOf(ctx, reader, f, format)
	}
	query, values := f.query()
	t, err := report.Query(ctx, reader, query, values)
	if err != nil {
		return err
	}
	return p.writeJobs(f, format, t, jobsForPeople)
}

// writeJobs writes the jobs, in fewer columns where a person reads them.
func (p *program) writeJobs(f *jobFilter, format report.Format, t *report.Table, forPeople func(*report.Table) *report.Table) error {
	if !f.forPeople() {
		return p.write(format, t)
	}
	shown := &shownRows{limit: f.limit}
	if err := p.write(format, shown.of(forPeople(t))); err != nil {
		return err
	}
	if words := f.words(); shown.rows == 0 && len(words) > 0 {
		fmt.Fprintln(p.Stderr, "no rows: nothing matches", report.Printable(strings.Join(words, " ")))
	}
	if shown.more && !f.limited {
		fmt.Fprintf(p.Stderr, "these are the newest %d; --limit 0 shows all\n", f.limit)
	}
	return nil
}

func (f *jobFilter) forPeople() bool { return f.format == tableFormat.Name }
