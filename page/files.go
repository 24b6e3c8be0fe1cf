package page

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"importarchive/queries"
	"importarchive/report"
)

// filesQuery asks for the files of one job as the public view has them.
func filesQuery() (queries.Query, error) {
	q, err := viewNamed("job_files")
	var names []string
	for _, c := range q.Columns {
		names = append(names, c.Name)
	}
	q.Parameters = nil
	q.SQL = "SELECT " + strings.Join(names, ", ") + " FROM job_files WHERE cluster = :cluster AND job_id = :job ORDER BY n LIMIT :limit"
	return q, err
}

// jobFiles is the section of a job's files, in those columns of which
// something is known; none where the service told of no file.
func (s Site) jobFiles(ctx context.Context, cluster, id string) ([]section, error) {
	q, err := filesQuery()
	if err != nil {
		return nil, err
	}
	t, err := report.Saved(ctx, s.Reader, q, map[string]any{"cluster": cluster, "job": id, "limit": int64(resultRows + 1)})
	if err != nil {
		return nil, err
	}
	g, err := collect(q, t, resultRows+1)
	if err != nil || len(g.rows) == 0 {
		return nil, err
	}
	caption := plural(int64(len(g.rows)), "file", "files")
	if len(g.rows) > resultRows {
		caption = fmt.Sprintf("The first %s files; the view job_files has all.", grouped(resultRows))
	}
	shown := g.first(resultRows)
	shown = shown.pick(slices.DeleteFunc(slices.Clone(g.columns), func(name string) bool {
		return name == "cluster" || name == "job_id" || name == "changed_at" || !g.knows(name)
	})...)
	return []section{{
		ID: "files", Title: "Files", About: "What the service told of each file when it was asked for the job.",
		Table: newTable(&shown, caption),
	}}, nil
}

// knows says whether any row has a value there.
func (g *rowSet) knows(name string) bool {
	return slices.ContainsFunc(g.rows, func(row []any) bool { return g.value(row, name) != nil })
}
