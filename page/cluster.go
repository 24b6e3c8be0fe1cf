package page

import (
	"context"
	"html/template"
	"io"

	"importarchive/page/rowset"
)

// clusterRows is how many rows a table on the page of a cluster shows.
const clusterRows = 20

// Cluster writes the page of one cluster: the sections of the overview for this
// cluster alone, its runs, and its open jobs.
func (s Site) Cluster(ctx context.Context, w io.Writer, name string) error {
	fetch := s.fetcher(ctx, name, "")
	found, err := gather(fetch, s.Now.UTC(), s.Synced)
	if err != nil {
		return err
	}
	if len(found.clusters.Rows) == 0 {
		return ErrNotFound
	}
	found.cluster = name
	var runs, open rowset.Set
	if err := fetch.into(&runs, "runs", map[string]any{"limit": int64(pageRows + 1)}, "id started_at outcome error"); err != nil {
		return err
	}
	// Zero hours: all open jobs, however young.
	if err := fetch.into(&open, "stuck", map[string]any{"hours": int64(0), "limit": int64(pageRows + 1)}, "job_id hours"); err != nil {
		return err
	}
	shown := found.page(
		func(f *overview) section { return f.clusterFacts() },
		func(*overview) section { return openJobs(&open) },
		failures, daily, success, durations, gaps,
		func(*overview) section { return newestRuns(&runs) },
		retention, lost, collections,
	)
	return s.whole(w, shown, name, found.lead(), "")
}

// clusterFacts returns the section with the values that describe a cluster.
func (o *overview) clusterFacts() section {
	s := freshness(o)
	if len(o.overview.Rows) == 0 {
		return s
	}
	s.Table = nil
	b := appendFacts(nil, &o.overview, o.overview.Rows[0], "cluster")
	b = appendFacts(b, &o.clusters, o.clusters.Rows[0], "name", "last_outcome", "last_conclusive_at", "last_complete_at", "failures", "rejects", "listed", "open_jobs")
	s.Facts = template.HTML(b) // appendFacts escapes
	return s
}

func openJobs(g *rowset.Set) section {
	s := listing("open", "Open jobs", g, "open job", "open jobs, oldest first", "No job is open.",
		"cluster", "job_id", "collection", "state", "progress", "first_seen_at", "hours")
	s.About, s.Report = "Jobs that are listed and have not finished. The oldest first.", ""
	return s
}

func newestRuns(g *rowset.Set) section {
	return listing("runs", "Runs", g, "run", "runs, newest first", "There is no run yet.", "id", "triggered_by", "started_at", "outcome", "seconds",
		"requests", "retries", "listed", "appeared", "moved", "gone", "returned", "rejected", "described", "describe_failed", "error_kind", "error")
}
