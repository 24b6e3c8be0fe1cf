package cli

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"importarchive/db"
	"importarchive/queries"
	"importarchive/report"
)

// jobFilter has the flags that say which jobs to show. jobs_query.go turns them into
// SQL.
type jobFilter struct {
	clusters, states       []string
	collection, job        string
	since, until           string
	asOf                   string
	limit                  int
	gone                   bool
	limited                bool // --limit is given
	output                 output
	wantCollection, wantID bool // the flag is given, even if it is empty
	wantAsOf               bool
	few                    fewJobs
}

func (p *program) jobsCommand() *cobra.Command {
	var f jobFilter
	c := &cobra.Command{
		Use:   "jobs",
		Short: "Jobs, newest first",
		Long: `Show archived jobs, whether the service still lists them or not, newest first: those
of the newest listing first, and the jobs that are new in one listing as it had them.

--state filters by the newest state of a job. That of a job that went away unfinished is
"lost". It also accepts "open", for jobs that are listed and not finished.

--since and --until filter by the time of the first sighting: from --since on, and
before --until. They accept 2026-11-23, "2026-11-23 10:00" (both UTC),
2026-11-23T10:00:00+08:00, or an age such as 36h or 7d.

--as-of shows what the command would have shown at that time: the jobs that had
been seen by then, in the states that were known then. A job is gone only if its
absence had been confirmed by then. The report as-of shows the jobs that the service
listed at that time.

The table has some of the columns. The other formats have all columns of the view
jobs, or with --as-of all columns of the report as-of. That report has no progress,
no reasons and no durations, because the archive keeps only their newest values.`,
		Example: `  importarchive jobs --state failed,lost --since 7d
  importarchive jobs --state open --as-of "2026-11-23 10:00"
  importarchive jobs --cluster prod-search --collection products --limit 0 --format csv`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			given := c.Flags().Changed
			if given("state") && len(f.states) == 0 {
				return oneOf("--state", "", stateWords())
			}
			f.limited, f.wantID, f.wantCollection, f.wantAsOf = given("limit"), given("job"), given("collection"), given("as-of")
			return p.jobs(c.Context(), &f)
		},
	}
	flags := c.Flags()
	flags.StringArrayVar(&f.clusters, "cluster", nil, "only jobs of this cluster (repeatable)")
	flags.StringVar(&f.collection, "collection", "", "only jobs into this collection")
	flags.StringSliceVar(&f.states, "state", nil, "only jobs in this state: "+strings.Join(stateWords(), ", ")+" (repeatable)")
	flags.StringVar(&f.job, "job", "", "only the job with this `id`; exit code 1 if there is none")
	flags.StringVar(&f.since, "since", "", "only jobs first seen at this `time` or later")
	flags.StringVar(&f.until, "until", "", "only jobs first seen before this `time`")
	flags.StringVar(&f.asOf, "as-of", "", "jobs as the archive knew them at this `time`")
	flags.IntVar(&f.limit, "limit", defaultLimit, "at most so many jobs; 0 for all, which is the default of the other formats")
	flags.BoolVar(&f.gone, "gone", false, "only jobs that the service no longer lists")
	f.output.addFlags(c)
	completeFlag(c, "state", stateWords())
	return c
}

const defaultLimit = 50

// stateWords are the values of --state.
func stateWords() []string {
	var words []string
	for _, s := range db.States {
		words = append(words, string(s))
	}
	return append(words, "open", "lost")
}

func (p *program) jobs(ctx context.Context, f *jobFilter) error {
	format, err := p.chosen(&f.output)
	if err != nil {
		return err
	}
	if !f.limited && !f.forPeople() {
		f.limit = 0
	}
	if err := f.validate(p.Now()); err != nil {
		return err
	}
	_, reader, err := p.readArchiveOf(ctx, f.clusters)
	if err != nil {
		return err
	}
	defer reader.Close()
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
	q := queries.View("jobs")
	query, values := f.query()
	q.SQL = query
	t, err := report.Saved(ctx, reader, q, values)
	if err != nil {
		return err
	}
	return p.writeJobs(f, format, t, jobsForPeople)
}

// jobsAsOf shows the jobs as the archive knew them at an earlier time.
func (p *program) jobsAsOf(ctx context.Context, reader *sql.DB, f *jobFilter, format report.Format) error {
	remarks, err := report.NotLooking(ctx, reader, f.clusters, []string{f.asOf}, p.Now())
	if err != nil {
		return err
	}
	q := queries.Report("as-of")
	query, values := f.queryAsOf(q.SQL)
	q.SQL = query
	t, err := report.Saved(ctx, reader, q, values)
	if err != nil {
		return err
	}
	if err := p.writeJobs(f, format, t, jobsAsOfForPeople); err != nil {
		return err
	}
	p.remark(remarks)
	return nil
}

// writeJobs writes the jobs. The table for people has fewer columns.
func (p *program) writeJobs(f *jobFilter, format report.Format, t *report.Table, forPeople func(*report.Table) *report.Table) error {
	if !f.forPeople() {
		return p.writeTitled(format, t, "Jobs", "The archived jobs, newest first.")
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

func (f *jobFilter) forPeople() bool { return f.output.name() == tableFormat.Name }

func jobsForPeople(t *report.Table) *report.Table {
	at := func(name string) int { return slices.Index(t.Columns, name) }
	cluster, id, collection, state, outcome := at("cluster"), at("job_id"), at("collection"), at("state"), at("outcome")
	progress, seen, least, most := at("progress"), at("first_seen_at"), at("min_seconds"), at("max_seconds")
	imported, total := at("imported_rows"), at("total_rows")
	columns := []string{"cluster", "job_id", "collection", "state", "first_seen_at", "took", "rows"}
	return t.Map(columns, func(row []any) []any {
		return []any{
			row[cluster], row[id], row[collection], stateForPeople(row[state], row[outcome], row[progress]),
			toSecond(row[seen]), report.Bounds(float(row[least]), float(row[most])),
			rowsForPeople(row[imported], row[total]),
		}
	})
}

func jobsAsOfForPeople(t *report.Table) *report.Table {
	at := func(name string) int { return slices.Index(t.Columns, name) }
	cluster, id, collection, state, outcome := at("cluster"), at("job_id"), at("collection"), at("state"), at("outcome")
	seen, since := at("first_seen_at"), at("last_state_at")
	columns := []string{"cluster", "job_id", "collection", "state", "first_seen_at", "last_state_at"}
	return t.Map(columns, func(row []any) []any {
		return []any{
			row[cluster], row[id], row[collection], stateForPeople(row[state], row[outcome], nil),
			toSecond(row[seen]), toSecond(row[since]),
		}
	})
}

// stateForPeople shows a job's outcome, state and progress in one cell.
func stateForPeople(state, outcome, progress any) any {
	switch {
	case outcome == "lost":
		return outcome
	case outcome == "open" && progress != nil:
		return fmt.Sprintf("%v %v%%", state, progress)
	}
	return state
}
