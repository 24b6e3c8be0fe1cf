package page

import (
	"context"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"slices"
	"strings"

	"importarchive/page/life"
	"importarchive/page/rowset"
	"importarchive/queries"
	"importarchive/report"
)

// Job writes the page of one job. Several clusters can have jobs of the same
// id; where cluster is "" and several do, the page lists them. Where none does, it
// writes what a search for the id finds.
func (s Site) Job(ctx context.Context, w io.Writer, cluster, id string) error {
	values := map[string]any{"job": id}
	if cluster != "" {
		values["cluster"] = cluster
	}
	jobs, err := s.fromView(ctx, "jobs", "WHERE job_id = :job AND (:cluster IS NULL OR cluster = :cluster) ORDER BY cluster", values, resultRows)
	if err != nil {
		return err
	}
	jobs.Address = JobAddress
	switch len(jobs.Rows) {
	case 0:
		if bare := strings.TrimSpace(id); bare != id && bare != "" {
			return s.Job(ctx, w, cluster, bare) // a copied id often has a space or a line end
		}
		return s.find(ctx, w, cluster, id)
	case 1:
		return s.oneJob(ctx, w, &jobs)
	}
	some := jobs.Pick("cluster", "job_id", "collection", "last_state", "outcome", "first_seen_at", "last_seen_at")
	return s.writeResult(w, &result{Table: newTable(&some, "The same id on several clusters is several jobs.")}, id, "Which of them?", "")
}

// fromView reads rows of a public view, in all columns that exports have.
func (s Site) fromView(ctx context.Context, view, where string, values map[string]any, most int) (rowset.Set, error) {
	q := queries.View(view)
	var names []string
	for _, c := range q.Columns {
		names = append(names, c.Name)
	}
	q.SQL = "SELECT " + strings.Join(names, ", ") + " FROM " + view + " " + where
	return rowset.Read(ctx, s.Reader, q, values, 0, most)
}

func (s Site) oneJob(ctx context.Context, w io.Writer, jobs *rowset.Set) error {
	row := jobs.Rows[0]
	cluster, id := jobs.Text(row, "cluster"), jobs.Text(row, "job_id")
	var history rowset.Set
	if err := s.fetcher(ctx, cluster, "").into(&history, "timeline", map[string]any{"job": id, "limit": int64(resultRows)},
		"kind from_state to_state collection not_before observed_at run_id"); err != nil {
		return err
	}
	line := section{ID: "line", Title: "Time line", About: history.About, Lanes: life.Draw(&history, jobs)}
	shown := history.Pick("kind", "from_state", "to_state", "collection", "not_before", "observed_at", "from_raw_state", "to_raw_state", "run_id")
	line.Table = newTable(&shown, report.Plural(int64(len(shown.Rows)), "transition", "transitions, oldest first"))
	if len(shown.Rows) == resultRows {
		line.Table.Note, line.Table.More = "There may be more:", &link{AddressOf("timeline") + "?" + url.Values{"cluster": {cluster}, "job": {id}}.Encode(), "the report has a file of all"}
	}
	files, err := s.jobFiles(ctx, cluster, id)
	if err != nil {
		return err
	}
	known := section{
		ID: "job", Title: "What is known", About: "As the archive has it; the view jobs has the same columns.",
		Facts: template.HTML(appendFacts(nil, jobs, row)), // appendFacts escapes
	}
	all := &page{Facts: jobFacts(jobs, row), Sections: append(append([]section{line}, files...), known)}
	return s.whole(w, all, id, jobLead(jobs, row), "")
}

// jobFiles returns a section of the job's files, without the columns that are
// NULL in all of them. It returns no section where the service named no file.
func (s Site) jobFiles(ctx context.Context, cluster, id string) ([]section, error) {
	g, err := s.fromView(ctx, "job_files", "WHERE cluster = :cluster AND job_id = :job ORDER BY n LIMIT :limit",
		map[string]any{"cluster": cluster, "job": id, "limit": int64(resultRows + 1)}, 0)
	if err != nil || len(g.Rows) == 0 {
		return nil, err
	}
	caption := report.Counted(int64(len(g.Rows)), "file")
	if len(g.Rows) > resultRows {
		caption = fmt.Sprintf("The first %s files; the view job_files has all.", report.Grouped(resultRows))
	}
	shown := g.First(resultRows)
	shown = shown.Pick(slices.DeleteFunc(slices.Clone(g.Names), func(name string) bool {
		return name == "cluster" || name == "job_id" || name == "changed_at" || !g.Knows(name)
	})...)
	return []section{{
		ID: "files", Title: "Files", About: "What the service says about each file when a run asks for the job alone.",
		Table: newTable(&shown, caption),
	}}, nil
}

func jobFacts(g *rowset.Set, row []any) []fact {
	value := func(name string) string {
		if g.Value(row, name) == nil {
			return "–"
		}
		return shown(g.Text(row, name))
	}
	facts := []fact{
		{"Outcome", value("outcome"), "last state " + value("last_state")},
		{"Took", took(g, row), "from appearing to finishing"},
		{"Collection", value("collection"), "on " + value("cluster")},
	}
	if imported, known := g.Number(row, "imported_rows"); known {
		f := fact{"Rows", report.Grouped(int64(imported)), "imported"}
		if total, known := g.Number(row, "total_rows"); known {
			f.About = "imported, of " + report.Grouped(int64(total))
		}
		facts = append(facts, f)
	}
	return facts
}

func took(g *rowset.Set, row []any) string {
	if _, ended := g.Number(row, "min_seconds"); !ended {
		return "–"
	}
	return g.Bounds(row, "min_seconds", "max_seconds")
}

// jobLead describes a job in a sentence.
func jobLead(g *rowset.Set, row []any) string {
	state, seen := g.Text(row, "last_state"), queries.ToSecond(g.Text(row, "last_seen_at"))
	switch g.Text(row, "outcome") {
	case "open":
		return "It is open: " + state + " when it was last seen, at " + seen + "."
	case "lost":
		return "It is lost: it went away " + state + ", and its end is not known."
	}
	return "It " + map[string]string{"completed": "completed", "failed": "failed", "cancelled": "was cancelled"}[state] + ". It was last seen at " + seen + "."
}

// appendFacts writes the values of one row below each other, each with its
// meaning.
func appendFacts(b []byte, g *rowset.Set, row []any, without ...string) []byte {
	columns := tableColumns(g.Names, g.Query.Columns)
	if g.Address != "" {
		linkColumns(columns)
	}
	for i, c := range columns {
		if slices.Contains(without, c.Name) {
			continue
		}
		href := ""
		if c.Name == "cluster" && c.leads != nil {
			href = c.leads(row)
		}
		c.Class = ""
		b = append(b, `<tr><th scope="row">`+template.HTMLEscapeString(c.Label)+`</th>`...)
		b = appendCell(b, c, row[i], href)
		b = append(b, `<td class="meaning">`+template.HTMLEscapeString(c.About)+"</td></tr>\n"...)
	}
	return b
}
