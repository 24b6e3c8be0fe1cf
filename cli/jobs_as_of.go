package cli

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"importarchive/queries"
	"importarchive/report"
)

// jobsAsOf shows the jobs as the archive knew them at an earlier time.
func (p *program) jobsAsOf(ctx context.Context, reader *sql.DB, f *jobFilter, format report.Format) error {
	saved, err := queries.Report("as-of")
	if err != nil {
		return err
	}
	blind, err := report.NotLooking(ctx, reader, f.clusters, []string{f.asOf}, p.Now())
	if err != nil {
		return err
	}
	query, values := f.queryAsOf(saved.SQL)
	t, err := report.Query(ctx, reader, query, values)
	if err != nil {
		return err
	}
	if err := p.writeJobs(f, format, t, jobsAsOfForPeople); err != nil {
		return err
	}
	p.remark(blind)
	return nil
}

// queryAsOf lays the filters over the saved report. What it has no parameter
// for and never changes of a job narrows the jobs that it starts from, by a
// table of that name which hides the view.
func (f *jobFilter) queryAsOf(saved string) (string, map[string]any) {
	values := map[string]any{"at": f.asOf, "limit": int64(0)}
	if !slices.Equal(f.states, []string{"open"}) {
		values["gone"] = int64(1) // the others may have been gone by then
	}
	if len(f.states) > 0 {
		values["state"] = strings.Join(f.states, ",")
	}
	if f.wantCollection {
		values["collection"] = f.collection
	}
	query := "SELECT * FROM (\n" + strings.TrimRight(saved, "; \n") + "\n)"
	if from := f.fromAsOf(values); len(from) > 0 {
		query = "WITH jobs AS NOT MATERIALIZED (SELECT * FROM main.jobs WHERE " + strings.Join(from, " AND ") + ")\n" + query
	}
	if f.gone {
		query += "\nWHERE gone_at IS NOT NULL"
	}
	if f.limit > 0 {
		query += "\nLIMIT :show"
		values["show"] = int64(f.limit) + 1 // tells whether there are more
		if !f.forPeople() {
			values["show"] = int64(f.limit)
		}
	}
	return query, values
}

// fromAsOf gives the conditions on the jobs that the report starts from, but
// leaves one cluster to the report itself, which knows the quickest way to it.
func (f *jobFilter) fromAsOf(values map[string]any) (from []string) {
	if f.wantID {
		from, values["job"] = append(from, "job_id = :job"), f.job
	}
	switch len(f.clusters) {
	case 0:
	case 1:
		values["cluster"] = f.clusters[0]
	default:
		from = append(from, f.inClusters(values))
	}
	if f.since != "" {
		from, values["since"] = append(from, "first_seen_at >= :since"), f.since
	}
	if f.until != "" {
		from, values["until"] = append(from, "first_seen_at < :until"), f.until
	}
	return from
}
