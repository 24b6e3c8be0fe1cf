package service

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/timetable"
	"importarchive/web/metrics"
)

// hourlyExport exports an archive of some jobs every hour, and logs to b.
func hourlyExport(t *testing.T, b *bytes.Buffer, dir, what string) *task {
	t.Helper()
	path := dbtest.Fresh(t)
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	failed := dbtest.Listed("b", db.Failed)
	failed.Reason = strings.Repeat("no vector ", 4000)
	dbtest.Tell(t, st, "prod").Lists(dbtest.Listed("a", db.Running), failed)
	cfg := load(t, "[export]\nschedule = \"@every 1h\"\nwhat = "+what+"\ndir = '"+dir+"'\n"+goodCluster)
	s := &Service{opts: Options{Now: time.Now}, cfg: cfg, st: st, log: zerolog.New(b), counts: metrics.NewTasks()}
	return s.settingsTasks()[0]
}

func visible(t *testing.T, dir string) (names string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "[^.]*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		names += " " + filepath.Base(name)
	}
	return strings.TrimSpace(names)
}

func TestExportsComeByTheirSchedule(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	x := hourlyExport(t, &log, dir, `["jobs", "runs"]`)
	if _, err := x.do(t.Context(), time.Now()); err != nil { // the connection is made outside, where waiting for it is real
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Hour+time.Minute)
		defer stop()
		table := timetable.New(ctx, time.Now)
		table.Set([]timetable.Task{x.task()})
		table.Start()
		<-ctx.Done()
		table.Stop()
	})
	if n := strings.Count(log.String(), `"message":"export: done"`); n != 5 {
		t.Errorf("%d exports in five hours:\n%s", n, log.String())
	}
	if seen := visible(t, dir); seen != "jobs.csv manifest.json runs.csv" {
		t.Errorf("there is %v", seen)
	}
}

func TestTheLogNamesFilesOfAnEarlierExport(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	hourlyExport(t, &log, dir, `["jobs", "runs"]`).once(t.Context())
	if strings.Contains(log.String(), "from_earlier") {
		t.Error(log.String())
	}
	log.Reset()
	hourlyExport(t, &log, dir, `["jobs"]`).once(t.Context())
	if !strings.Contains(log.String(), `"from_earlier":["runs.csv"]`) || !strings.Contains(log.String(), `"message":"export: done"`) {
		t.Error(log.String())
	}
}

func TestTheLogSaysWhatAWorkbookHadToCut(t *testing.T) {
	for format, cut := range map[string]bool{"xlsx": true, "csv": false} {
		var log bytes.Buffer
		hourlyExport(t, &log, t.TempDir(), `["jobs"]`+"\nformat = '"+format+"'").once(t.Context())
		if strings.Contains(log.String(), `"cut":["jobs.xlsx: 1 text of column reason cut to the 32,767 characters `) != cut ||
			!strings.Contains(log.String(), `"message":"export: done"`) {
			t.Errorf("%s: %s", format, log.String())
		}
	}
}

func TestAStopGivesUpTheExportUnderWay(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	x := hourlyExport(t, &log, dir, `["jobs"]`)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	x.once(ctx)
	if seen := visible(t, dir); seen != "" {
		t.Errorf("it left %v", seen)
	}
	if !strings.Contains(log.String(), "given up") || strings.Contains(log.String(), `"level":"error"`) {
		t.Error(log.String())
	}
}

func TestABackupIsMadeBeforeTheOldestGoes(t *testing.T) {
	dir := t.TempDir()
	st, err := sqlite.Open(t.Context(), dbtest.Fresh(t), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	cfg := load(t, "archive.path = \"archive.db\"\n[backup]\nschedule = \"@every 1h\"\nkeep = 2\ndir = '"+dir+"'\n"+goodCluster)
	var log bytes.Buffer
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	now := noon
	s := &Service{opts: Options{Now: func() time.Time { return now }}, cfg: cfg, st: st, log: zerolog.New(&log), counts: metrics.NewTasks()}
	backup := s.settingsTasks()[0]
	for ; now.Before(noon.Add(4 * time.Hour)); now = now.Add(time.Hour) {
		backup.once(t.Context())
	}
	const want = "archive-20261125T140000Z.db archive-20261125T150000Z.db"
	if seen := visible(t, dir); seen != want {
		t.Errorf("there is %v", seen)
	}
	if n := strings.Count(log.String(), `"removed":1`); n != 2 {
		t.Error(log.String())
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}
