package page

import (
	"context"
	"fmt"
	"io"

	"importarchive/page/rowset"
	"importarchive/queries"
	"importarchive/report"
)

// afterPrefix is a text that sorts after all texts that begin with the one before it.
const afterPrefix = "\U0010FFFF"

// find writes the page of what a search for a job finds where no job has that id:
// jobs whose ids begin with the text, and collections whose names do.
func (s Site) find(ctx context.Context, w io.Writer, cluster, text string) error {
	values := map[string]any{"text": text, "after": text + afterPrefix, "cluster": nil}
	if cluster != "" {
		values["cluster"] = cluster
	}
	jobs, err := s.fromView(ctx, "jobs", "WHERE job_id >= :text AND job_id < :after AND (:cluster IS NULL OR cluster = :cluster) ORDER BY job_id, cluster", values, pageRows+1)
	if err != nil {
		return err
	}
	in := queries.Report("collections")
	in.SQL = `SELECT cluster, collection, jobs, open_jobs, completed, failed, cancelled, lost, last_activity_at FROM collections
		WHERE collection >= :text AND collection < :after AND (:cluster IS NULL OR cluster = :cluster) ORDER BY collection, cluster`
	collections, err := rowset.Read(ctx, s.Reader, in, values, 0, pageRows+1)
	if err != nil {
		return err
	}
	if len(jobs.Rows)+len(collections.Rows) == 0 {
		return ErrNotFound
	}
	some := jobs.Pick("cluster", "job_id", "collection", "state", "first_seen_at", "last_seen_at")
	shown := &page{Sections: []section{
		foundSection("jobs", "Jobs", "Those whose ids begin with it.", &some, "job", "jobs"),
		foundSection("collections", "Collections", "Those whose names begin with it.", &collections, "collection", "collections"),
	}}
	return s.whole(w, shown, text, "No job has this id.", "")
}

func foundSection(id, title, about string, g *rowset.Set, one, many string) section {
	n := len(g.Rows)
	g.Address = JobAddress // links the cells
	first := g.First(pageRows)
	s := section{ID: id, Title: title, About: about}
	switch {
	case n == 0:
		s.Empty = "There is none."
	case n > pageRows:
		s.Table = newTable(&first, fmt.Sprintf("The first %d %s. A longer text finds fewer.", pageRows, many))
	default:
		s.Table = newTable(&first, report.Plural(int64(n), one, many))
	}
	return s
}
