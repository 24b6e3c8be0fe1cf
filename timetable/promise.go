package timetable

import (
	"time"

	"github.com/robfig/cron/v3"
)

// Expected is the time from one run to the next that a schedule promises: the
// longer of the present interval and the next one. A run by hand may come just
// before a tick, and a schedule may pause at night, so the time to the next tick
// alone says too little.
func Expected(s cron.Schedule, now time.Time) time.Duration {
	next := s.Next(now)
	return max(next.Sub(now), s.Next(next).Sub(next)).Round(time.Second)
}

// StaleAfter is the age at which the newest conclusive run, which ended at this
// time, makes its cluster stale: twice what the schedule promises. The archive
// records a gap by the same measure.
func StaleAfter(s cron.Schedule, conclusive time.Time) time.Duration {
	return 2 * Expected(s, conclusive)
}
