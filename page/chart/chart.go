// Package chart computes SVG charts for pages: a column a day ([DrawDays]), or
// lanes below each other on one axis ([Lanes]).
//
// It computes positions, not markup. From left to right they are per cent, from
// top to bottom they are pixels, so a chart fills whatever width it gets, on a
// phone or on paper, and its letters keep their size. Templates write the
// markup and a style sheet chooses the colours by the word in Kind.
//
// The package knows counts, shares and times, and nothing of the archive.
package chart

import (
	"math"

	"importarchive/report"
)

// Bar is a rectangle.
type Bar struct {
	Kind                string // the name of its colour in the style sheet
	X, Y, Width, Height string
	Value               int64
	Tooltip             string
}

// Mark is a label at a place on an axis.
type Mark struct {
	X, Y, Label, Anchor string
	Minor               bool // hidden where there is little room
}

// Swatch is a line of the legend.
type Swatch struct{ Kind, Word, Total string }

// Percent returns a share of the width as SVG has it.
func Percent(share float64) string { return report.Decimal(100*share) + "%" }

// AnchorAt returns the anchor that keeps a label within the drawing.
func AnchorAt(share float64) string {
	switch {
	case share < 0.04:
		return "start"
	case share > 0.96:
		return "end"
	}
	return "middle"
}

// roundSteps returns a round step such that about four of them reach the greatest
// value from 0, and how many it takes.
func roundSteps(greatest int64) (step, steps int64) {
	step = 1
	for i := 0; step*4 < greatest; i++ {
		step = [...]int64{2, 5, 10}[i%3] * int64(math.Pow10(i/3))
	}
	return step, max(1, (greatest+step-1)/step)
}

// brief returns a short text of a count, for the axis: 12k, 1.5M.
func brief(n int64) string {
	switch {
	case n >= 1_000_000:
		return report.Decimal(float64(n)/1e6) + "M"
	case n >= 10_000:
		return report.Decimal(float64(n)/1e3) + "k"
	}
	return report.Grouped(n)
}
