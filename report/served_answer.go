package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"

	"importarchive/queries"
)

// What a page shows of a report; the file has all of it.
const (
	answerRows  = 1000
	answerBytes = 4 << 20 // of rows: reasons may be long
	mostOptions = 500     // of clusters to choose from; with more, a name is typed
)

// Asked is a saved report as somebody asked for it on a page.
type Asked struct {
	Query  *queries.Query
	Page   string            // where the form leads
	Given  map[string]string // what stands in its fields
	Values map[string]any    // that follow; nil: it is not to be run
	Wrong  error             // why it is not; a [ValueError] stands beside its field
	CSV    string            // the address of the rows as a file
}

// answer is what the template "answer" shows.
type answer struct {
	frame
	moment

	Form            []field
	Action          string
	Wrong           string // of the form as a whole
	Remarks         []string
	Lanes           *lanesChart
	Sheet           *sheet
	Empty, CSV, SQL string
}

// field is a parameter in a form.
type field struct {
	Name, Label, About, Value, Hint, Wrong string
	Kind                                   Kind
	Required                               bool
	Options                                []string
}

func (p Pages) answer(w io.Writer, a *answer, title, lead, here string) (err error) {
	a.moment = servedAt(p.Now.UTC())
	if a.frame, err = p.frame(title, lead, here); err != nil {
		return err
	}
	return execute(w, "answer", a)
}

// Answer writes the page of a saved report: a form of its parameters, and what
// it finds.
func (p Pages) Answer(ctx context.Context, w io.Writer, asked *Asked) error {
	a := &answer{Action: asked.Page, SQL: asked.Query.SQL}
	if err := p.form(ctx, a, asked); err != nil {
		return err
	}
	if asked.Values != nil {
		a.CSV = asked.CSV
		if err := p.found(ctx, a, asked); err != nil {
			return err
		}
	}
	here := asked.Page
	if strings.HasPrefix(here, ReportsAddress+"/") {
		here = ReportsAddress
	}
	return p.answer(w, a, asked.Query.Title, asked.Query.About, here)
}

// found runs the report.
func (p Pages) found(ctx context.Context, a *answer, asked *Asked) (err error) {
	if a.Remarks, err = p.remarks(ctx, asked.Values); err != nil {
		return err
	}
	if asked.Query.Name == "gaps" {
		if a.Lanes, err = p.gapLanes(ctx, asked.Values); err != nil {
			return err
		}
	}
	values, most := limited(asked)
	t, err := Saved(ctx, p.Reader, *asked.Query, values)
	if err != nil {
		return err
	}
	g, err := collect(*asked.Query, t, most+1)
	if err != nil {
		return err
	}
	g.address = asked.Page
	n, shown := len(g.rows), g.first(most)
	if n == 0 {
		a.Empty = "Nothing was found."
		return nil
	}
	fit := 0
	if a.Sheet, fit = newSheetWithin(&shown, plural(int64(n), "row", "rows"), answerBytes); fit < n {
		a.Sheet.Caption = fmt.Sprintf("The first %s rows.", grouped(int64(fit)))
		a.Sheet.Note = "There are more; the CSV file has them all."
	}
	return nil
}

// limited gives the values to run a page's report with, and how many rows the
// page shows. One row more tells that there are more.
func limited(asked *Asked) (values map[string]any, most int) {
	values, most = maps.Clone(asked.Values), answerRows
	for _, q := range asked.Query.Parameters {
		if q.Name != "limit" {
			continue
		}
		wanted, given := values["limit"].(int64)
		if !given {
			wanted, _ = strconv.ParseInt(q.Default, 10, 64)
		}
		if wanted > 0 && wanted < answerRows {
			most = int(wanted)
		}
		values["limit"] = int64(most) + 1
	}
	return values, most
}

// remarks says what the archive can't know of the moments that were asked
// about.
func (p Pages) remarks(ctx context.Context, values map[string]any) ([]string, error) {
	var clusters []string
	if name, ok := values["cluster"].(string); ok {
		clusters = []string{name}
	}
	lines, err := NotLooking(ctx, p.Reader, clusters, Moments(values), p.Now)
	for i, line := range lines {
		lines[i] = Printable(line)
	}
	return lines, err
}

// gapLanes draws the gaps of the last days, of the cluster that was asked for.
func (p Pages) gapLanes(ctx context.Context, values map[string]any) (*lanesChart, error) {
	cluster, _ := values["cluster"].(string)
	ask := p.asker(ctx, cluster)
	f := &findings{now: p.Now.UTC(), cluster: cluster}
	if err := f.look(ask); err != nil {
		return nil, err
	}
	err := ask.into(&f.gaps, "gaps", map[string]any{"limit": int64(pageGaps), "since": queries.SpellTime(f.from)}, "cluster started_at ended_at seconds")
	return gaps(f).Lanes, err
}

// form makes a field of each parameter.
func (p Pages) form(ctx context.Context, a *answer, asked *Asked) error {
	var wrong *ValueError
	beside := errors.As(asked.Wrong, &wrong)
	if asked.Wrong != nil && !beside {
		a.Wrong = Printable(asked.Wrong.Error())
	}
	for _, q := range asked.Query.Parameters {
		f := field{
			Name: q.Name, Label: strings.ReplaceAll(q.Name, "_", " "), About: Respell(q.About, func(name string) string { return name }), Value: asked.Given[q.Name], Hint: q.Default,
			Kind: KindOf(q.Name), Required: q.Required, Options: WordsOf(q),
		}
		if beside && wrong.Parameter == q.Name {
			f.Wrong = Printable(wrong.Error())
		}
		switch {
		case q.Name == "cluster":
			var err error
			if f.Options, err = p.clusterNames(ctx); err != nil {
				return err
			}
		case f.Kind == SwitchKind:
			f.About = strings.TrimPrefix(f.About, "1: ")
		case f.Kind == TimeKind && f.Hint == "":
			f.Hint = "2026-11-23 10:00 or 7d"
		}
		a.Form = append(a.Form, f)
	}
	return nil
}

// clusterNames gives the clusters to choose from; none where they are too
// many for that.
func (p Pages) clusterNames(ctx context.Context) ([]string, error) {
	g, err := p.asker(ctx, "")(clustersView, map[string]any{"limit": int64(mostOptions + 1)})
	if err != nil || len(g.rows) > mostOptions {
		return nil, err
	}
	var names []string
	for _, row := range g.rows {
		names = append(names, g.text(row, "name"))
	}
	return names, nil
}
