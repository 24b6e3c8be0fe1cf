package config

import (
	"errors"
	"strings"
	"time"
	_ "time/tzdata" // containers made from scratch have no zones of their own

	"github.com/robfig/cron/v3"
)

// Schedule is when something is done: a listing, an export, a backup, a prune.
type Schedule struct {
	cron.Schedule
	Spelling string // as in the settings
}

// timezone gives the zone of all schedules. "Local" is refused: it is
// another zone on every machine, and UTC in most containers, so that one
// settings file would mean several schedules.
func (t *table) timezone(key string) *time.Location {
	x, ok := t.text(key, `a string such as "Asia/Shanghai"`)
	if !ok {
		return time.UTC
	}
	if x.value == "Local" {
		t.problem(key, `%v is another zone on each machine: name it, such as "UTC" or "Asia/Shanghai"`, x)
		return time.UTC
	}
	zone, err := time.LoadLocation(x.value)
	if err != nil || x.value == "" { // the library takes "" for UTC
		t.problem(key, `%v is no time zone: write it like "UTC" or "Asia/Shanghai"`, x)
		return time.UTC
	}
	return zone
}

func (t *table) schedule(key string, zone *time.Location) Schedule {
	x, ok := t.text(key, "a string")
	if !ok {
		return Schedule{}
	}
	s, err := ParseSchedule(x.value, zone)
	if err != nil {
		t.problem(key, `%v is no schedule%s`, x, x.because(err))
		return Schedule{}
	}
	return Schedule{Schedule: s, Spelling: x.value}
}

// optionalSchedule gives a schedule, or none for "".
func (t *table) optionalSchedule(key string, zone *time.Location) Schedule {
	if x, ok := t.text(key, "a string"); !ok || x.value == "" {
		return Schedule{}
	}
	return t.schedule(key, zone)
}

// parseSchedule reads the five fields of cron, @every and the likes of
// @hourly, and refuses what the cron library would take and not keep.
func ParseSchedule(spelling string, zone *time.Location) (cron.Schedule, error) {
	spec := strings.Join(strings.Fields(spelling), " ")
	if spec == "" {
		return nil, errors.New(`it is empty: write it like "@every 5m" or "*/5 * * * *"`)
	}
	if strings.HasPrefix(spec, "TZ=") || strings.HasPrefix(spec, "CRON_TZ=") {
		return nil, errors.New("the zone of all schedules is sync.timezone")
	}
	if every, ok := strings.CutPrefix(spec, "@every"); ok {
		// The library rounds, and makes a second of nothing.
		d, err := time.ParseDuration(strings.TrimSpace(every))
		if err != nil || d < time.Second || d%time.Second != 0 {
			return nil, errors.New("@every takes whole seconds from 1s on, such as 90s, 5m or 1h30m")
		}
		return cron.Every(d), nil
	}
	s, err := cron.ParseStandard(spec)
	if err != nil {
		return nil, err
	}
	if fields, ok := s.(*cron.SpecSchedule); ok {
		fields.Location = zone
		if neverFires(fields) {
			return nil, errors.New("it never comes round")
		}
	}
	return s, nil
}

// neverFires finds schedules such as the 30th of February. The library looks
// five years ahead; from 2024 on, these have a 29th of February.
func neverFires(s *cron.SpecSchedule) bool {
	if s.Minute == 0 || s.Hour == 0 || s.Dom == 0 || s.Month == 0 || s.Dow == 0 {
		return true // a field of nothing but commas
	}
	return s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero()
}
