package config

import (
	"time"

	"importarchive/db"
	"importarchive/report"
)

// Retention is the [retention] table: what is kept no longer, and when
// the service sees to it.
type Retention struct {
	Schedule Schedule // none: the service does not prune
	Keep     db.Retention
	Export   string // as typed; "" for none
}

// scheduled says whether the service is to prune.
func (r *Retention) Scheduled() bool { return r.Schedule.Schedule != nil }

func (t *table) retention(sync Sync) Retention {
	r := Retention{Keep: db.Retention{
		Completed: t.age("completed"), Failed: t.age("failed"), Cancelled: t.age("cancelled"), Lost: t.age("lost"), Runs: t.age("runs"),
	}}
	before := len(t.problems)
	r.Schedule = t.optionalSchedule("schedule", sync.Timezone)
	if r.Scheduled() && r.Keep == (db.Retention{}) && len(t.problems) == before {
		t.problem("schedule", `there is nothing to prune: set an age such as completed = "365d", or leave the schedule out`)
	}
	r.Export = t.folder("export", "/var/lib/importarchive/pruned", false, "")
	return r
}

// maxAge is what Go's durations can hold, about.
const maxAge = 100 * 365 * 24 * time.Hour

// age gives an age, or 0 for none. Short ones are taken: a small service may
// want hours, and what was pruned is known for ever all the same.
func (t *table) age(key string) time.Duration {
	x, ok := t.text(key, `an age in quotes, such as "365d"`)
	if !ok || x.value == "" {
		return 0
	}
	days, rest, err := report.ParseAge(x.value)
	if err != nil {
		t.problem(key, `%v is no age: write it like "365d", "52w", "36h" or "1d12h", or "" for ever`, x)
		return 0
	}
	d := min(time.Duration(days)*24*time.Hour+min(rest, maxAge), 2*maxAge)
	if !inRange(t, key, d, x, time.Second, maxAge, "short", "long", "it takes 1s to 36500d") {
		return 0
	}
	return d
}
