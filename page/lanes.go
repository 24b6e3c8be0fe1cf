package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"importarchive/page/chart"
	"importarchive/page/rowset"
	"importarchive/report"
)

// busiest returns the rows that a chart has room for: those of most weight. Rows
// of equal weight are in the order of the report.
func busiest(g *rowset.Set, what string, weight func(row []any) int64) (rows [][]any, note string) {
	rows = slices.Clone(g.Rows)
	slices.SortStableFunc(rows, func(a, b []any) int { return cmp.Compare(weight(b), weight(a)) })
	if len(rows) <= chart.MostLanes {
		return rows, ""
	}
	return rows[:chart.MostLanes], fmt.Sprintf("The %d with the most %s of %s.", chart.MostLanes, what, report.Grouped(int64(len(rows))))
}

// collectionLane returns a lane with the name of a collection, and of its cluster
// where there are several.
func (o *overview) collectionLane(g *rowset.Set, row []any) chart.Lane {
	l := chart.Lane{Name: shown(g.Text(row, "collection"))}
	if g.Value(row, "collection") == nil {
		l.Name = "no collection named"
	}
	if len(o.overview.Rows) != 1 {
		l.Within = shown(g.Text(row, "cluster"))
	}
	return l
}

func success(o *overview) section {
	g := &o.success
	s := section{ID: "success", Title: "Success", About: g.About, Report: g.Address}
	known := func(row []any) int64 {
		return g.Count(row, "completed") + g.Count(row, "failed") + g.Count(row, "lost")
	}
	rows, note := busiest(g, "jobs", known)
	rows = slices.DeleteFunc(rows, func(row []any) bool { return known(row) == 0 })
	if len(rows) == 0 {
		s.Empty = fmt.Sprintf("No job ended in the last %d days.", o.days)
		return s
	}
	s.Lead = fmt.Sprintf("Of the jobs that ended in the last %d days.", o.days)
	s.Lanes = &chart.Lanes{
		ID: "success-chart", Desc: "From left to right: the share that completed, the share that was lost, the share that failed.", Note: note,
		Legend: []chart.Swatch{{Kind: "completed", Word: "completed"}, {Kind: "lost", Word: "lost: either is possible"}, {Kind: "failed", Word: "failed"}},
	}
	for i := range 5 {
		at := float64(i) / 4
		s.Lanes.Ticks = append(s.Lanes.Ticks, chart.Mark{X: chart.Percent(at), Label: fmt.Sprintf("%d %%", 25*i), Anchor: chart.AnchorAt(at), Minor: i%2 == 1})
	}
	for _, row := range rows {
		s.Lanes.Rows = append(s.Lanes.Rows, o.successLane(row))
	}
	s.Table = listedTable(g, "collection", "collections")
	s.Table.Folded = numbers
	return s
}

// successLane draws the two bounds of the rate, with the lost jobs between them.
func (o *overview) successLane(row []any) chart.Lane {
	g := &o.success
	least, _ := g.Number(row, "min_percent")
	most, _ := g.Number(row, "max_percent")
	l := o.collectionLane(g, row)
	completed, failed, lost := g.Count(row, "completed"), g.Count(row, "failed"), g.Count(row, "lost")
	rate, known := g.Number(row, "success_percent")
	switch {
	case !known:
		l.Value = "unknown"
	case lost > 0:
		l.Value = fmt.Sprintf("%s %% (%s to %s)", report.Rounded(rate), report.Rounded(least), report.Rounded(most))
	default:
		l.Value = report.Rounded(rate) + " %"
	}
	l.Tooltip = fmt.Sprintf("%s: %s completed, %s failed, %s lost; success %s", l.Name, report.Grouped(completed), report.Grouped(failed), report.Grouped(lost), l.Value)
	for _, part := range []struct {
		kind     string
		from, to float64
		n        int64
	}{{"completed", 0, least, completed}, {"lost", least, most, lost}, {"failed", most, 100, failed}} {
		if part.n > 0 {
			l.Bars = append(l.Bars, chart.LaneBar(part.kind, part.from/100, part.to/100, chart.WholeLane, report.Plural(part.n, "job ", "jobs ")+part.kind))
		}
	}
	return l
}

func durations(o *overview) section {
	g := &o.durations
	s := section{ID: "durations", Title: "How long jobs take", About: g.About, Report: g.Address}
	rows, note := busiest(g, "jobs", func(row []any) int64 { return g.Count(row, "jobs") })
	if len(rows) == 0 {
		s.Empty = fmt.Sprintf("No job that was seen to appear completed in the last %d days.", o.days)
		return s
	}
	s.Lead = fmt.Sprintf("Of the jobs that were seen to appear, and completed in the last %d days.", o.days)
	note = strings.TrimSpace("On the right: the median, between its bounds. " + note)
	axis := chart.NewSpanAxis(g.Numbers(rows, "p50_min_seconds", "p50_max_seconds", "p95_min_seconds", "p95_max_seconds"))
	s.Lanes = &chart.Lanes{
		ID: "durations-chart", Desc: "Two ranges on a logarithmic axis: the true value lies within each.", Note: note,
		Legend: []chart.Swatch{{Kind: "middle", Word: "half of the jobs took no longer (p50)"}, {Kind: "late", Word: "95 of 100 took no longer (p95)"}},
		Ticks:  axis.Ticks(),
	}
	for _, row := range rows {
		l := o.collectionLane(g, row)
		half, halfSaid := rangeBar(axis, g, row, "middle", "p50", chart.InnerRange)
		most, mostSaid := rangeBar(axis, g, row, "late", "p95", chart.OuterRange)
		l.Bars = []chart.Bar{most, half}
		l.Value = halfSaid
		l.Tooltip = fmt.Sprintf("%s: %s; half took %s, 95 of 100 took %s or less", l.Name, report.Counted(g.Count(row, "jobs"), "job"), halfSaid, mostSaid)
		s.Lanes.Rows = append(s.Lanes.Rows, l)
	}
	s.Table = listedTable(g, "collection", "collections")
	s.Table.Folded = numbers
	return s
}

// rangeBar draws the range between two bounds. A range without an upper bound
// goes on to the end.
func rangeBar(axis chart.SpanAxis, g *rowset.Set, row []any, kind, what string, height int) (drawn chart.Bar, said string) {
	least, _ := g.Number(row, what+"_min_seconds")
	end := 1.0
	if most, bounded := g.Number(row, what+"_max_seconds"); bounded {
		end = axis.At(most)
	}
	said = g.Bounds(row, what+"_min_seconds", what+"_max_seconds")
	return chart.LaneBar(kind, axis.At(least), end, height, what+": "+said), said
}

func retention(o *overview) section {
	g := &o.retention
	s := section{ID: "retention", Title: "Retention", About: g.About, Report: g.Address}
	if len(g.Rows) == 0 {
		s.Empty = noCluster
		return s
	}
	axis := chart.NewSpanAxis(g.Numbers(g.Rows, "shortest_min_seconds", "shortest_max_seconds", "median_min_seconds", "median_max_seconds", "schedule_seconds"))
	ranges := &chart.Lanes{
		ID: "retention-chart", Note: "On the right: the shortest stay, between its bounds.", Desc: "Ranges on a logarithmic axis: the true time lies within each. The line across is the time between two runs.",
		Legend: []chart.Swatch{{Kind: "middle", Word: "shortest stay"}, {Kind: "late", Word: "median stay"}, {Kind: "mark", Word: "time between two runs"}},
		Ticks:  axis.Ticks(),
	}
	for _, row := range g.Rows {
		if _, measured := g.Number(row, "median_min_seconds"); !measured {
			continue
		}
		if len(ranges.Rows) == chart.MostLanes { // the rows of clusters in trouble are first
			ranges.Note += fmt.Sprintf(" The first %d clusters.", chart.MostLanes)
			break
		}
		l := chart.Lane{Name: shown(g.Text(row, "cluster"))}
		shortest, said := rangeBar(axis, g, row, "middle", "shortest", chart.InnerRange)
		median, medianSaid := rangeBar(axis, g, row, "late", "median", chart.OuterRange)
		l.Bars, l.Value = []chart.Bar{median, shortest}, said
		l.Tooltip = fmt.Sprintf("%s: shortest stay %s, median %s", l.Name, said, medianSaid)
		if schedule, ok := g.Number(row, "schedule_seconds"); ok {
			l.Mark = chart.Percent(axis.At(schedule))
			l.Tooltip += ", a run every " + report.Span(report.Seconds(schedule))
		}
		ranges.Rows = append(ranges.Rows, l)
	}
	if len(ranges.Rows) > 0 {
		s.Lanes = ranges
	} else {
		s.Empty = "No finished job has been seen to go away yet, so there is nothing to measure."
	}
	s.Table = listedTable(g, "cluster", "clusters", retentionColumns...)
	if len(g.Rows) > fleetSmall {
		s.Table.Folded = numbers
	}
	return s
}

// retentionColumns has the verdict right after the cluster that it concerns.
var retentionColumns = []string{
	"cluster", "verdict", "jobs", "shortest_min_seconds", "shortest_max_seconds", "median_min_seconds", "median_max_seconds", "schedule_seconds",
}

func gaps(o *overview) section {
	g := &o.gaps
	s := section{ID: "gaps", Title: "Gaps", About: g.About, Report: g.Address}
	if len(o.clusters.Rows) == 0 {
		s.Empty = noCluster
		return s
	}
	axis := chart.DateAxis{From: o.from, Until: o.now}
	s.Lanes = &chart.Lanes{
		ID: "gaps-chart", Desc: fmt.Sprintf("The last %d days, from left to right.", o.days), Ticks: axis.Ticks(),
		Legend: []chart.Swatch{{Kind: "gap", Word: "gap: no conclusive run"}, {Kind: "before", Word: "before the first run"}},
	}
	away := map[string]int64{} // how long, in the days that the chart covers
	for _, row := range g.Rows {
		from, _ := g.Time(row, "started_at")
		until, ended := g.Time(row, "ended_at")
		if !ended {
			until = axis.Until
		}
		away[g.Text(row, "cluster")] += int64(max(0, min(until.Sub(from), until.Sub(axis.From))))
	}
	rows, note := busiest(&o.clusters, "gaps", func(row []any) int64 { return away[o.clusters.Text(row, "name")] })
	s.Lanes.Note = note
	for _, row := range rows {
		s.Lanes.Rows = append(s.Lanes.Rows, o.gapLane(axis, row))
	}
	if s.Table = listedTable(g, "gap", "gaps, newest first"); s.Table == nil {
		s.Empty = "There is no gap: each cluster had its runs on schedule."
	} else {
		s.Table.Folded = numbers
	}
	return s
}

func (o *overview) gapLane(axis chart.DateAxis, cluster []any) chart.Lane {
	name := o.clusters.Text(cluster, "name")
	l := chart.Lane{Name: shown(name)}
	if first, ok := o.clusters.Time(cluster, "first_run_at"); !ok || first.After(axis.From) {
		if !ok {
			first = axis.Until
		}
		l.Bars = append(l.Bars, chart.LaneBar("before", 0, axis.At(first), chart.WholeLane, "before the first run"))
	}
	var n int64
	var length time.Duration
	for _, row := range o.gaps.Rows {
		if o.gaps.Text(row, "cluster") != name {
			continue
		}
		from, _ := o.gaps.Time(row, "started_at")
		until, ended := o.gaps.Time(row, "ended_at")
		said := fmt.Sprintf("%s to %s", from.Format("2 January 15:04"), until.Format("2 January 15:04"))
		if !ended {
			until, said = axis.Until, "since "+from.Format("2 January 15:04")
		}
		if !until.After(axis.From) || from.After(axis.Until) {
			continue
		}
		n++
		length += min(until.Sub(from), until.Sub(axis.From))
		l.Bars = append(l.Bars, chart.LaneBar("gap", axis.At(from), axis.At(until), chart.WholeLane, said))
	}
	l.Value = "no gap"
	if n > 0 {
		l.Value = report.Counted(n, "gap") + ", " + report.Span(length)
	}
	l.Tooltip = fmt.Sprintf("%s: %s in the last %d days", l.Name, l.Value, o.days)
	return l
}
