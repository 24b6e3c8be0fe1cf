package cli

import (
	"path/filepath"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
)

func TestHistoryOfAPrunedJobSaysSo(t *testing.T) {
	archive := newArchive(t, func(st *sqlite.Archive) {
		s := dbtest.Tell(t, st, "prod")
		s.Lists(dbtest.Listed("x", db.Completed))
		s.Wait(time.Hour)
		s.Lists(dbtest.Listed("x", db.Completed))
		_, err := st.Prune(t.Context(), &db.Prune{Keep: db.Retention{Completed: time.Minute}, Now: s.Now, Export: filepath.Join(t.TempDir(), "gone")})
		if err != nil {
			t.Fatal(err)
		}
	})
	settings := settingsFor(t, archive, "prod")
	call(t, "--config", settings, "history", "x").wants(t, exitFailed,
		`job "x" of prod was pruned at 2026-05-01 13:10:00 UTC: it was first seen at 2026-05-01 12:00:00 UTC, and its outcome is completed; its history is in /`)
	call(t, "--config", settings, "jobs", "--job", "x").wants(t, exitFailed, "was pruned")
	call(t, "--config", settings, "history", "y").wants(t, exitFailed, `the archive has no job "y"`)
}
