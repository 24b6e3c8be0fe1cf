package report

import (
	"fmt"
	"time"
)

func freshness(f *findings) section {
	s := section{ID: "freshness", Title: "Freshness", About: f.overview.About, Report: f.overview.address}
	if len(f.overview.rows) == 0 {
		s.Empty = "There is no cluster in this archive yet."
		return s
	}
	s.Table = listedSheet(&f.overview, "cluster", "clusters", "cluster", "freshness", "last_complete_at",
		"listed", "open", "completed", "failed", "cancelled", "lost", "success_percent", "last_outcome", "failures")
	return s
}

func daily(f *findings) section {
	s := section{ID: "daily", Title: "Jobs a day", About: f.daily.About, Report: f.daily.address}
	days := make([]dayCounts, f.days)
	for i := range days {
		days[i].day = f.from.AddDate(0, 0, i)
	}
	for _, row := range f.daily.rows {
		day, err := time.Parse(time.DateOnly, f.daily.text(row, "day"))
		if i := int(day.Sub(f.from) / (24 * time.Hour)); err == nil && i >= 0 && i < len(days) {
			days[i].appeared += f.daily.count(row, "appeared")
			for kind, word := range endings() {
				days[i].ends[kind] += f.daily.count(row, word)
			}
		}
	}
	if len(f.daily.rows) == 0 {
		s.Empty = fmt.Sprintf("No job appeared or ended in the last %d days.", f.days)
		return s
	}
	s.Days = drawDays(days, f.looked())
	of := "clusters"
	if f.cluster != "" {
		of = "collections"
	}
	s.Table = daySheet(&f.daily, days, "Sums over all "+of)
	return s
}

// daySheet has the numbers that the chart shows: sums, newest first. Days on which nothing happened are in the chart alone.
func daySheet(g *grid, days []dayCounts, caption string) *sheet {
	sums := g.pick("day", "appeared", "completed", "failed", "cancelled", "lost")
	sums.rows = nil
	for i := len(days) - 1; i >= 0; i-- {
		d := &days[i]
		if d.appeared+d.ended() > 0 {
			sums.rows = append(sums.rows, []any{d.day.Format(time.DateOnly), d.appeared, d.ends[0], d.ends[1], d.ends[2], d.ends[3]})
		}
	}
	s := newSheet(&sums, caption)
	s.Folded = true
	return s
}

func unfinished(f *findings) section {
	s := section{ID: "open", Title: "Open jobs", About: f.stuck.About, Report: f.stuck.address}
	n := f.overview.sum("open")
	if n == 0 {
		s.Empty = "No job is open."
		return s
	}
	if len(f.stuck.rows) == 0 {
		s.Lead = plural(n, "job is open, ", "jobs are open, ")
		s.Empty = "No job has been open for longer than a day."
		if n == 1 {
			s.Lead += "and not for longer than a day."
		} else {
			s.Lead += "none of them for longer than a day."
		}
		return s
	}
	s.Lead = plural(n, "job is open, ", "jobs are open, ") + f.stuckCount() + " for longer than a day."
	s.Table = listedSheet(&f.stuck, "job, open for longer than a day", "jobs, open for longer than a day, oldest first")
	return s
}

func failures(f *findings) section {
	s := section{ID: "failures", Title: "Newest failures", About: f.failures.About, Report: f.failures.address}
	if s.Table = listedSheet(&f.failures, "failed job", "failed jobs, newest first"); s.Table == nil {
		s.Empty = "No job has failed."
	}
	return s
}

func lost(f *findings) section {
	s := section{ID: "lost", Title: "Lost jobs", About: f.lost.About, Report: f.lost.address}
	if s.Table = listedSheet(&f.lost, "lost job", "lost jobs, newest first"); s.Table == nil {
		s.Empty = "No job was lost."
	}
	return s
}

func collections(f *findings) section {
	s := section{ID: "collections", Title: "Collections", About: f.collections.About, Report: f.collections.address}
	if s.Table = listedSheet(&f.collections, "collection", "collections, most jobs first"); s.Table == nil {
		s.Empty = "There is no collection yet."
	}
	return s
}
