package cli

import (
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/sqlite"
	"importarchive/report"
)

// check reports a clock that differs, and does not treat it as damage. Times that
// agree narrow the bounds of their jobs.
func TestCheckReportsTimesOfTheServiceThatContradictOurs(t *testing.T) {
	archive := newArchive(t, func(st *sqlite.Archive) {
		s := newStory(t, st, "prod")
		s.lists(3 * time.Hour)
		s.lists(2*time.Hour, db.Job{ID: "right", State: db.Running, RawState: "ImportRunning"}, db.Job{ID: "wrong", State: db.Running, RawState: "ImportRunning"})
		s.lists(time.Hour, db.Job{ID: "right", State: db.Completed, RawState: "ImportCompleted"}, db.Job{ID: "wrong", State: db.Completed, RawState: "ImportCompleted"})
		s.tells("right", db.Details{CreatedAt: noon.Add(-150 * time.Minute), CompletedAt: noon.Add(-90 * time.Minute)})
		s.tells("wrong", db.Details{CreatedAt: noon.Add(-150 * time.Minute), CompletedAt: noon.Add(-30 * time.Minute)})
	})
	for id, want := range map[string]string{"right": "59m to 1h1m", "wrong": "under 2h1m"} {
		var least, most *float64
		err := openReader(t, archive).QueryRow(`SELECT min_seconds, max_seconds FROM jobs WHERE job_id = ?`, id).Scan(&least, &most)
		if took := report.Bounds(least, most); err != nil || took != want {
			t.Errorf("%s took %s, want %s: %v", id, took, want, err)
		}
	}
	r := outside{transport: healthy}.call(t, "--config", settingsFor(t, archive, "prod"), "check")
	r.wants(t, exitDone, "note     details     prod: the service's own times of 1 of 2 jobs contradict the archive", "by up to 30m, as of wrong", "clock")
}

func TestCheckSaysThatTheServicesTimesAgree(t *testing.T) {
	archive := newArchive(t, func(st *sqlite.Archive) {
		s := newStory(t, st, "prod")
		s.lists(2*time.Hour, db.Job{ID: "open", State: db.Running, RawState: "ImportRunning"})
		// Its list still says that it runs. That is no contradiction.
		s.tells("open", db.Details{CreatedAt: noon.Add(-150 * time.Minute), CompletedAt: noon.Add(-90 * time.Minute)})
	})
	r := outside{transport: healthy}.call(t, "--config", settingsFor(t, archive, "prod"), "check")
	r.wants(t, exitDone, "ok       details     prod: the service's own times of 1 job agree")
}
