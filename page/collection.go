package page

import (
	"context"
	"fmt"
	"io"
	"slices"

	"importarchive/page/rowset"
	"importarchive/report"
)

// Collection writes the page of one collection of a cluster.
func (s Site) Collection(ctx context.Context, w io.Writer, cluster, name string) error {
	fetch := s.fetcher(ctx, cluster, name)
	found, err := gather(fetch, s.Now.UTC(), s.Synced)
	if err != nil {
		return err
	}
	all := &found.collections
	all.Rows = slices.DeleteFunc(all.Rows, func(row []any) bool { return all.Text(row, "collection") != name })
	if len(all.Rows) == 0 {
		return ErrNotFound
	}
	found.cluster = cluster
	var newest, open rowset.Set
	if err := fetch.into(&newest, jobsQuery, map[string]any{"limit": int64(clusterRows + 1)}, "job_id state first_seen_at"); err != nil {
		return err
	}
	if err := fetch.into(&open, "stuck", map[string]any{"hours": int64(0), "limit": int64(pageRows + 1)}, "job_id hours"); err != nil {
		return err
	}
	shown := found.page(
		func(*overview) section {
			return listing("jobs", "Jobs", &newest, "job", "jobs, newest first", "No job is archived.", "cluster", "job_id", "state", "first_seen_at", "last_state_at", "reason")
		},
		func(*overview) section { return openJobs(&open) },
		daily, success, durations, failures, lost,
	)
	row := all.Rows[0]
	shown.Facts = []fact{{"Jobs archived", report.Grouped(all.Count(row, "jobs")), "on " + cluster}}
	for _, f := range [][2]string{{"Open", "open_jobs"}, {"Completed", "completed"}, {"Failed", "failed"}, {"Lost", "lost"}} {
		about := "since the archive began"
		switch f[1] {
		case "open_jobs":
			about = "listed, and not finished"
		case "lost":
			about = "their end was not seen"
		}
		shown.Facts = append(shown.Facts, fact{f[0], report.Grouped(all.Count(row, f[1])), about})
	}
	lead := fmt.Sprintf("A collection on %s. Something last happened to one of its jobs at %s.", cluster, all.Text(row, "last_activity_at")[:len("2006-01-02 15:04")])
	return s.whole(w, shown, name, lead, "")
}
