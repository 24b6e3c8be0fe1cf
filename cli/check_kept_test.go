package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/sqlite"
)

// forgetful is a cluster whose service drops each job within kept after it has
// finished, listed every five minutes for some hours.
func forgetful(t *testing.T, kept time.Duration) string {
	return newArchive(t, func(st *sqlite.Archive) {
		s := newStory(t, st, "prod")
		const every, jobs = 5 * time.Minute, 8
		start := 6 * time.Hour
		s.lists(start)
		for n := range jobs {
			ago := start - time.Duration(n+1)*20*time.Minute
			j := db.Job{ID: fmt.Sprint("job-", n), State: db.Running}
			s.lists(ago, j)
			j.State = db.Completed
			s.lists(ago-every, j)
			if kept > every {
				s.lists(ago - 10*time.Minute)
			}
			s.lists(ago-10*time.Minute-time.Second, db.Job{ID: "-" + j.ID})
		}
		for ago := start - (jobs+1)*20*time.Minute; ago > 0; ago -= every {
			s.lists(ago)
		}
	})
}

func TestCheckFindsAScheduleThatIsTooSlowForTheService(t *testing.T) {
	r := outside{transport: healthy}.call(t, "--config", settingsFor(t, forgetful(t, time.Minute), "prod"), "check")
	r.wants(t, exitAttention, "problem  retention   prod: the schedule (@every 5m) is too slow: a job went", "→ a job that finishes and goes between two runs")
}

func TestCheckSaysHowBackupsAre(t *testing.T) {
	archive := twoClusters(t)
	for _, x := range []struct {
		name  string
		there []string // files in the folder of the backups; nil: it is not there
		code  int
		want  string
	}{
		{"no folder", nil, exitDone, "note     backup      DIR is not there yet"},
		{"none", []string{"archive-yesterday.db"}, exitDone, "note     backup      there is none in DIR yet"},
		{"new", []string{"archive-20261123T030000Z.db", "archive-20261122T030000Z.db"}, exitDone, "ok       backup      the newest in DIR was made 9h ago"},
		{"old", []string{"archive-20261121T030000Z.db"}, exitAttention, "problem  backup      the newest in DIR was made 2d9h ago, and the schedule (0 3 * * *) wants them more often"},
	} {
		dir := filepath.Join(t.TempDir(), "backups")
		if x.there != nil {
			if err := os.Mkdir(dir, 0o777); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range x.there {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		settings := settingsFor(t, archive, "prod")
		text, err := os.ReadFile(settings)
		if err != nil {
			t.Fatal(err)
		}
		text = append([]byte("[backup]\nschedule = '0 3 * * *'\ndir = '"+dir+"'\n"), text...)
		if err := os.WriteFile(settings, text, 0o600); err != nil {
			t.Fatal(err)
		}
		r := outside{transport: healthy}.call(t, "--config", settings, "check")
		if r.code != x.code || !strings.Contains(strings.ReplaceAll(r.stdout, dir, "DIR"), x.want) {
			t.Errorf("%s: exit code %d:\n%s%s", x.name, r.code, r.stdout, r.stderr)
		}
	}
}

func TestCheckCoversTheTasksOfTheServiceBesideTheSyncs(t *testing.T) {
	settings, dir := settingsFor(t, twoClusters(t), "prod"), t.TempDir()
	text, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	text = append([]byte("[export]\nschedule = '0 6 * * *'\ndir = '"+settings+"'\n[retention]\nschedule = '30 3 * * *'\ncompleted = '365d'\nexport = '"+
		filepath.Join(dir, "pruned")+"'\n"), text...)
	if err := os.WriteFile(settings, text, 0o600); err != nil {
		t.Fatal(err)
	}
	r := outside{transport: healthy}.call(t, "--config", settings, "check")
	r.wants(t, exitAttention,
		settings+" is not a folder", "change export.dir in the settings",
		filepath.Join(dir, "pruned")+" of retention.export is not there yet",
		`export: "0 6 * * *" fires at 2026-11-24 06:00:00, 2026-11-25 06:00:00`,
		`prune: "30 3 * * *" fires at 2026-11-24 03:30:00`)
}
