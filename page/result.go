package page

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"

	"importarchive/page/chart"
	"importarchive/page/rowset"
	"importarchive/queries"
	"importarchive/report"
)

// How much of a report a page shows. The CSV file has all of it.
const (
	resultRows  = 1000
	resultBytes = 4 << 20 // of rows: a reason may be long
	mostOptions = 500     // clusters in a menu; with more of them the field takes a typed name
)

// Request is a reader's request for the page of a saved report.
type Request struct {
	Query   *queries.Query
	Address string                // of the report's page, to which the form leads
	Given   map[string]string     // what the fields of the form hold
	Values  map[string]any        // to run the report with; nil: the page shows only the form
	Wrong   error                 // why there are none; a [report.ValueError] is shown beside its field
	Skip    int                   // rows before the first to show
	At      func(skip int) string // returns the address of the same page with other rows
	Files   []File                // all rows as files
}

// File is a file of all rows, for a link.
type File struct{ Href, Word string }

// MostSkipped is how many rows of a report one can page through: each page reads
// those before it.
const MostSkipped = 100_000

// result is the data of the template "result".
type result struct {
	frame
	moment

	Form           []field
	Action         string
	Wrong          string // about the form as a whole
	Remarks        []string
	Lanes          *chart.Lanes
	Table          *table
	Earlier, Later *link // to the rows before and after these
	Files          []File
	Empty, SQL     string
}

// field is a field of the form, for one parameter.
type field struct {
	Name, Label, About, Value, Hint, Wrong string
	Kind                                   report.Kind
	Required                               bool
	Options                                []string
}

func (s Site) writeResult(w io.Writer, a *result, title, lead, here string) error {
	a.moment, a.frame = servedAt(s.Now.UTC()), s.frame(title, lead, here)
	return execute(w, "result", a)
}

// Result writes the page of a saved report: a form of its parameters, and the
// rows.
func (s Site) Result(ctx context.Context, w io.Writer, req *Request) error {
	a := &result{Action: req.Address, SQL: req.Query.SQL}
	if err := s.form(ctx, a, req); err != nil {
		return err
	}
	if req.Values != nil {
		a.Files = req.Files
		if err := s.run(ctx, a, req); err != nil {
			return err
		}
	}
	here := req.Address
	if strings.HasPrefix(here, ReportsAddress+"/") {
		here = ReportsAddress
	}
	return s.writeResult(w, a, req.Query.Title, req.Query.About, here)
}

// run runs the report.
func (s Site) run(ctx context.Context, a *result, req *Request) (err error) {
	if a.Remarks, err = s.remarks(ctx, req.Values); err != nil {
		return err
	}
	if req.Query.Name == "gaps" {
		if a.Lanes, err = s.gapLanes(ctx, req.Values); err != nil {
			return err
		}
	}
	values, most := limited(req)
	g, err := rowset.Read(ctx, s.Reader, *req.Query, values, req.Skip, most+1)
	if err != nil {
		return err
	}
	g.Address = req.Address
	n, shown := len(g.Rows), g.First(most)
	if n == 0 {
		a.Empty = "Nothing was found."
	}
	fit := 0
	if n > 0 {
		a.Table, fit = newTableWithin(&shown, report.Counted(int64(n), "row"), resultBytes)
		a.Table.Search = searchOf(&shown, "")
	}
	next := req.Skip + fit
	switch {
	case fit < n && req.Skip == 0:
		a.Table.Caption = fmt.Sprintf("The first %s rows.", report.Grouped(int64(fit)))
	case req.Skip > 0 && n > 0:
		a.Table.Caption = fmt.Sprintf("Rows %s to %s.", report.Grouped(int64(req.Skip)+1), report.Grouped(int64(next)))
	}
	if req.Skip > 0 {
		a.Earlier = &link{req.At(max(0, req.Skip-most)), "Rows before these"}
	}
	if fit < n {
		a.Table.Note = "There are more; the CSV file has them all."
		if next <= MostSkipped {
			a.Later = &link{req.At(next), "Next rows"}
		}
	} else if a.Table != nil {
		a.Table.Search = ""
	}
	return nil
}

// limited returns the values to run the report with, and how many rows the page
// shows. The limit of the report has the rows to skip too, and one more, which shows
// that there are more.
func limited(req *Request) (values map[string]any, most int) {
	values, most = maps.Clone(req.Values), resultRows
	for _, q := range req.Query.Parameters {
		if q.Name != "limit" {
			continue
		}
		wanted, given := values["limit"].(int64)
		if !given {
			wanted, _ = strconv.ParseInt(q.Default, 10, 64)
		}
		if wanted > 0 && wanted < resultRows {
			most = int(wanted)
		}
		values["limit"] = int64(req.Skip+most) + 1
	}
	return values, most
}

// remarks says what the archive cannot know about the times in these values.
func (s Site) remarks(ctx context.Context, values map[string]any) ([]string, error) {
	var clusters []string
	if name, ok := values["cluster"].(string); ok {
		clusters = []string{name}
	}
	lines, err := report.NotLooking(ctx, s.Reader, clusters, report.Moments(values), s.Now)
	for i, line := range lines {
		lines[i] = report.Printable(line)
	}
	return lines, err
}

// gapLanes draws the gaps of the last days, of one cluster or of all.
func (s Site) gapLanes(ctx context.Context, values map[string]any) (*chart.Lanes, error) {
	cluster, _ := values["cluster"].(string)
	fetch := s.fetcher(ctx, cluster, "")
	f := &overview{now: s.Now.UTC(), cluster: cluster}
	if err := f.window(fetch); err != nil {
		return nil, err
	}
	err := fetch.into(&f.gaps, "gaps", map[string]any{"limit": int64(pageGaps), "since": queries.SpellTime(f.from)}, "cluster started_at ended_at seconds")
	return gaps(f).Lanes, err
}

// form adds a field for each parameter.
func (s Site) form(ctx context.Context, a *result, req *Request) error {
	var wrong *report.ValueError
	beside := errors.As(req.Wrong, &wrong)
	if req.Wrong != nil && !beside {
		a.Wrong = report.Printable(req.Wrong.Error())
	}
	for _, q := range req.Query.Parameters {
		f := field{
			Name: q.Name, Label: strings.ReplaceAll(q.Name, "_", " "), About: report.Respell(q.About, func(name string) string { return name }), Value: req.Given[q.Name], Hint: q.Default,
			Kind: report.KindOf(q.Name), Required: q.Required, Options: report.WordsOf(q),
		}
		if beside && wrong.Parameter == q.Name {
			f.Wrong = report.Printable(wrong.Error())
		}
		switch {
		case q.Name == "cluster":
			var err error
			if f.Options, err = s.clusterNames(ctx); err != nil {
				return err
			}
		case f.Kind == report.SwitchKind:
			f.About = strings.TrimPrefix(f.About, "1: ")
		case f.Kind == report.TimeKind && f.Hint == "":
			f.Hint = "2026-11-23 10:00 or 7d"
		}
		a.Form = append(a.Form, f)
	}
	return nil
}

// clusterNames returns the clusters for a menu, or none where they are too many.
func (s Site) clusterNames(ctx context.Context) ([]string, error) {
	g, err := s.fetcher(ctx, "", "")(clustersView, map[string]any{"limit": int64(mostOptions + 1)})
	if err != nil || len(g.Rows) > mostOptions {
		return nil, err
	}
	var names []string
	for _, row := range g.Rows {
		names = append(names, g.Text(row, "name"))
	}
	return names, nil
}
