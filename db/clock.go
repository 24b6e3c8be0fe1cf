package db

import (
	"fmt"
	"strings"
	"time"
)

// ClockTolerance is how far our clock and a service's may be apart before the archive
// trusts neither. It is much more than a slow answer, or a machine without NTP for a
// month, and much less than any age that the settings can reasonably keep.
const ClockTolerance = time.Hour

// vouchless is for how long listings must have gone on after a gap, if no answer has
// the service's clock, before ages count again.
const vouchless = 24 * time.Hour

// Clocks is what the archive holds about the clock of one cluster's times. A wrong
// clock makes everything old, or young, at once, so all that judges ages asks
// [Clocks.Doubt] first.
type Clocks struct {
	Cluster string

	// Offset is the service's clock minus ours by the newest answer since Newest; nil
	// if no answer since then had the service's clock.
	Offset *time.Duration

	Newest    time.Time     // when the newest run that read something began
	Before    time.Time     // when the newest conclusive run ended; after Newest if that is the same
	ClockThen time.Time     // the same by the clock, which the archive may be ahead of
	GapEnded  time.Time     // the latest end of a gap; zero: none
	Expected  time.Duration // from one run to the next, by the schedule; 0: unknown
}

// Doubt returns why no age of this cluster can be judged; "" if ages can be.
//
// Our clock is right if the service's agrees with it, whatever happened before: after
// an outage of a month, the first answer is enough. Without the service's clock, a
// stretch without listings looks like a clock that jumped ahead. Then the listings
// must go on for a day first.
func (c *Clocks) Doubt() string {
	if c.Offset != nil {
		return OffsetDoubt(*c.Offset)
	}
	limit := 2 * c.Expected
	switch away := c.Newest.Sub(c.Before); {
	case c.Newest.IsZero() || c.Before.IsZero() || limit == 0:
		return ""
	case away > limit:
		return fmt.Sprintf("its newest run began %s after the one before, longer than its schedule explains, and the service sends no clock to compare with", days(away))
	}
	until := c.Newest
	if !c.ClockThen.IsZero() && c.ClockThen.Before(until) {
		until = c.ClockThen
	}
	if since := until.Sub(c.GapEnded); !c.GapEnded.IsZero() && since < max(vouchless, limit) {
		return fmt.Sprintf("a gap ended only %s before its newest run, and the service sends no clock to compare with", days(max(0, since)))
	}
	return ""
}

// Wrong reports whether a doubt is more than a wait after an outage: the two clocks
// disagree, or the newest listing was made by a clock that is ahead of ours now.
func (c *Clocks) Wrong(now time.Time) bool {
	return c.Offset != nil && OffsetDoubt(*c.Offset) != "" || c.Listed(now).Sub(now) > ClockTolerance
}

// Listed returns from when the age of the newest conclusive listing counts. While the
// archive is ahead of the clock, that is the clock as it was. Otherwise the archive's
// time is no earlier than the truth, whatever the clock was then.
func (c *Clocks) Listed(now time.Time) time.Time {
	if now.Before(c.Before) {
		return c.ClockThen
	}
	return c.Before
}

// OffsetDoubt returns what is wrong with two clocks that are so far apart; "" for
// clocks that agree. The offset is the service's clock minus ours.
func OffsetDoubt(offset time.Duration) string {
	switch {
	case offset < -ClockTolerance:
		return fmt.Sprintf("this machine's clock is %s ahead of the service's", days(-offset))
	case offset > ClockTolerance:
		return fmt.Sprintf("this machine's clock is %s behind the service's", days(offset))
	}
	return ""
}

// MendClock is what to do about a doubt.
const MendClock = "set this machine's clock by NTP, or tell who runs the service that its clock is wrong; the next run compares them again"

func days(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%d days", (d+12*time.Hour)/(24*time.Hour))
	}
	text := d.Round(time.Minute).String()
	if minutes, ok := strings.CutSuffix(text, "m0s"); ok {
		return minutes + "m"
	}
	return text
}
