package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Decimal gives a number with two decimals at most.
func Decimal(f float64) string {
	text := strconv.FormatFloat(f, 'f', 2, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

// Grouped gives a count with thousands separators.
func Grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Plural gives a count and the noun for it.
func Plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Grouped(n) + " " + many
}

// Rounded gives a percentage with one decimal; less than a hundred never becomes
// 100.
func Rounded(percent float64) string {
	if percent > 99.9 && percent < 100 {
		percent = 99.9
	}
	return Decimal(math.Round(percent*10) / 10)
}

// Span gives a duration for people, in two units at most.
func Span(seconds float64) string {
	if seconds < 59.95 {
		return Decimal(math.Round(seconds*10)/10) + " s"
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

// Bounds gives a range of durations; it is open where most has no bound.
func Bounds(least, most float64, bounded bool) string {
	switch {
	case !bounded:
		return "at least " + Span(least)
	case Span(least) == Span(most):
		return Span(most)
	case least <= 0:
		return "up to " + Span(most)
	}
	return Span(least) + " to " + Span(most)
}
