package page

import (
	"fmt"
	"time"
)

func freshness(o *overview) section {
	s := section{ID: "freshness", Title: "Freshness", About: o.overview.About, Report: o.overview.address}
	if len(o.overview.rows) == 0 {
		s.Empty = "There is no cluster in this archive yet."
		return s
	}
	s.Table = listedTable(&o.overview, "cluster", "clusters", "cluster", "freshness", "last_complete_at",
		"listed", "open", "completed", "failed", "cancelled", "lost", "success_percent", "last_outcome", "failures")
	return s
}

func daily(o *overview) section {
	s := section{ID: "daily", Title: "Jobs a day", About: o.daily.About, Report: o.daily.address}
	days := make([]dayCounts, o.days)
	for i := range days {
		days[i].day = o.from.AddDate(0, 0, i)
	}
	for _, row := range o.daily.rows {
		day, err := time.Parse(time.DateOnly, o.daily.text(row, "day"))
		if i := int(day.Sub(o.from) / (24 * time.Hour)); err == nil && i >= 0 && i < len(days) {
			days[i].appeared += o.daily.count(row, "appeared")
			for kind, word := range endings() {
				days[i].ends[kind] += o.daily.count(row, word)
			}
		}
	}
	if len(o.daily.rows) == 0 {
		s.Empty = fmt.Sprintf("No job appeared or ended in the last %d days.", o.days)
		return s
	}
	s.Days = drawDays(days, o.looked())
	of := "clusters"
	if o.cluster != "" {
		of = "collections"
	}
	s.Table = dayTable(&o.daily, days, "Sums over all "+of)
	return s
}

// dayTable has the numbers that the chart shows: sums, newest first. Days on which nothing happened are in the chart alone.
func dayTable(g *rowSet, days []dayCounts, caption string) *table {
	sums := g.pick("day", "appeared", "completed", "failed", "cancelled", "lost")
	sums.rows = nil
	for i := len(days) - 1; i >= 0; i-- {
		d := &days[i]
		if d.appeared+d.ended() > 0 {
			sums.rows = append(sums.rows, []any{d.day.Format(time.DateOnly), d.appeared, d.ends[0], d.ends[1], d.ends[2], d.ends[3]})
		}
	}
	s := newTable(&sums, caption)
	s.Folded = true
	return s
}

func unfinished(o *overview) section {
	s := section{ID: "open", Title: "Open jobs", About: o.stuck.About, Report: o.stuck.address}
	n := o.overview.sum("open")
	if n == 0 {
		s.Empty = "No job is open."
		return s
	}
	if len(o.stuck.rows) == 0 {
		s.Lead = plural(n, "job is open, ", "jobs are open, ")
		s.Empty = "No job has been open for longer than a day."
		if n == 1 {
			s.Lead += "and not for longer than a day."
		} else {
			s.Lead += "none of them for longer than a day."
		}
		return s
	}
	s.Lead = plural(n, "job is open, ", "jobs are open, ") + o.stuckCount() + " for longer than a day."
	s.Table = listedTable(&o.stuck, "job, open for longer than a day", "jobs, open for longer than a day, oldest first")
	return s
}

func failures(o *overview) section {
	s := section{ID: "failures", Title: "Newest failures", About: o.failures.About, Report: o.failures.address}
	if s.Table = listedTable(&o.failures, "failed job", "failed jobs, newest first"); s.Table == nil {
		s.Empty = "No job has failed."
	}
	return s
}

func lost(o *overview) section {
	s := section{ID: "lost", Title: "Lost jobs", About: o.lost.About, Report: o.lost.address}
	if s.Table = listedTable(&o.lost, "lost job", "lost jobs, newest first"); s.Table == nil {
		s.Empty = "No job was lost."
	}
	return s
}

func collections(o *overview) section {
	s := section{ID: "collections", Title: "Collections", About: o.collections.About, Report: o.collections.address}
	if s.Table = listedTable(&o.collections, "collection", "collections, most jobs first"); s.Table == nil {
		s.Empty = "There is no collection yet."
	}
	return s
}
