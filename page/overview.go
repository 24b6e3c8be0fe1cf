package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"importarchive/page/fleet"
	"importarchive/page/rowset"
	"importarchive/report"
)

const (
	pageDays  = 30  // that the page covers …
	leastDays = 7   // … at least, in a young archive
	pageRows  = 100 // of a table
	pageGaps  = 1000
)

// overview has the results of all reports that the page shows.
type overview struct {
	now  time.Time
	from time.Time // the first of the days that the page covers
	days int

	cluster string // the cluster that all results are about; "" for all clusters

	overview, clusters, daily, success, durations rowset.Set
	stuck, gaps, retention, failures, lost        rowset.Set
	collections                                   rowset.Set

	trouble []fleet.Trouble // the clusters in trouble, the worst first
	off     int             // how many clusters are not synced
}

// gather runs the reports. synced has the clusters that are synced; nil: not known.
func gather(fetch fetcher, now time.Time, synced []string) (*overview, error) {
	o := &overview{now: now}
	if err := o.window(fetch); err != nil {
		return nil, err
	}
	// The window has an end too, because the page shows the present by our clock, which
	// may not be SQLite's.
	window := map[string]any{"since": o.from.Format(time.DateOnly), "until": o.from.AddDate(0, 0, o.days).Format(time.DateOnly)}
	newest := map[string]any{"limit": int64(pageRows + 1)} // one more shows that there are more
	var runs rowset.Set
	for _, wanted := range []struct {
		into    *rowset.Set
		report  string
		values  map[string]any
		columns string
	}{
		{&o.overview, "overview", nil, "cluster freshness listed open_jobs completed failed cancelled lost success_percent last_conclusive_at last_outcome failures rejects age_seconds"},
		{&runs, lastRuns.Name, nil, "cluster error_kind error rejected absences_denied"},
		{&o.daily, "daily", window, "utc_day appeared completed failed cancelled lost"},
		{&o.success, "success-rate", window, "cluster collection completed failed lost success_percent min_percent max_percent"},
		{&o.durations, "durations", window, "cluster collection jobs p50_min_seconds p50_max_seconds p95_min_seconds p95_max_seconds"},
		{&o.stuck, "stuck", newest, "cluster job_id collection state first_seen_at hours"},
		{&o.gaps, "gaps", map[string]any{"limit": int64(pageGaps)}, "cluster started_at ended_at seconds"},
		{&o.retention, "retention", nil, "cluster jobs shortest_min_seconds shortest_max_seconds median_min_seconds median_max_seconds schedule_seconds verdict"},
		{&o.failures, "failures", newest, "cluster job_id collection last_state_at reason"},
		{&o.lost, "lost", newest, "cluster job_id collection last_state gone_at"},
		{&o.collections, "collections", nil, "cluster collection jobs open_jobs completed failed cancelled lost last_activity_at"},
	} {
		if err := fetch.into(wanted.into, wanted.report, wanted.values, wanted.columns); err != nil {
			return nil, err
		}
	}
	o.judge(&runs, synced)
	return o, nil
}

// into stores the result of a report, which must have these columns.
func (fetch fetcher) into(g *rowset.Set, report string, values map[string]any, columns string) (err error) {
	if *g, err = fetch(report, values); err != nil {
		return err
	}
	return g.Needs(strings.Fields(columns)...)
}

// window sets the days that the page covers: fewer in a young archive.
func (o *overview) window(fetch fetcher) error {
	if err := fetch.into(&o.clusters, clustersView, nil, "name first_run_at"); err != nil {
		return err
	}
	today := o.now.Truncate(24 * time.Hour)
	o.days = pageDays
	if first := o.firstRun(); !first.IsZero() {
		o.days = min(pageDays, max(leastDays, int(today.Sub(first.Truncate(24*time.Hour))/(24*time.Hour))+1))
	}
	o.from = today.AddDate(0, 0, 1-o.days)
	return nil
}

// firstRun returns when the first run of any cluster began.
func (o *overview) firstRun() (first time.Time) {
	for _, row := range o.clusters.Rows {
		if t, ok := o.clusters.Time(row, "first_run_at"); ok && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

func (o *overview) since() string {
	if o.firstRun().IsZero() {
		return ""
	}
	return o.firstRun().Format("2 January 2006")
}

func (o *overview) facts() []fact {
	if len(o.overview.Rows) == 0 {
		return nil
	}
	var archived int64
	for _, name := range []string{"open_jobs", "completed", "failed", "cancelled", "lost"} {
		archived += o.overview.Sum(name)
	}
	completed, failed, lost := o.daily.Sum("completed"), o.daily.Sum("failed"), o.daily.Sum("lost")
	rate := "–"
	if completed+failed > 0 {
		rate = report.Rounded(100*float64(completed)/float64(completed+failed)) + " %"
	}
	recently := fmt.Sprintf("in %d days", o.days)
	return []fact{
		{"Jobs archived", report.Grouped(archived), "of " + report.Counted(int64(len(o.overview.Rows)), "cluster")},
		{"Open", report.Grouped(o.overview.Sum("open_jobs")), o.stuckCount() + " for over a day"},
		{"Ended well", rate, "of " + report.Grouped(completed+failed) + " known ends, " + recently},
		{"Failed", report.Grouped(failed), recently},
		{"Lost", report.Grouped(lost), recently + ": their end was not seen"},
	}
}

func (o *overview) stuckCount() string {
	if n := len(o.stuck.Rows); n <= pageRows {
		return report.Grouped(int64(n))
	}
	return fmt.Sprintf("more than %d", pageRows)
}

// searchOf returns the address to which the text of a filter is appended to search
// all jobs, for a table of jobs; for another table it returns the address of all rows.
func searchOf(g *rowset.Set, all string) string {
	if slices.Contains(g.Names, "job_id") {
		return JobAddress + "?job="
	}
	return all
}

// listedTable shows the first rows, and says how to get the others.
func listedTable(g *rowset.Set, one, many string, columns ...string) *table {
	n, room := len(g.Rows), cmp.Or(g.Room, pageRows)
	if n == 0 {
		return nil
	}
	text, shown := report.Plural(int64(n), one, many), *g
	if n > room {
		text, shown = fmt.Sprintf("The first %d %s.", room, many), g.First(room)
	}
	if len(columns) > 0 {
		shown = shown.Pick(columns...)
	}
	s := newTable(&shown, text)
	switch {
	case n <= room:
	case g.Address != "":
		s.Note, s.More, s.Search = "There are more:", &link{g.Address, "the whole report"}, searchOf(g, g.Address)
	case takes(&g.Query, "limit"):
		s.Note = "There are more: importarchive report " + g.Name + " --limit 0 gives them all."
	default:
		s.Note = "There are more: importarchive report " + g.Name + " gives them all."
	}
	return s
}
