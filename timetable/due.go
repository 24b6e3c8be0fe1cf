package timetable

import (
	"sync"
	"time"

	"github.com/robfig/cron/v3"
)

// look is how long a task sleeps at most before it looks at the clock again: so short
// that one of every minute is back within a minute. cron
// plans by the wall clock and sleeps until the plan: after an hour in which the clock
// was a year ahead, it would sleep for a year.
const look = 15 * time.Second

// due is when a task runs next by the wall clock, and what becomes of that when the
// clock jumps. cron only wakes the task: at that time by its own clock, and at least
// every 15 seconds.
//
//   - The clock jumps ahead: what became due meanwhile runs once.
//   - The clock jumps back: the next run is planned anew. A tick that comes again,
//     because the clock shows the same hour twice, is left out if the task has just
//     run.
type due struct {
	mu       sync.Mutex
	schedule cron.Schedule
	at       time.Time // by the wall clock
	ran      time.Time // the newest run, by Go's monotonic clock; zero: never
}

func (d *due) plan(s cron.Schedule, now time.Time) {
	at := s.Next(now)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.schedule, d.at = s, at
}

// now reports whether the task is due, and plans the run after it. elapsed is the
// present time by the monotonic clock, which no jump moves.
func (d *due) now(wall, elapsed time.Time) bool {
	next := d.planned().Next(wall)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.at.IsZero() { // a schedule of days that never come
		return false
	}
	if wall.Before(d.at) {
		if next.Before(d.at) {
			d.at = d.first(next, wall, elapsed)
		}
		return false
	}
	d.at, d.ran = next, elapsed
	return true
}

// first returns the first tick from next on that does not repeat one that has run:
// there must be a tenth of an interval between them.
func (d *due) first(next, wall, elapsed time.Time) time.Time {
	if d.ran.IsZero() {
		return next
	}
	after := d.schedule.Next(next)
	if since := elapsed.Sub(d.ran) + next.Sub(wall); since < after.Sub(next)/10 {
		return after
	}
	return next
}

// wait returns how long to sleep. The run that is due now may not be planned yet.
func (d *due) wait(wall time.Time) time.Duration {
	next := d.planned().Next(wall)
	d.mu.Lock()
	defer d.mu.Unlock()
	if wall.Before(d.at) {
		next = d.at
	}
	if next.IsZero() {
		return look
	}
	return min(next.Sub(wall), look)
}

func (d *due) planned() cron.Schedule {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.schedule
}

// waker is the schedule that cron gets in place of the task's own. It is one of
// durations, which cron measures by the monotonic clock.
type waker struct {
	due *due
	now func() time.Time
}

// Next implements [cron.Schedule].
func (w waker) Next(t time.Time) time.Time { return t.Add(w.due.wait(w.now().Round(0))) }
