package page

import (
	"fmt"
	"time"

	"importarchive/page/chart"
	"importarchive/page/rowset"
	"importarchive/report"
)

func freshness(o *overview) section {
	g := &o.overview
	g.Room = fleetRows
	s := listing("freshness", "Freshness", g, "cluster", "clusters", noCluster, "cluster", "freshness", "last_conclusive_at",
		"listed", "open_jobs", "completed", "failed", "cancelled", "lost", "success_percent", "last_outcome", "failures", "rejects")
	if n := len(g.Rows); n > fleetSmall {
		s.Lead, s.Table.Folded = o.well()+".", fmt.Sprintf("All %s clusters, those in trouble first", report.Grouped(int64(n)))
	}
	return s
}

const noCluster = "There is no cluster in this archive yet."

func daily(o *overview) section {
	s := section{ID: "daily", Title: "Jobs a day", About: o.daily.About, Report: o.daily.Address}
	days := make([]chart.Day, o.days)
	for i := range days {
		days[i].Date = o.from.AddDate(0, 0, i)
	}
	for _, row := range o.daily.Rows {
		day, err := time.Parse(time.DateOnly, o.daily.Text(row, "utc_day"))
		if i := int(day.Sub(o.from) / (24 * time.Hour)); err == nil && i >= 0 && i < len(days) {
			days[i].Appeared += o.daily.Count(row, "appeared")
			for kind, word := range chart.Endings() {
				days[i].Ends[kind] += o.daily.Count(row, word)
			}
		}
	}
	if len(o.daily.Rows) == 0 {
		s.Empty = fmt.Sprintf("No job appeared or ended in the last %d days.", o.days)
		return s
	}
	s.Days = chart.DrawDays(days, o.firstRun())
	of := "clusters"
	if o.cluster != "" {
		of = "collections"
	}
	s.Table = dayTable(&o.daily, days, "Sums over all "+of)
	return s
}

// dayTable has the sums that the chart shows, newest first, without the days on
// which nothing happened.
func dayTable(g *rowset.Set, days []chart.Day, caption string) *table {
	sums := g.Pick("utc_day", "appeared", "completed", "failed", "cancelled", "lost")
	sums.Rows = nil
	for i := len(days) - 1; i >= 0; i-- {
		d := &days[i]
		if d.Appeared+d.Ended() > 0 {
			sums.Rows = append(sums.Rows, []any{d.Date.Format(time.DateOnly), d.Appeared, d.Ends[0], d.Ends[1], d.Ends[2], d.Ends[3]})
		}
	}
	s := newTable(&sums, caption)
	s.Folded = numbers
	return s
}

func unfinished(o *overview) section {
	s := section{ID: "open", Title: "Open jobs", About: o.stuck.About, Report: o.stuck.Address}
	n := o.overview.Sum("open_jobs")
	if n == 0 {
		s.Empty = "No job is open."
		return s
	}
	if len(o.stuck.Rows) == 0 {
		s.Lead = report.Plural(n, "job is open, ", "jobs are open, ")
		s.Empty = "No job has been open for longer than a day."
		if n == 1 {
			s.Lead += "and not for longer than a day."
		} else {
			s.Lead += "none of them for longer than a day."
		}
		return s
	}
	s.Lead = report.Plural(n, "job is open, ", "jobs are open, ") + o.stuckCount() + " for longer than a day."
	s.Table = listedTable(&o.stuck, "job, open for longer than a day", "jobs, open for longer than a day, oldest first")
	return s
}

// listing returns a section with one table, or with the words to show where it is
// empty.
func listing(id, title string, g *rowset.Set, one, many, empty string, columns ...string) section {
	s := section{ID: id, Title: title, About: g.About, Report: g.Address}
	if s.Table = listedTable(g, one, many, columns...); s.Table == nil {
		s.Empty = empty
	}
	return s
}

func failures(o *overview) section {
	return listing("failures", "Newest failures", &o.failures, "failed job", "failed jobs, newest first", "No job has failed.")
}

func lost(o *overview) section {
	return listing("lost", "Lost jobs", &o.lost, "lost job", "lost jobs, newest first", "No job was lost.")
}

func collections(o *overview) section {
	return listing("collections", "Collections", &o.collections, "collection", "collections, most jobs first", "There is no collection yet.")
}
