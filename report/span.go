package report

import (
	"fmt"
	"time"
)

// Span returns a duration for people, in two units at most and rounded down: 42s,
// 4m10s, 25m, 3h12m, 2d4h.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = max(0, d).Truncate(spanUnit(d)); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return two(d, time.Minute, "m", time.Second, "s")
	case d < day:
		return two(d, time.Hour, "h", time.Minute, "m")
	default:
		return two(d, day, "d", time.Hour, "h")
	}
}

// SpanUp is [Span] rounded up.
func SpanUp(d time.Duration) string { return Span(d + spanUnit(d) - 1) }

// spanUnit is the unit to which Span rounds.
func spanUnit(d time.Duration) time.Duration {
	switch {
	case d < 10*time.Minute:
		return time.Second
	case d < 24*time.Hour:
		return time.Minute
	}
	return time.Hour
}

func two(d, big time.Duration, bigName string, small time.Duration, smallName string) string {
	text := fmt.Sprintf("%d%s", d/big, bigName)
	if rest := d % big / small; rest > 0 {
		text += fmt.Sprintf("%d%s", rest, smallName)
	}
	return text
}

// Bounds returns a range of seconds: "4m to 9m". A bound that is nil is not known.
// The range is "" where neither bound says anything.
func Bounds(least, most *float64) string {
	switch {
	case most == nil && (least == nil || *least == 0):
		return ""
	case most == nil:
		return "over " + Span(Seconds(*least))
	case least == nil || *least < 1:
		return "under " + SpanUp(Seconds(*most))
	}
	from, to := Span(Seconds(*least)), SpanUp(Seconds(*most))
	if from == to {
		return to
	}
	return from + " to " + to
}

// Seconds returns a duration of seconds.
func Seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
