package config

import (
	"time"

	"importarchive/db"
	"importarchive/report"
)

// Retention is the [retention] table: how long the archive keeps jobs and runs,
// and when the service prunes.
type Retention struct {
	Schedule Schedule // none: the service does not prune
	Keep     db.Retention
	Export   string // as typed; "" for none
}

func (t *table) retention(sync Sync) Retention {
	r := Retention{Keep: db.Retention{
		Completed: t.age("completed"), Failed: t.age("failed"), Cancelled: t.age("cancelled"), Lost: t.age("lost"), Runs: t.age("runs"),
		Rejects: t.age("rejects"),
	}}
	before := len(t.problems)
	r.Schedule = t.optionalSchedule("schedule", sync.Timezone)
	if r.Schedule.Set() && r.Keep == (db.Retention{}) && len(t.problems) == before {
		t.problem("schedule", `there is nothing to prune: set an age such as completed = "365d", or remove the schedule`)
	}
	r.Export = t.folder("export", "/var/lib/importarchive/pruned", false, "")
	return r
}

// maxAge is less than the longest duration of Go, 292 years.
const maxAge = 100 * 365 * 24 * time.Hour

// age returns an age, or 0 for none. An age of seconds is valid: a small service
// may want hours, and a pruned job is not forgotten.
func (t *table) age(key string) time.Duration {
	x, ok := t.text(key, `an age in quotes, such as "365d"`)
	if !ok || x.value == "" {
		return 0
	}
	days, rest, err := report.ParseAge(x.value)
	if err != nil {
		t.problem(key, `%v is not an age: write it like "365d", "52w", "36h" or "1d12h", or "" for ever`, x)
		return 0
	}
	d := min(time.Duration(days)*24*time.Hour+min(rest, maxAge), 2*maxAge)
	if !inRange(t, key, d, x, time.Second, maxAge, "short", "long", "it takes 1s to 36500d") {
		return 0
	}
	return d
}
