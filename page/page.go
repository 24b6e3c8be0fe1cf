package page

import (
	"bufio"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"time"

	"importarchive/page/chart"
	"importarchive/queries"
	"importarchive/report"
)

//go:embed assets
var pageFiles embed.FS

// Write writes the whole archive as one HTML page that asks for nothing else:
// what is fresh, what happened in the last thirty days, what needs a look. The
// reader should hold a snapshot, for the page asks many times.
func Write(ctx context.Context, w io.Writer, reader report.Reader, now time.Time, title string) error {
	return writePage(w, now.UTC(), title, archiveAsker(ctx, reader))
}

// archiveAsker asks an archive.
func archiveAsker(ctx context.Context, reader report.Reader) asker {
	return func(name string, values map[string]any) (rowSet, error) {
		q, err := queryNamed(name)
		if err != nil {
			return rowSet{}, err
		}
		// Not every report can be narrowed in every way. One that takes no
		// limit is read no further.
		most := 0
		if limit, limited := values["limit"].(int64); limited && !takes(&q, "limit") {
			most = int(limit)
		}
		values = maps.Clone(values)
		maps.DeleteFunc(values, func(name string, _ any) bool { return !takes(&q, name) })
		return read(ctx, reader, q, values, most)
	}
}

func takes(q *queries.Query, parameter string) bool {
	return slices.ContainsFunc(q.Parameters, func(p queries.Parameter) bool { return p.Name == parameter })
}

// clustersView is asked like a report, of which there is none of that name.
const clustersView = "clusters"

func queryNamed(name string) (queries.Query, error) {
	if name == clustersView {
		return viewNamed(name)
	}
	return queries.Report(name)
}

func viewNamed(name string) (queries.Query, error) {
	views, err := queries.Views()
	i := slices.IndexFunc(views, func(q queries.Query) bool { return q.Name == name })
	if err != nil || i < 0 {
		return queries.Query{}, errors.Join(err, fmt.Errorf("there is no view %q", name))
	}
	return views[i], nil
}

// asker gives the answer of a saved report.
type asker func(report string, values map[string]any) (rowSet, error)

// page is what the template "page" shows.
type page struct {
	frame
	moment
	Since    string
	Facts    []fact
	Sections []section
}

// moment says of when a page is.
type moment struct{ When, Written, WrittenISO string }

func writtenAt(now time.Time) moment {
	return moment{"Written", now.Format("2 January 2006, 15:04"), now.Format(time.RFC3339)}
}

func servedAt(now time.Time) moment {
	return moment{"As of", now.Format("2 January 2006, 15:04:05"), now.Format(time.RFC3339)}
}

// fact is a number at the head of the page.
type fact struct{ Name, Value, About string }

// section is one question and its answer: a finding in words, a chart, a
// table. Empty says in words that there is nothing to show.
type section struct {
	ID, Title, About string
	Report           string // the address of the report that says more; "": none
	Lead, Empty      string
	Days             *chart.Days
	Lanes            *chart.Lanes
	Facts            template.HTML
	Table            *table
}

func writePage(w io.Writer, now time.Time, title string, ask asker) error {
	found, err := gather(ask, now)
	if err != nil {
		return err
	}
	p := found.page(freshness, daily, success, durations, unfinished, gaps, retention, failures, lost, collections)
	p.moment = writtenAt(now)
	if p.frame, err = newFrame(title, found.lead()); err != nil {
		return err
	}
	return execute(w, "page", p)
}

// page has these sections.
func (o *overview) page(sections ...func(*overview) section) *page {
	p := &page{Facts: o.facts(), Since: o.since()}
	for _, build := range sections {
		p.Sections = append(p.Sections, build(o))
	}
	return p
}

// execute writes what a template makes of the data.
func execute(w io.Writer, name string, data any) error {
	templates, err := pageTemplates()
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(w, 64<<10)
	return errors.Join(templates.ExecuteTemplate(buffered, name, data), buffered.Flush())
}

// frame is what stands around every page. One that stands alone has its style
// and its script in it, and a policy that forbids the rest.
type frame struct {
	Title, Lead string
	Style       template.CSS
	Script      template.JS
	Policy      string
	Served      *served // instead, for a page that a server gives
}

// newFrame forbids the page all that it does not need. A browser then neither
// asks the network for anything nor runs a script that came with the data,
// even if one got into the markup.
func newFrame(title, lead string) (frame, error) {
	if title == "" {
		title = "Import archive"
	}
	style, err := pageFiles.ReadFile("assets/page.css")
	if err != nil {
		return frame{}, err
	}
	script, err := pageFiles.ReadFile("assets/page.js")
	if err != nil {
		return frame{}, err
	}
	return frame{
		Title: report.Printable(title), Lead: report.Printable(lead), Style: template.CSS(style), Script: template.JS(script),
		Policy: fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; img-src data:; base-uri 'none'; form-action 'none'",
			digest(style), digest(script)),
	}, nil
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func pageTemplates() (*template.Template, error) {
	return template.ParseFS(pageFiles, "assets/*.html")
}
