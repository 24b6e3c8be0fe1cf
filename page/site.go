package page

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"net/url"
	"slices"
	"time"

	"importarchive/queries"
	"importarchive/report"
)

// Site writes the pages of a server: the sections, charts and tables of [Write],
// in short pages with links between them. Their style and their script are
// [Asset]s, so the server can forbid styles and scripts in the markup itself.
type Site struct {
	Reader report.Reader // should hold a snapshot: a page runs many queries
	Now    time.Time
	Title  string   // of the archive
	Off    []string // clusters that are switched off in the settings
}

// ErrNotFound says that the archive has no such cluster or job.
var ErrNotFound = errors.New("the archive does not have it")

// The addresses of pages. Pages link to them, so the server must serve them there.
const (
	OverviewAddress = "/"
	ClusterAddress  = "/clusters/" // followed by the escaped name
	JobAddress      = "/job"       // ?cluster=…&job=…: an id may contain anything, also slashes and dots
	RunsAddress     = "/runs"
	GapsAddress     = "/gaps"
	ReportsAddress  = "/reports"
	StyleAddress    = "/assets/page.css"
	ScriptAddress   = "/assets/page.js"
)

// AddressOf returns the address of a report's page. With .csv appended it is the
// address of all rows as a file.
func AddressOf(report string) string { return ReportsAddress + "/" + url.PathEscape(report) }

// reportPage returns the address of a report's page. Two reports have short addresses.
func reportPage(report string) string {
	switch report {
	case "runs":
		return RunsAddress
	case "gaps":
		return GapsAddress
	}
	return AddressOf(report)
}

// clusterPage returns the address of a cluster's page. The names "." and ".." have
// none, because browsers resolve them as folders even where they are escaped.
func clusterPage(name string) string {
	if name == "." || name == ".." {
		return ""
	}
	return ClusterAddress + url.PathEscape(name)
}

func jobPage(cluster, id string) string {
	return JobAddress + "?" + url.Values{"cluster": {cluster}, "job": {id}}.Encode()
}

// linkColumns links the cells of clusters, reports and jobs to their pages.
func linkColumns(columns []tableColumn) {
	cluster := slices.IndexFunc(columns, func(c tableColumn) bool { return c.Name == "cluster" })
	for i := range columns {
		text := func(row []any, at int) string { s, _ := row[at].(string); return s }
		switch columns[i].Name {
		case "cluster":
			columns[i].leads = func(row []any) string { return clusterPage(text(row, i)) }
		case "report":
			columns[i].leads = func(row []any) string { return reportPage(text(row, i)) }
		case "job_id":
			if cluster >= 0 {
				columns[i].leads = func(row []any) string { return jobPage(text(row, cluster), text(row, i)) }
			}
		}
	}
}

// Asset returns the style sheet or the script of served pages, a tag that changes
// with its content, and its content type.
func Asset(address string) (text, tag, kind string) {
	switch address {
	case StyleAddress:
		text, kind = style, "text/css; charset=utf-8"
	case ScriptAddress:
		text, kind = script, "text/javascript; charset=utf-8"
	}
	sum := sha256.Sum256([]byte(text))
	return text, hex.EncodeToString(sum[:8]), kind
}

// served has what only the frames of served pages have.
type served struct {
	Style, Script string
	Here          string // the address of this page if the navigation bar has it
	Links         []link
	JobPage       string
}

// frame returns the frame of a page; here is its address in the navigation bar.
func (s Site) frame(title, lead, here string) frame {
	tagged := func(address string) string {
		_, tag, _ := Asset(address)
		return address + "?v=" + tag
	}
	return frame{Title: report.Printable(title), Lead: report.Printable(lead), Served: &served{
		Style: tagged(StyleAddress), Script: tagged(ScriptAddress), Here: here, JobPage: JobAddress,
		Links: []link{{OverviewAddress, "Overview"}, {RunsAddress, "Runs"}, {GapsAddress, "Gaps"}, {ReportsAddress, "Reports"}},
	}}
}

// whole writes a page of sections.
func (s Site) whole(w io.Writer, shown *page, title, lead, here string) error {
	shown.moment, shown.frame = servedAt(s.Now.UTC()), s.frame(title, lead, here)
	return execute(w, "page", shown)
}

// fetcher runs reports about one cluster, or about all for "".
func (s Site) fetcher(ctx context.Context, cluster string) fetcher {
	fetch := archiveFetcher(ctx, s.Reader)
	return func(name string, values map[string]any) (rowSet, error) {
		if cluster != "" {
			values = maps.Clone(values)
			if values == nil {
				values = map[string]any{}
			}
			values["cluster"] = cluster
		}
		g, err := fetch(name, values)
		if err != nil {
			return rowSet{}, err
		}
		if name == clustersView {
			g.rows = slices.DeleteFunc(g.rows, func(row []any) bool { return cluster != "" && g.text(row, "name") != cluster })
			return g, nil
		}
		if name == "overview" {
			s.markOff(&g)
		}
		g.address = reportPage(name)
		if cluster != "" {
			g.room = clusterRows
		}
		if cluster != "" && takes(&g.Query, "cluster") {
			g.address += "?" + url.Values{"cluster": {cluster}}.Encode()
		}
		return g, nil
	}
}

// markOff marks the clusters that are switched off. The report doesn't know them, because
// only the settings have them.
func (s Site) markOff(g *rowSet) {
	at := slices.Index(g.columns, "freshness")
	for _, row := range g.rows {
		if at >= 0 && slices.Contains(s.Off, g.text(row, "cluster")) {
			row[at] = off
		}
	}
}

// off is the freshness of a cluster that is switched off.
const off = "off"

// Overview writes the page about the whole archive.
func (s Site) Overview(ctx context.Context, w io.Writer) error {
	found, err := gather(s.fetcher(ctx, ""), s.Now.UTC())
	if err != nil {
		return err
	}
	shown := found.page(freshness, daily, success, durations, unfinished, gaps, retention, failures, lost, collections)
	return s.whole(w, shown, s.Title, found.lead(), OverviewAddress)
}

// Reports writes the list of saved reports.
func (s Site) Reports(w io.Writer) error {
	all := queries.Reports()
	g := rowSet{Query: queries.Query{Name: "reports"}, columns: []string{"report", "title", "about"}, address: ReportsAddress}
	for i := range all {
		g.rows = append(g.rows, []any{all[i].Name, all[i].Title, all[i].About})
	}
	return s.writeResult(w, &result{Table: newTable(&g, report.Counted(int64(len(g.rows)), "report"))},
		"Saved reports", "The reports by name. Each has filters and a download as CSV.", ReportsAddress)
}

// Notice writes a page of a title and a sentence.
func (s Site) Notice(w io.Writer, title, text string) error {
	return s.writeResult(w, &result{}, title, text, "")
}
