package config

import (
	"errors"
	"strings"
	"time"
	_ "time/tzdata" // a container made from scratch has no time zones

	"github.com/robfig/cron/v3"
)

// Schedule is when a task runs: a listing, an export, a backup or a prune.
type Schedule struct {
	cron.Schedule
	Spelling string // as in the settings
}

// Set reports whether there is a schedule: a task whose setting is "" has none.
func (s Schedule) Set() bool { return s.Schedule != nil }

// timezone returns the zone of all schedules. It refuses "Local", which differs
// from machine to machine and is UTC in most containers: one settings file would
// have several meanings.
func (t *table) timezone(key string) *time.Location {
	x, ok := t.text(key, `a string such as "Asia/Shanghai"`)
	if !ok {
		return time.UTC
	}
	if x.value == "Local" {
		t.problem(key, `%v differs from machine to machine: name a zone, such as "UTC" or "Asia/Shanghai"`, x)
		return time.UTC
	}
	zone, err := time.LoadLocation(x.value)
	if err != nil || x.value == "" { // the library reads "" as UTC
		t.problem(key, `%v is not a time zone: write it like "UTC" or "Asia/Shanghai"`, x)
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
		t.problem(key, `%v is not a schedule%s`, x, x.because(err))
		return Schedule{}
	}
	return Schedule{Schedule: s, Spelling: x.value}
}

// optionalSchedule returns a schedule, or none for "".
func (t *table) optionalSchedule(key string, zone *time.Location) Schedule {
	if x, ok := t.text(key, "a string"); !ok || x.value == "" {
		return Schedule{}
	}
	return t.schedule(key, zone)
}

// ParseSchedule parses the five fields of cron, @every, and descriptors such as
// @hourly. It refuses schedules that the cron library accepts and then changes.
func ParseSchedule(spelling string, zone *time.Location) (cron.Schedule, error) {
	spec := strings.Join(strings.Fields(spelling), " ")
	if spec == "" {
		return nil, errors.New(`it is empty: write it like "@every 5m" or "*/5 * * * *"`)
	}
	if strings.HasPrefix(spec, "TZ=") || strings.HasPrefix(spec, "CRON_TZ=") {
		return nil, errors.New("sync.timezone is the zone of all schedules")
	}
	if every, ok := strings.CutPrefix(spec, "@every"); ok {
		// The library would round to seconds, and turn 0s into 1s.
		d, err := time.ParseDuration(strings.TrimSpace(every))
		if err != nil || d < time.Second || d%time.Second != 0 {
			return nil, errors.New("@every takes whole seconds, at least one, such as 90s, 5m or 1h30m")
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
			return nil, errors.New("there is no such time")
		}
	}
	return s, nil
}

// neverFires finds schedules such as the 30th of February. The library searches
// five years, which from 2024 on include a 29th of February.
func neverFires(s *cron.SpecSchedule) bool {
	if s.Minute == 0 || s.Hour == 0 || s.Dom == 0 || s.Month == 0 || s.Dow == 0 {
		return true // a field of nothing but commas
	}
	return s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero()
}
