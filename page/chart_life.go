package page

import (
	"fmt"
	"slices"
	"time"
)

// drawLife draws the transitions of a job over time. Each lies somewhere in an
// interval, and so does each bar; above them is the state, known where it is
// whole and unknown where it is dotted.
func drawLife(history, jobs *rowSet) *lanesChart {
	if len(history.rows) == 0 {
		return nil
	}
	axis := lifeAxis(history, jobs)
	c := &lanesChart{
		ID: "life-chart", Desc: "Each transition happened within its bar. The table below has the same times.", Ticks: axis.clockTicks(),
		Legend: []swatch{{Kind: "before", Word: "somewhere in here it changed"}},
	}
	whole, known := stateLane(history, jobs, axis)
	for _, row := range history.rows[:min(len(history.rows), pageLanes)] {
		c.Rows = append(c.Rows, lifeLane(history, row, axis))
	}
	c.Rows = append([]lane{whole}, c.Rows...)
	if len(history.rows) > pageLanes {
		c.Note = fmt.Sprintf("The first %d of %d transitions.", pageLanes, len(history.rows))
	}
	for _, state := range []string{"pending", "running", "unknown", "completed", "failed", "cancelled", "gone"} {
		if known[state] {
			c.Legend = append(c.Legend, swatch{Kind: state, Word: state})
		}
	}
	return c
}

// stateLane is the state over time, and which states are in it. What is only
// named otherwise stays what it was.
func stateLane(history, jobs *rowSet, axis dateAxis) (l lane, known map[string]bool) {
	rows := slices.DeleteFunc(slices.Clone(history.rows), func(row []any) bool { return history.text(row, "kind") == "renamed" })
	l, known = lane{Name: "State", Tooltip: "The state, from " + clocks(axis.from, axis.until)}, map[string]bool{}
	for i, row := range rows {
		from, to, open := history.interval(row)
		if open {
			from = axis.from
		}
		state, until := presence(history, row), axis.until
		switch {
		case i+1 < len(rows):
			until, _, _ = history.interval(rows[i+1])
		case state != "gone": // nobody knows what it is after the last look
			if seen, ok := jobs.time(jobs.rows[0], "last_seen_at"); ok && seen.Before(until) {
				until = seen
			}
		}
		if from.Before(axis.until) {
			l.Bars = append(l.Bars, laneBar("before", axis.at(from), axis.at(to), wholeLane, "nobody knows"))
		}
		if until.After(to) && to.Before(axis.until) {
			l.Bars = append(l.Bars, laneBar(state, axis.at(to), axis.at(until), wholeLane, state+" from "+clocks(to, until)))
			known[state] = true
		}
	}
	return l, known
}

func lifeLane(history *rowSet, row []any, axis dateAxis) lane {
	from, to, open := history.interval(row)
	l := lane{Name: history.text(row, "kind"), Within: history.text(row, "to_state"), Value: clocks(from, to)}
	switch {
	case l.Name == "moved":
		before, after := "from_state", "to_state"
		if history.text(row, before) == history.text(row, after) { // another word of the service for the same state
			before, after = "from_raw_state", "to_raw_state"
		}
		l.Name, l.Within = "moved to "+shown(history.text(row, after)), "from "+shown(history.text(row, before))
	case l.Name == "renamed":
		l.Name, l.Within = "renamed", shown(history.text(row, "collection"))
	case l.Name == "gone":
		l.Within = "was " + history.text(row, "from_state")
	}
	kind := presence(history, row)
	if open {
		kind, from, l.Value = "before", axis.from, "by "+clock(to)+", at the first look"
	}
	l.Tooltip = l.Name + ", " + l.Value
	if from.After(axis.until) {
		l.Value += " →"
		return l
	}
	l.Bars = []bar{laneBar(kind, axis.at(from), axis.at(to), wholeLane, l.Value)}
	return l
}

// presence is what a job is from a transition on: its state, or gone.
func presence(history *rowSet, row []any) string {
	if state := history.text(row, "to_state"); state != "" {
		return state
	}
	return "gone"
}

// interval is when a transition happened: after from, and no later than to.
// It is open where nobody had looked before.
func (g *rowSet) interval(row []any) (from, to time.Time, open bool) {
	to, _ = g.time(row, "observed_at")
	from, known := g.time(row, "not_before")
	if !known {
		return to, to, true
	}
	return from, to, false
}

// lifeAxis reaches over all that is worth looking at: how long a finished job
// stays listed until it is gone would leave no room for the rest.
func lifeAxis(history, jobs *rowSet) dateAxis {
	rows := history.rows
	first, begun, open := history.interval(rows[0])
	last := rows[len(rows)-1]
	if history.text(last, "kind") == "gone" && len(rows) > 1 && ended(history.text(last, "from_state")) {
		last = rows[len(rows)-2]
	}
	_, until, _ := history.interval(last)
	if state := jobs.text(jobs.rows[0], "state"); !ended(state) {
		if seen, ok := jobs.time(jobs.rows[0], "last_seen_at"); ok {
			until = later(until, seen)
		}
	}
	room := max(time.Minute, until.Sub(first)/12)
	if open {
		first = begun.Add(-room)
	}
	return dateAxis{first, until.Add(room)}
}

func ended(state string) bool {
	return state == "completed" || state == "failed" || state == "cancelled"
}

// clockTicks gives some places on the axis at which a clock shows something
// round.
func (a dateAxis) clockTicks() []mark {
	const day = 24 * time.Hour
	step := 7 * day
	for _, s := range []time.Duration{
		10 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day,
	} {
		if a.until.Sub(a.from) <= 6*s {
			step = s
			break
		}
	}
	for float64(a.until.Sub(a.from)) > 6*float64(step) { // centuries, if a clock was wrong
		step *= 2
	}
	layout := "15:04"
	switch {
	case step >= day:
		layout = "2 Jan"
	case step < time.Minute:
		layout = time.TimeOnly
	case a.until.Sub(a.from) > day:
		layout = "2 Jan 15:04"
	}
	var marks []mark
	for t, i := a.from.Truncate(step), 0; !t.After(a.until); t = t.Add(step) {
		if t.Before(a.from) {
			continue
		}
		at := a.at(t)
		marks = append(marks, mark{X: percent(at), Label: t.Format(layout), Anchor: anchorAt(at), Minor: i%2 == 1})
		i++
	}
	return marks
}

// clocks says between when, and a day that is the same but once.
func clocks(from, to time.Time) string {
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return clock(from) + " to " + to.Format(time.TimeOnly)
	}
	return clock(from) + " to " + clock(to)
}

func clock(t time.Time) string { return t.Format("2 Jan 15:04:05") }
