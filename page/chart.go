package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Charts are SVG whose places are per cent from left to right and pixels from
// top to bottom: they fill whatever width there is, on a phone or on paper,
// and their letters keep their size. Go says where things are, the templates
// draw them, the style sheet paints them.

// bar is a rectangle.
type bar struct {
	Kind                string // what the style sheet paints it as
	X, Y, Width, Height string
	Value               int64
	Tooltip             string
}

// mark is a place on an axis and what stands there.
type mark struct {
	X, Y, Label, Anchor string
	Minor               bool // left out where there is little room
}

// swatch is a line of the legend.
type swatch struct{ Kind, Word, Total string }

// percent spells a share of the width.
func percent(share float64) string { return decimal(100*share) + "%" }

func decimal(f float64) string {
	text := strconv.FormatFloat(f, 'f', 2, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

// anchorAt keeps a label within the drawing.
func anchorAt(share float64) string {
	switch {
	case share < 0.04:
		return "start"
	case share > 0.96:
		return "end"
	}
	return "middle"
}

// roundSteps gives the step of an axis from 0 that shows a greatest value in
// about four steps, and how many of them it takes.
func roundSteps(greatest int64) (step, steps int64) {
	step = 1
	for i := 0; step*4 < greatest; i++ {
		step = [...]int64{2, 5, 10}[i%3] * int64(math.Pow10(i/3))
	}
	return step, max(1, (greatest+step-1)/step)
}

// grouped spells a count for people.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// brief spells a count in the space beside an axis.
func brief(n int64) string {
	switch {
	case n >= 1_000_000:
		return decimal(float64(n)/1e6) + "M"
	case n >= 10_000:
		return decimal(float64(n)/1e3) + "k"
	}
	return grouped(n)
}

// plural spells a count and what it counts.
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

// rounded spells a per cent with one decimal, and never makes a whole hundred
// of what is less.
func rounded(percent float64) string {
	if percent > 99.9 && percent < 100 {
		percent = 99.9
	}
	return decimal(math.Round(percent*10) / 10)
}

// span spells a length of time for people, with two units at most.
func span(seconds float64) string {
	if seconds < 59.95 {
		return decimal(math.Round(seconds*10)/10) + " s"
	}
	units := [...]struct {
		seconds int64
		name    string
	}{{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}}
	for i, unit := range units[:3] {
		below := units[i+1]
		rest := int64(math.Round(seconds/float64(below.seconds))) * below.seconds
		if rest < unit.seconds {
			continue
		}
		whole, part := rest/unit.seconds, rest%unit.seconds/below.seconds
		if part == 0 {
			return fmt.Sprintf("%d %s", whole, unit.name)
		}
		return fmt.Sprintf("%d %s %d %s", whole, unit.name, part, below.name)
	}
	return "1 min"
}

// bounds spells a range of lengths of time. One without an upper end is open.
func bounds(least, most float64, bounded bool) string {
	switch {
	case !bounded:
		return "at least " + span(least)
	case span(least) == span(most):
		return span(most)
	case least <= 0:
		return "up to " + span(most)
	}
	return span(least) + " to " + span(most)
}
