// Package life draws what happened to one job.
package life

import (
	"fmt"
	"slices"
	"time"

	"importarchive/page/chart"
	"importarchive/page/rowset"
	"importarchive/report"
)

// Draw draws the transitions of a job, each as a bar over the interval in
// which it happened. The lane above them shows the state, dotted where it is
// not known.
func Draw(history, jobs *rowset.Set) *chart.Lanes {
	if len(history.Rows) == 0 {
		return nil
	}
	axis := lifeAxis(history, jobs)
	c := &chart.Lanes{
		ID: "life-chart", Desc: "Each transition happened within its bar. The table below has the same times.", Ticks: axis.ClockTicks(),
		Legend: []chart.Swatch{{Kind: "before", Word: "somewhere in here it changed"}},
	}
	whole, known := stateLane(history, jobs, axis)
	for _, row := range history.Rows[:min(len(history.Rows), chart.MostLanes)] {
		c.Rows = append(c.Rows, lifeLane(history, row, axis))
	}
	c.Rows = append([]chart.Lane{whole}, c.Rows...)
	if len(history.Rows) > chart.MostLanes {
		c.Note = fmt.Sprintf("The first %d of %d transitions.", chart.MostLanes, len(history.Rows))
	}
	for _, state := range []string{"pending", "running", "unknown", "completed", "failed", "cancelled", "gone"} {
		if known[state] {
			c.Legend = append(c.Legend, chart.Swatch{Kind: state, Word: state})
		}
	}
	return c
}

// stateLane draws the state over time, and returns the states that it has. A
// renamed collection changes no state.
func stateLane(history, jobs *rowset.Set, axis chart.DateAxis) (l chart.Lane, known map[string]bool) {
	rows := slices.DeleteFunc(slices.Clone(history.Rows), func(row []any) bool { return history.Text(row, "kind") == "renamed" })
	l, known = chart.Lane{Name: "State", Tooltip: "The state, from " + clocks(axis.From, axis.Until)}, map[string]bool{}
	for i, row := range rows {
		from, to, open := interval(history, row)
		if open {
			from = axis.From
		}
		state, until := presence(history, row), axis.Until
		switch {
		case i+1 < len(rows):
			until, _, _ = interval(history, rows[i+1])
		case state != "gone": // after the last sighting the state is not known
			if seen, ok := jobs.Time(jobs.Rows[0], "last_seen_at"); ok && seen.Before(until) {
				until = seen
			}
		}
		if from.Before(axis.Until) {
			l.Bars = append(l.Bars, chart.LaneBar("before", axis.At(from), axis.At(to), chart.WholeLane, "unknown"))
		}
		if until.After(to) && to.Before(axis.Until) {
			l.Bars = append(l.Bars, chart.LaneBar(state, axis.At(to), axis.At(until), chart.WholeLane, state+" from "+clocks(to, until)))
			known[state] = true
		}
	}
	return l, known
}

func lifeLane(history *rowset.Set, row []any, axis chart.DateAxis) chart.Lane {
	from, to, open := interval(history, row)
	l := chart.Lane{Name: history.Text(row, "kind"), Within: history.Text(row, "to_state"), Value: clocks(from, to)}
	switch {
	case l.Name == "moved":
		before, after := "from_state", "to_state"
		if history.Text(row, before) == history.Text(row, after) { // the service uses another word for the same state
			before, after = "from_raw_state", "to_raw_state"
		}
		l.Name, l.Within = "moved to "+report.Printable(history.Text(row, after)), "from "+report.Printable(history.Text(row, before))
	case l.Name == "renamed":
		l.Name, l.Within = "renamed", report.Printable(history.Text(row, "collection"))
	case l.Name == "gone":
		l.Within = "was " + history.Text(row, "from_state")
	}
	kind := presence(history, row)
	if open {
		kind, from, l.Value = "before", axis.From, "by "+clock(to)+", at the first run"
	}
	l.Tooltip = l.Name + ", " + l.Value
	if from.After(axis.Until) {
		l.Value += " →"
		return l
	}
	l.Bars = []chart.Bar{chart.LaneBar(kind, axis.At(from), axis.At(to), chart.WholeLane, l.Value)}
	return l
}

// presence returns the state of a job from a transition on, or "gone".
func presence(history *rowset.Set, row []any) string {
	if state := history.Text(row, "to_state"); state != "" {
		return state
	}
	return "gone"
}

// interval returns when a transition happened: after from, and no later than to.
// It is open for a transition of the first run.
func interval(g *rowset.Set, row []any) (from, to time.Time, open bool) {
	to, _ = g.Time(row, "observed_at")
	from, known := g.Time(row, "not_before")
	if !known {
		return to, to, true
	}
	return from, to, false
}

// lifeAxis returns an axis over the transitions. It leaves out the end of a
// finished job that is gone: the days until then would leave no room for the
// rest.
func lifeAxis(history, jobs *rowset.Set) chart.DateAxis {
	rows := history.Rows
	first, begun, open := interval(history, rows[0])
	last := rows[len(rows)-1]
	if history.Text(last, "kind") == "gone" && len(rows) > 1 && ended(history.Text(last, "from_state")) {
		last = rows[len(rows)-2]
	}
	_, until, _ := interval(history, last)
	if state := jobs.Text(jobs.Rows[0], "last_state"); !ended(state) {
		if seen, ok := jobs.Time(jobs.Rows[0], "last_seen_at"); ok && seen.After(until) {
			until = seen
		}
	}
	room := max(time.Minute, until.Sub(first)/12)
	if open {
		first = begun.Add(-room)
	}
	return chart.DateAxis{From: first, Until: until.Add(room)}
}

func ended(state string) bool {
	return state == "completed" || state == "failed" || state == "cancelled"
}

// clocks returns two times, and their day once where it is the same.
func clocks(from, to time.Time) string {
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return clock(from) + " to " + to.Format(time.TimeOnly)
	}
	return clock(from) + " to " + clock(to)
}

func clock(t time.Time) string { return t.Format("2 Jan 15:04:05") }
