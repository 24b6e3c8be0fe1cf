// Package page draws the archive as HTML and SVG.
//
// There are three kinds of pages, all of the same templates in assets:
//
//   - [Write] writes the whole archive as one file that needs no network: state
//     of the clusters, what happened in the last thirty days, what needs
//     attention.
//   - [Site] writes the pages of a server: the overview, a cluster, a
//     collection, a job, a report with a form for its parameters.
//   - [HTML] is the format that writes any table as a page.
//
// A page is made of sections, each with a question, an answer in words, and a
// chart (package page/chart) or a table. The values come from the saved reports:
// overview.go runs them, package page/rowset holds their results, sections.go, lanes.go
// and package page/life make sections and charts of them, and trouble.go the list of
// clusters in trouble, which package page/fleet judges. table.go writes tables;
// cluster.go, collection.go, job.go, find.go and result.go have one page of [Site]
// each. The pages work without their script, which only adds sorting and filters.
//
// Texts in an archive come from other programs and may be hostile. All of them
// pass html/template, or appendCell, which escapes; the content security policy
// of a page forbids every other script and all requests.
//
// The package serves nothing and judges nothing: package web decides who may see
// a page. Begin reading with [Write] in this file, then site.go.
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
	"importarchive/page/rowset"
	"importarchive/queries"
	"importarchive/report"
)

//go:embed assets/*.html
var templateFiles embed.FS

//go:embed assets/page.css
var style string

//go:embed assets/page.js
var script string

// Write writes the whole archive as one HTML page. The reader should hold a
// snapshot, because the page runs many queries.
func Write(ctx context.Context, w io.Writer, reader report.Reader, now time.Time, title string) error {
	return writePage(w, now.UTC(), title, archiveFetcher(ctx, reader))
}

// archiveFetcher runs reports on an archive.
func archiveFetcher(ctx context.Context, reader report.Reader) fetcher {
	return func(name string, values map[string]any) (rowset.Set, error) {
		var q queries.Query
		switch name {
		case clustersView:
			q = queries.View(name)
		case lastRuns.Name:
			q = lastRuns
		case jobsQuery:
			q = queries.Jobs()
		default:
			q = queries.Report(name)
		}
		// Of a report that takes no limit, only so many rows are read. Parameters that a
		// report does not take are left out.
		most := 0
		if limit, limited := values["limit"].(int64); limited && !takes(&q, "limit") {
			most = int(limit)
		}
		values = maps.Clone(values)
		maps.DeleteFunc(values, func(name string, _ any) bool { return !takes(&q, name) })
		return rowset.Read(ctx, reader, q, values, 0, most)
	}
}

func takes(q *queries.Query, parameter string) bool {
	return slices.ContainsFunc(q.Parameters, func(p queries.Parameter) bool { return p.Name == parameter })
}

// What fetchers run like a report: a view, and the query of the page of all jobs.
const (
	clustersView = "clusters"
	jobsQuery    = "jobs"
)

// fetcher runs a saved report and returns its result.
type fetcher func(report string, values map[string]any) (rowset.Set, error)

// page is the data of the template "page".
type page struct {
	frame
	moment
	Since    string
	Trouble  *troubles
	Facts    []fact
	Sections []section
}

// moment is the time that a page shows, and the word before it.
type moment struct{ When, Written, WrittenISO string }

func writtenAt(now time.Time) moment {
	return moment{"Written", now.Format("2 January 2006, 15:04"), now.Format(time.RFC3339)}
}

func servedAt(now time.Time) moment {
	return moment{"As of", now.Format("2 January 2006, 15:04:05"), now.Format(time.RFC3339)}
}

// fact is a number at the head of the page.
type fact struct{ Name, Value, About string }

// section is one question and its answer: a sentence, a chart, a table. Empty is
// the sentence to show where there is nothing.
type section struct {
	ID, Title, About string
	Report           string // the address of the whole report; "": none
	Lead, Empty      string
	Days             *chart.Days
	Lanes            *chart.Lanes
	Facts            template.HTML
	Table            *table
}

func writePage(w io.Writer, now time.Time, title string, fetch fetcher) error {
	found, err := gather(fetch, now, nil)
	if err != nil {
		return err
	}
	p := found.page(freshness, daily, success, durations, unfinished, gaps, retention, failures, lost, collections)
	p.moment, p.frame = writtenAt(now), newFrame(title, found.lead())
	return execute(w, "page", p)
}

// page returns a page of these sections.
func (o *overview) page(sections ...func(*overview) section) *page {
	p := &page{Facts: o.facts(), Since: o.since(), Trouble: o.shownTrouble()}
	for _, build := range sections {
		p.Sections = append(p.Sections, build(o))
	}
	return p
}

// execute runs a template.
func execute(w io.Writer, name string, data any) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	return errors.Join(pageTemplates().ExecuteTemplate(buffered, name, data), buffered.Flush())
}

// frame is what surrounds the content of every page. In a page that stands alone
// it holds the style, the script, and a policy that forbids the rest.
type frame struct {
	Title, Lead string
	Tab         string // the title in the browser's tab
	Style       template.CSS
	Script      template.JS
	Policy      string
	Served      *served // instead, for pages of a [Site]
}

// newFrame returns the frame of a page that stands alone. Its policy forbids all
// that the page does not need: the browser then makes no request and runs no
// other script, even if one got from the data into the markup.
func newFrame(title, lead string) frame {
	if title == "" {
		title = "Import archive"
	}
	return frame{
		Title: report.Printable(title), Tab: report.Printable(title), Lead: report.Printable(lead), Style: template.CSS(style), Script: template.JS(script),
		Policy: fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; img-src data:; base-uri 'none'; form-action 'none'",
			digest(style), digest(script)),
	}
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func pageTemplates() *template.Template {
	return template.Must(template.ParseFS(templateFiles, "assets/*.html"))
}
