package cli

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"importarchive/queries"
	"importarchive/report"
)

func (p *program) historyCommand() *cobra.Command {
	var cluster string
	var out output
	c := &cobra.Command{
		Use:   "history JOB_ID",
		Short: "Every transition of one job, with its bounds",
		Long: `Show every transition of one job, oldest first. A transition happened after its
not_before and no later than its observed_at. Without a not_before, the job was there
when the archive first saw the list. Above the transitions is what is known of the job,
with the details that the service reports for one job, and below them are its files.

The same id on two clusters is two jobs. Both are shown, unless --cluster names one.
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
			var clusters []string
			if cluster != "" {
				clusters = []string{cluster}
			}
			return p.history(c.Context(), args[0], clusters, &out)
		},
	}
	c.Flags().StringVar(&cluster, "cluster", "", "only the job of this cluster")
	out.addFlags(c)
	return c
}

func (p *program) history(ctx context.Context, id string, clusters []string, out *output) error {
	format, err := p.chosen(out)
	if err != nil {
		return err
	}
	_, reader, err := p.readArchiveOf(ctx, clusters)
	if err != nil {
		return err
	}
	defer reader.Close()
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
	q := queries.Report("timeline")
	return p.writeTitled(format, t, q.Title, q.About)
}

// timeline runs the saved report timeline.
func timeline(ctx context.Context, reader *sql.DB, id string, clusters []string) (*report.Table, error) {
	values := map[string]any{"job": id}
	if len(clusters) > 0 {
		values["cluster"] = clusters[0]
	}
	return report.Saved(ctx, reader, queries.Report("timeline"), values)
}

func (p *program) historyForPeople(ctx context.Context, reader *sql.DB, id string, clusters []string) error {
	jobs, err := jobsWithID(ctx, reader, id, clusters)
	if err != nil {
		return err
	}
	for i, j := range jobs {
		cluster := j.text("cluster")
		t, err := timeline(ctx, reader, id, []string{cluster})
		if err != nil {
			return err
		}
		if i > 0 {
			fmt.Fprintln(p.Stdout)
		}
		fmt.Fprintf(p.Stdout, "%s on %s\n", p.painted(report.Bold, report.Printable(id)), p.painted(report.Bold, report.Printable(cluster)))
		for _, line := range j.lines() {
			if line[1] != "" {
				fmt.Fprintf(p.Stdout, "  %-11s %s\n", line[0], report.Printable(line[1]))
			}
		}
		fmt.Fprintln(p.Stdout)
		if err := p.write(tableFormat, t.Pick(j.columns()...)); err != nil {
			return err
		}
		if err := p.writeFiles(ctx, reader, id, cluster); err != nil {
			return err
		}
	}
	if len(jobs) > 1 {
		fmt.Fprintf(p.Stderr, "%d clusters have a job of this id; --cluster chooses one\n", len(jobs))
	}
	return nil
}

// archivedJob is a row of the view jobs. Its column raw_moves says whether the
// job moved between two raw states of one state.
type archivedJob map[string]any

func jobsWithID(ctx context.Context, reader *sql.DB, id string, clusters []string) (jobs []archivedJob, err error) {
	where, values := whereJob(id, clusters)
	t, err := report.Query(ctx, reader, `SELECT *, EXISTS (SELECT 1 FROM transitions AS t
			WHERE t.cluster = jobs.cluster AND t.job_id = jobs.job_id AND t.kind = 'moved' AND t.from_state = t.to_state) AS raw_moves
		FROM jobs WHERE `+where+` ORDER BY cluster`, values)
	if err != nil {
		return nil, err
	}
	for row, err := range t.Rows {
		if err != nil {
			return nil, err
		}
		j := archivedJob{}
		for i, name := range t.Columns {
			j[name] = row[i]
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// text returns a value as text; "" for NULL.
func (j archivedJob) text(column string) string { return textOf(j[column]) }

func textOf(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// columns returns the columns of the job's timeline. Where the job moved between
// raw states of one state, the raw states say more.
func (j archivedJob) columns() []string {
	from, to := "from_state", "to_state"
	if j["raw_moves"] == int64(1) {
		from, to = "from_raw_state", "to_raw_state"
	}
	return []string{"kind", from, to, "collection", "not_before", "observed_at"}
}

// lines returns the known values of the job as pairs of a name and a text; an unknown
// value has an empty text.
func (j archivedJob) lines() [][2]string {
	around := func(before, text, after string) string {
		if text == "" {
			return ""
		}
		return before + text + after
	}
	file := j.text("file_name")
	if bytes, ok := j["file_size"].(int64); ok {
		file = strings.TrimPrefix(file+", "+report.Counted(bytes, "byte"), ", ")
	}
	progress := around("", j.text("progress_raw"), ", as the service spells it")
	if j["progress"] != nil {
		progress = j.text("progress") + "%"
	}
	times := around("created ", j.text("created_at"), "") + around(", completed ", j.text("completed_at"), "")
	return [][2]string{
		{"outcome", j.outcome()},
		{"reason", j.text("reason")},
		{"collection", j.text("collection")},
		{"first seen", j.text("first_seen_at")},
		{"last seen", j.text("last_seen_at")},
		{"missed", j.text("missed_since_at")},
		{"gone", j.text("gone_at")},
		{"pruned", around("earlier transitions, at ", j.text("history_pruned_at"), "")},
		{"progress", progress},
		{"rows", textOf(rowsForPeople(j["imported_rows"], j["total_rows"]))},
		{"file", file},
		{"service", around("", strings.TrimPrefix(times, ", "), ", by its own clock")},
		{"described", j.text("described_at")},
	}
}

func (j archivedJob) outcome() string {
	outcome := j.text("outcome")
	switch outcome {
	case "open":
		outcome += ", " + j.text("state")
	case "lost":
		outcome += ": it went away " + j.text("state") + ", so its end is unknown"
	default:
		if took := report.Bounds(float(j["min_seconds"]), float(j["max_seconds"])); took != "" {
			outcome += ", took " + took
		}
	}
	if raw := j.text("raw_state"); raw != "" && j["state"] == "unknown" {
		outcome += " (" + raw + ")"
	}
	return outcome
}

// filesShown is how many of a job's files history shows.
const filesShown = 50

// writeFiles shows the files of a job, without the columns that are empty for all
// of them.
func (p *program) writeFiles(ctx context.Context, reader *sql.DB, id, cluster string) error {
	t, err := report.Query(ctx, reader, `SELECT name, raw_state, progress, size, imported_rows, total_rows, completed_at, reason
		FROM job_files WHERE job_id = :job AND cluster = :cluster ORDER BY n LIMIT :limit`,
		map[string]any{"job": id, "cluster": cluster, "limit": int64(filesShown + 1)})
	if err != nil {
		return err
	}
	var rows [][]any
	known := map[string]bool{"name": true}
	for row, err := range t.Rows {
		if err != nil {
			return err
		}
		rows = append(rows, slices.Clone(row))
		for i, v := range row {
			known[t.Columns[i]] = known[t.Columns[i]] || v != nil
		}
	}
	if rows == nil {
		return nil
	}
	fmt.Fprintln(p.Stdout)
	shown := rows[:min(len(rows), filesShown)]
	columns := slices.DeleteFunc(slices.Clone(t.Columns), func(name string) bool { return !known[name] })
	if err := p.write(tableFormat, report.Of(t.Columns, shown).Pick(columns...)); err != nil {
		return err
	}
	if len(rows) > filesShown {
		fmt.Fprintf(p.Stderr, "these are the first %d files; the view job_files has all\n", filesShown)
	}
	return nil
}
