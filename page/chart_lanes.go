package page

import (
	"math"
	"time"
)

// lanesChart is a lane a thing, all on one axis: ranges, shares, stretches of
// time.
type lanesChart struct {
	ID, Desc, Note string
	Legend         []swatch
	Ticks          []mark
	Rows           []lane
}

type lane struct {
	Name, Within, Value, Tooltip string
	Bars                         []bar
	Mark                         string // where the line across is; "": none
}

// Where a bar lies in its lane, which is 18 high.
const (
	wholeLane  = iota // all of the track
	outerRange        // around another
	innerRange
)

// laneBar draws from one share of the width to another. What is too short to
// be seen is drawn as a hair.
func laneBar(kind string, from, to float64, place int, tooltip string) bar {
	from, to = min(1, max(0, from)), min(1, max(0, to))
	if to-from < 0.004 {
		from = min(from, 0.996)
		to = from + 0.004
	}
	b := bar{Kind: kind, X: percent(from), Width: percent(to - from), Y: "3", Height: "12", Tooltip: tooltip}
	switch place {
	case outerRange:
		b.Y, b.Height = "4", "10"
	case innerRange:
		b.Y, b.Height = "5.5", "7"
	}
	return b
}

// spanAxis is a logarithmic axis of lengths of time: a bound of seconds and
// one of days both have their place on it.
type spanAxis struct{ least, most float64 }

// spanTick is a place on such an axis that people have a word for.
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

// newSpanAxis reaches from the tick below all of these values to the one above
// them. Zero has no place on such an axis, it lies at its left end.
func newSpanAxis(values []float64) spanAxis {
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
	return spanAxis{ticks[low].seconds, ticks[high].seconds}
}

func (a spanAxis) at(seconds float64) float64 {
	if seconds <= a.least {
		return 0
	}
	return min(1, math.Log(seconds/a.least)/math.Log(a.most/a.least))
}

func (a spanAxis) ticks() []mark {
	var marks []mark
	for _, tick := range spanTicks() {
		if tick.seconds < a.least || tick.seconds > a.most {
			continue
		}
		at := a.at(tick.seconds)
		marks = append(marks, mark{X: percent(at), Label: tick.label, Anchor: anchorAt(at), Minor: tick.minor})
	}
	return marks
}

// dateAxis is the stretch of time that the page looks back on.
type dateAxis struct{ from, until time.Time }

func (a dateAxis) at(t time.Time) float64 {
	return float64(t.Sub(a.from)) / float64(a.until.Sub(a.from))
}

func (a dateAxis) ticks() []mark {
	var marks []mark
	day, step := a.until.Truncate(24*time.Hour), 7
	if a.until.Sub(a.from) < 10*24*time.Hour {
		step = 1
	}
	for i := 0; !day.Before(a.from); i++ {
		at := a.at(day)
		marks = append(marks, mark{X: percent(at), Label: day.Format("2 Jan"), Anchor: anchorAt(at), Minor: i%2 == 1})
		day = day.AddDate(0, 0, -step)
	}
	return marks
}
