package report

import (
	"context"
	"html/template"
	"io"
)

// clusterRows is what a table on the page of a cluster has room for.
const clusterRows = 20

// Cluster writes the page of one cluster: the overview's sections, of this
// cluster alone, its runs, and its open jobs.
func (p Pages) Cluster(ctx context.Context, w io.Writer, name string) error {
	ask := p.asker(ctx, name)
	found, err := gather(ask, p.Now.UTC())
	if err != nil {
		return err
	}
	if len(found.clusters.rows) == 0 {
		return ErrNone
	}
	found.cluster = name
	var runs, open grid
	if err := ask.into(&runs, "runs", map[string]any{"limit": int64(pageRows + 1)}, "id started_at outcome error"); err != nil {
		return err
	}
	// Whatever was first seen before this very moment.
	if err := ask.into(&open, "stuck", map[string]any{"hours": int64(0), "limit": int64(pageRows + 1)}, "job_id hours"); err != nil {
		return err
	}
	shown := found.page(
		func(f *findings) section { return f.particulars() },
		func(*findings) section { return openJobs(&open) },
		failures, daily, success, durations, gaps,
		func(*findings) section { return newestRuns(&runs) },
		retention, lost, collections,
	)
	return p.whole(w, shown, name, found.lead(), "")
}

// particulars is how a cluster stands, value by value.
func (f *findings) particulars() section {
	s := freshness(f)
	if len(f.overview.rows) == 0 {
		return s
	}
	s.Table = nil
	b := appendParticulars(nil, &f.overview, f.overview.rows[0], "cluster")
	b = appendParticulars(b, &f.clusters, f.clusters.rows[0], "name", "last_outcome", "last_complete_at", "failures", "listed", "open")
	s.Particulars = template.HTML(b) // appendParticulars escapes
	return s
}

func openJobs(g *grid) section {
	s := section{ID: "open", Title: "Open jobs", About: "Jobs that are listed and have not finished. The oldest first."}
	if s.Table = listedSheet(g, "open job", "open jobs, oldest first", "cluster", "job_id", "collection", "state", "progress", "first_seen_at", "hours"); s.Table == nil {
		s.Empty = "No job is open."
	}
	return s
}

func newestRuns(g *grid) section {
	s := section{ID: "runs", Title: "Runs", About: g.About, Report: g.address}
	s.Table = listedSheet(g, "run", "runs, newest first", "id", "trigger", "started_at", "outcome", "seconds", "requests", "retries",
		"listed", "appeared", "moved", "gone", "returned", "rejected", "described", "describe_failed", "error_kind", "error")
	if s.Table == nil {
		s.Empty = "There is no run yet."
	}
	return s
}
