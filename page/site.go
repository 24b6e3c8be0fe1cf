package page

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"importarchive/page/rowset"
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
	Synced []string // the clusters of the settings; nil: not known. Others are in no trouble, however old

	// Self is the address of the page itself with its parameters, from which a link
	// makes it refresh itself; "": it has no such link. Refreshing says that it does
	// so now.
	Self       string
	Refreshing bool
}

// ErrNotFound says that the archive has no such cluster or job.
var ErrNotFound = errors.New("the archive does not have it")

// The addresses of pages. Pages link to them, so the server must serve them there.
const (
	OverviewAddress   = "/"
	ClusterAddress    = "/clusters/" // followed by the escaped name
	JobAddress        = "/job"       // ?cluster=…&job=…: an id may contain anything, also slashes and dots
	JobsAddress       = "/jobs"
	CollectionAddress = "/collection" // ?cluster=…&collection=…
	RunsAddress       = "/runs"
	GapsAddress       = "/gaps"
	ReportsAddress    = "/reports"
	StyleAddress      = "/assets/page.css"
	ScriptAddress     = "/assets/page.js"
)

// AddressOf returns the address of a report's page. With .csv appended it is the
// address of all rows as a file.
func AddressOf(report string) string { return ReportsAddress + "/" + url.PathEscape(report) }

// reportPage returns the address of a report's page. Some have short addresses.
func reportPage(report string) string {
	switch report {
	case "runs":
		return RunsAddress
	case "gaps":
		return GapsAddress
	case jobsQuery:
		return JobsAddress
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

func collectionPage(cluster, name string) string {
	return CollectionAddress + "?" + url.Values{"cluster": {cluster}, "collection": {name}}.Encode()
}

// linkColumns links the cells of clusters, collections, reports and jobs to their
// pages.
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
		case "collection":
			if cluster >= 0 {
				columns[i].leads = func(row []any) string { return collectionPage(text(row, cluster), text(row, i)) }
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
	Turn          *link // starts or ends that the page refreshes itself
	Refreshing    bool
}

// RefreshEvery is after how many seconds a page refreshes itself where a link asks
// for it. It never does so unasked: it would take the filter and the place in the
// text away from the person who reads.
const RefreshEvery = 60

// turn returns the link that starts that the page refreshes itself, or ends it.
func (s Site) turn() *link {
	switch {
	case s.Self == "":
		return nil
	case s.Refreshing:
		return &link{s.Self, "Stop"}
	}
	mark := "?"
	if strings.Contains(s.Self, "?") {
		mark = "&"
	}
	return &link{fmt.Sprintf("%s%srefresh=%d", s.Self, mark, RefreshEvery), "Refresh it every minute"}
}

// frame returns the frame of a page; here is its address in the navigation bar.
func (s Site) frame(title, lead, here string) frame {
	tagged := func(address string) string {
		_, tag, _ := Asset(address)
		return address + "?v=" + tag
	}
	tab := report.Printable(title)
	if archive := report.Printable(s.Title); archive != "" && archive != tab {
		tab += " · " + archive
	}
	return frame{Title: report.Printable(title), Tab: tab, Lead: report.Printable(lead), Served: &served{
		Style: tagged(StyleAddress), Script: tagged(ScriptAddress), Here: here, JobPage: JobAddress, Turn: s.turn(), Refreshing: s.Refreshing,
		Links: []link{{OverviewAddress, "Overview"}, {JobsAddress, "Jobs"}, {RunsAddress, "Runs"}, {GapsAddress, "Gaps"}, {ReportsAddress, "Reports"}},
	}}
}

// whole writes a page of sections.
func (s Site) whole(w io.Writer, shown *page, title, lead, here string) error {
	shown.moment, shown.frame = servedAt(s.Now.UTC()), s.frame(title, lead, here)
	return execute(w, "page", shown)
}

// fetcher runs reports about one cluster and one collection, or about all for "".
func (s Site) fetcher(ctx context.Context, cluster, collection string) fetcher {
	fetch := archiveFetcher(ctx, s.Reader)
	only := url.Values{}
	for name, value := range map[string]string{"cluster": cluster, "collection": collection} {
		if value != "" {
			only.Set(name, value)
		}
	}
	return func(name string, values map[string]any) (rowset.Set, error) {
		if values = maps.Clone(values); values == nil {
			values = map[string]any{}
		}
		for name := range only {
			values[name] = only.Get(name)
		}
		g, err := fetch(name, values)
		if err != nil {
			return rowset.Set{}, err
		}
		if name == lastRuns.Name {
			return g, nil
		}
		if name == "overview" {
			s.markOff(&g)
		}
		if name == clustersView {
			g.Rows = slices.DeleteFunc(g.Rows, func(row []any) bool { return cluster != "" && g.Text(row, "name") != cluster })
			return g, nil
		}
		g.Address = reportPage(name)
		if len(only) > 0 {
			g.Room = clusterRows
		}
		taken := maps.Clone(only)
		maps.DeleteFunc(taken, func(name string, _ []string) bool { return !takes(&g.Query, name) })
		if len(taken) > 0 {
			g.Address += "?" + taken.Encode()
		}
		return g, nil
	}
}

// markOff marks the clusters that are switched off. The report doesn't know them, because
// only the settings have them.
func (s Site) markOff(g *rowset.Set) {
	at := slices.Index(g.Names, "freshness")
	for _, row := range g.Rows {
		if at >= 0 && slices.Contains(s.Off, g.Text(row, "cluster")) {
			row[at] = off
		}
	}
}

// off is the freshness of a cluster that is switched off.
const off = "off"

// Overview writes the page about the whole archive.
func (s Site) Overview(ctx context.Context, w io.Writer) error {
	found, err := gather(s.fetcher(ctx, "", ""), s.Now.UTC(), s.Synced)
	if err != nil {
		return err
	}
	shown := found.page(freshness, daily, success, durations, unfinished, gaps, retention, failures, lost, collections)
	shown.moment, shown.frame = servedAt(s.Now.UTC()), s.frame(s.Title, found.lead(), OverviewAddress)
	if n := len(found.trouble); n > 0 { // a tab in the background says so too
		shown.Tab = report.Grouped(int64(n)) + " in trouble · " + shown.Tab
	}
	return execute(w, "page", shown)
}

// Reports writes the list of saved reports.
func (s Site) Reports(w io.Writer) error {
	all := queries.Reports()
	g := rowset.Set{Query: queries.Query{Name: "reports"}, Names: []string{"report", "title", "about"}, Address: ReportsAddress}
	for i := range all {
		g.Rows = append(g.Rows, []any{all[i].Name, all[i].Title, all[i].About})
	}
	return s.writeResult(w, &result{Table: newTable(&g, report.Counted(int64(len(g.Rows)), "report"))},
		"Saved reports", "The reports by name. Each has filters, and files of all its rows.", ReportsAddress)
}

// Notice writes a page of a title and a sentence.
func (s Site) Notice(w io.Writer, title, text string) error {
	return s.writeResult(w, &result{}, title, text, "")
}
