package report

import (
	"fmt"
	"time"
)

// span spells a duration for people, in two units at most and never longer
// than it is: 42s, 4m10s, 25m, 3h12m, 2d4h.
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

// spanUp is span, never shorter than it is.
func SpanUp(d time.Duration) string { return Span(d + spanUnit(d) - 1) }

// spanUnit is what span rounds to.
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

// bounds says how long a job took, as far as its sightings tell: "4m to 9m".
func Bounds(least, most *float64) string {
	switch {
	case most == nil && (least == nil || *least == 0):
		return ""
	case most == nil:
		return "over " + Span(Seconds(*least))
	case least == nil || *least < 1:
		return "under " + SpanUp(Seconds(*most))
	}
	return Span(Seconds(*least)) + " to " + SpanUp(Seconds(*most))
}

func Seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// counted is a number and what it is of: 1 job, 2 jobs.
func Counted(n int64, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%d %s", n, of)
}

// size spells a number of bytes for people.
func Size(bytes uint64) string {
	if bytes < 10<<30 {
		return fmt.Sprintf("%d MB", bytes>>20)
	}
	return fmt.Sprintf("%d GB", bytes>>30)
}
