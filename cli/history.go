package cli

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/spf13/cobra"

	"importarchive/queries"
	"importarchive/report"
)

func (p *program) historyCommand() *cobra.Command {
	var cluster, format string
	c := &cobra.Command{
		Use:   "history JOB_ID",
		Short: "Every transition of one job, with its bounds",
		Long: `Show every transition of one job, oldest first. Each happened after not_before and
no later than observed_at; without a not_before the job was there when the archive
first looked. Above them stands what the service told of the job when it was asked for
it alone, and below them its files.

The same id on two clusters is two jobs; both are shown unless --cluster says which.
The other formats give the rows of the saved report timeline.`,
		Example: "  importarchive history job-04bf9335838dzkeydpxxxx",
		Args: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 || args[0] == "":
				return usageError("history needs a job's id; `importarchive jobs` shows them")
			case len(args) > 1:
				return usageError("history takes one job's id, not %d; see `%s --help`", len(args), c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return p.history(c.Context(), args[0], cluster, format)
		},
	}
	c.Flags().StringVar(&cluster, "cluster", "", "only on this cluster")
	formatFlag(c, &format)
	return c
}

func (p *program) history(ctx context.Context, id, cluster, formatName string) error {
	format, err := formatNamed(formatName)
	if err != nil {
		return err
	}
	cfg, reader, err := p.readArchive(ctx)
	if err != nil {
		return err
	}
	defer reader.Close()
	var clusters []string
	if cluster != "" {
		clusters = []string{cluster}
	}
	if err := knownClusters(ctx, cfg, reader, clusters); err != nil {
		return err
	}
	if err := haveJob(ctx, reader, id, clusters); err != nil {
		return err
	}
	if format.Name == tableFormat.Name {
		return p.historyForPeople(ctx, reader, id, clusters)
	}
	t, err := timeline(ctx, reader, id, clusters)
	if err != nil {
		return err
	}
	return p.write(format, t)
}

// timeline runs the saved report of that name.
func timeline(ctx context.Context, reader *sql.DB, id string, clusters []string) (*report.Table, error) {
	query, err := queries.Report("timeline")
	if err != nil {
		return nil, err
	}
	values := map[string]any{"job": id}
	if len(clusters) > 0 {
		values["cluster"] = clusters[0]
	}
	return report.Query(ctx, reader, query.SQL, values)
}

// archivedJob is what history says of a job above its transitions.
type archivedJob struct {
	cluster, state, outcome, firstSeen, lastSeen string
	collection, rawState, missed, gone, reason   sql.NullString
	pruned                                       sql.NullString // when its earlier history was
	least, most                                  *float64
	words                                        bool // it moved within a state
	details
}

func (p *program) historyForPeople(ctx context.Context, reader *sql.DB, id string, clusters []string) error {
	jobs, err := jobsWithID(ctx, reader, id, clusters)
	if err != nil {
		return err
	}
	for i := range jobs {
		j := &jobs[i]
		t, err := timeline(ctx, reader, id, []string{j.cluster})
		if err != nil {
			return err
		}
		if i > 0 {
			fmt.Fprintln(p.Stdout)
		}
		fmt.Fprintf(p.Stdout, "%s on %s\n", p.painted(report.Bold, report.Printable(id)), p.painted(report.Bold, report.Printable(j.cluster)))
		for _, line := range j.lines() {
			fmt.Fprintf(p.Stdout, "  %-11s %s\n", line[0], report.Printable(line[1]))
		}
		fmt.Fprintln(p.Stdout)
		if err := p.write(tableFormat, t.Pick(j.columns()...)); err != nil {
			return err
		}
		if err := p.writeFiles(ctx, reader, id, j.cluster); err != nil {
			return err
		}
	}
	if len(jobs) > 1 {
		fmt.Fprintf(p.Stderr, "%d clusters have a job of this id; --cluster chooses one\n", len(jobs))
	}
	return nil
}

// columns are those of the job's history for people. Where the job moved from one
// word to another of the same state, the words tell more than the states.
func (j *archivedJob) columns() []string {
	if j.words {
		return []string{"kind", "from_raw_state", "to_raw_state", "collection", "not_before", "observed_at"}
	}
	return []string{"kind", "from_state", "to_state", "collection", "not_before", "observed_at"}
}

func (j *archivedJob) lines() [][2]string {
	outcome := j.outcome
	switch {
	case outcome == "open":
		outcome += ", " + j.state
	case outcome == "lost":
		outcome += ": it went away " + j.state + ", nobody can say how it ended"
	default:
		if took := report.Bounds(j.least, j.most); took != "" {
			outcome += ", took " + took
		}
	}
	if j.state == "unknown" && j.rawState.Valid {
		outcome += fmt.Sprintf(" (%s)", j.rawState.String)
	}
	if j.pruned.Valid {
		j.pruned.String = "earlier transitions, at " + j.pruned.String
	}
	lines := [][2]string{{"outcome", outcome}}
	for _, line := range []struct {
		name string
		text sql.NullString
	}{
		{"reason", j.reason},
		{"collection", j.collection},
		{"first seen", sql.NullString{String: j.firstSeen, Valid: true}},
		{"last seen", sql.NullString{String: j.lastSeen, Valid: true}},
		{"missed", j.missed},
		{"gone", j.gone},
		{"pruned", j.pruned},
	} {
		if line.text.Valid {
			lines = append(lines, [2]string{line.name, line.text.String})
		}
	}
	return append(lines, j.details.lines()...)
}

func jobsWithID(ctx context.Context, reader *sql.DB, id string, clusters []string) ([]archivedJob, error) {
	where, args := whereJob(id, clusters)
	rows, err := reader.QueryContext(ctx, `SELECT cluster, state, outcome, first_seen_at, last_seen_at, collection, raw_state, missed_since_at, gone_at,
		reason, min_seconds, max_seconds, history_pruned_at,
		EXISTS (SELECT 1 FROM transitions AS t WHERE t.cluster = jobs.cluster AND t.job_id = jobs.job_id AND t.kind = 'moved' AND t.from_state = t.to_state),
		`+detailColumns+` FROM jobs WHERE `+where+` ORDER BY cluster`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var jobs []archivedJob
	for rows.Next() {
		var j archivedJob
		into := []any{
			&j.cluster, &j.state, &j.outcome, &j.firstSeen, &j.lastSeen,
			&j.collection, &j.rawState, &j.missed, &j.gone, &j.reason, &j.least, &j.most, &j.pruned, &j.words,
		}
		if err := rows.Scan(append(into, j.scan()...)...); err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, rows.Err()
}
