package chart

import (
	"math"
	"time"
)

// MostLanes is how many lanes a chart has room for.
const MostLanes = 20

// Lanes is a chart of lanes below each other on one axis: ranges, shares,
// stretches of time.
type Lanes struct {
	ID, Desc, Note string
	Legend         []Swatch
	Ticks          []Mark
	Rows           []Lane
}

// Lane is one of the lanes.
type Lane struct {
	Name, Within, Value, Tooltip string
	Bars                         []Bar
	Mark                         string // where a line across is; "": none
}

// How a bar lies in its lane, which is 18 pixels high.
const (
	WholeLane  = iota // all of the track
	OuterRange        // around another
	InnerRange
)

// LaneBar draws a bar from one share of the width to another, wide enough to be
// seen.
func LaneBar(kind string, from, to float64, place int, tooltip string) Bar {
	from, to = min(1, max(0, from)), min(1, max(0, to))
	if to-from < 0.004 {
		from = min(from, 0.996)
		to = from + 0.004
	}
	b := Bar{Kind: kind, X: Percent(from), Width: Percent(to - from), Y: "3", Height: "12", Tooltip: tooltip}
	switch place {
	case OuterRange:
		b.Y, b.Height = "4", "10"
	case InnerRange:
		b.Y, b.Height = "5.5", "7"
	}
	return b
}

// SpanAxis is a logarithmic axis of durations: it has room for seconds and for
// days.
type SpanAxis struct{ least, most float64 }

// spanTick is a duration that people have a word for.
type spanTick struct {
	seconds float64
	label   string
	minor   bool
}

func spanTicks() []spanTick {
	return []spanTick{
		{1, "1 s", false},
		{10, "10 s", true},
		{60, "1 min", false},
		{600, "10 min", true},
		{3600, "1 h", false},
		{6 * 3600, "6 h", true},
		{86400, "1 d", false},
		{7 * 86400, "7 d", true},
		{30 * 86400, "30 d", false},
		{365 * 86400, "1 y", false},
	}
}

// NewSpanAxis returns an axis from the tick below all of these values to the one
// above them. Zero has no place on a logarithmic axis; it lies at the left end.
func NewSpanAxis(values []float64) SpanAxis {
	least, most := math.Inf(1), 0.0
	for _, v := range values {
		if v > 0 {
			least, most = min(least, v), max(most, v)
		}
	}
	ticks := spanTicks()
	low, high := 0, len(ticks)-1
	for low+1 < high && ticks[low+1].seconds <= least {
		low++
	}
	for high-1 > low && ticks[high-1].seconds >= most {
		high--
	}
	return SpanAxis{ticks[low].seconds, ticks[high].seconds}
}

// At returns the place of a duration as a share of the width.
func (a SpanAxis) At(seconds float64) float64 {
	if seconds <= a.least {
		return 0
	}
	return min(1, math.Log(seconds/a.least)/math.Log(a.most/a.least))
}

// Ticks returns the marks of the axis.
func (a SpanAxis) Ticks() []Mark {
	var marks []Mark
	for _, tick := range spanTicks() {
		if tick.seconds < a.least || tick.seconds > a.most {
			continue
		}
		at := a.At(tick.seconds)
		marks = append(marks, Mark{X: Percent(at), Label: tick.label, Anchor: AnchorAt(at), Minor: tick.minor})
	}
	return marks
}

// DateAxis is an axis of times.
type DateAxis struct{ From, Until time.Time }

// At returns the place of a time as a share of the width.
func (a DateAxis) At(t time.Time) float64 {
	return float64(t.Sub(a.From)) / float64(a.Until.Sub(a.From))
}

// Ticks returns a mark for each day, or for each week of a longer axis.
func (a DateAxis) Ticks() []Mark {
	var marks []Mark
	day, step := a.Until.Truncate(24*time.Hour), 7
	if a.Until.Sub(a.From) < 10*24*time.Hour {
		step = 1
	}
	for i := 0; !day.Before(a.From); i++ {
		at := a.At(day)
		marks = append(marks, Mark{X: Percent(at), Label: day.Format("2 Jan"), Anchor: AnchorAt(at), Minor: i%2 == 1})
		day = day.AddDate(0, 0, -step)
	}
	return marks
}

// ClockTicks returns marks at round times of the clock.
func (a DateAxis) ClockTicks() []Mark {
	const day = 24 * time.Hour
	step := 7 * day
	for _, s := range []time.Duration{
		10 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day,
	} {
		if a.Until.Sub(a.From) <= 6*s {
			step = s
			break
		}
	}
	for float64(a.Until.Sub(a.From)) > 6*float64(step) { // a wrong clock makes centuries
		step *= 2
	}
	layout := "15:04"
	switch {
	case step >= day:
		layout = "2 Jan"
	case step < time.Minute:
		layout = time.TimeOnly
	case a.Until.Sub(a.From) > day:
		layout = "2 Jan 15:04"
	}
	var marks []Mark
	for t, i := a.From.Truncate(step), 0; !t.After(a.Until); t = t.Add(step) {
		if t.Before(a.From) {
			continue
		}
		at := a.At(t)
		marks = append(marks, Mark{X: Percent(at), Label: t.Format(layout), Anchor: AnchorAt(at), Minor: i%2 == 1})
		i++
	}
	return marks
}
