package cli

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/longtest"
	"importarchive/report/export"
)

// manyJobs makes an archive of so many jobs, which one run has seen.
func manyJobs(t *testing.T, jobs int) (archive string) {
	t.Helper()
	archive = newArchive(t, func(st *db.SQLite) {
		newStory(t, st, "many").lists(time.Hour, db.Job{ID: "first", Collection: "products", State: db.Failed, RawState: "ImportFailed", Reason: "no"})
	})
	file, err := sql.Open("sqlite", "file:"+archive+"?_pragma=synchronous(0)")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	_, err = file.ExecContext(t.Context(), `
		WITH RECURSIVE n (value) AS (SELECT 2 UNION ALL SELECT value + 1 FROM n WHERE value < ?)
		INSERT INTO archive_jobs (cluster, seq, job_id, collection, state, raw_state, reason, first_seen_ms, state_seen_ms, asked_ms, seen_ms)
		SELECT cluster, n.value, printf('job-%024d', n.value), collection, state, raw_state,
			printf('row %d has no vector, and what else there is to say of it', n.value),
			first_seen_ms + n.value, state_seen_ms + n.value, asked_ms + n.value, seen_ms + n.value
		FROM archive_jobs, n WHERE seq = 1`, jobs)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

// TestAMillionJobsAreExportedInLittleMemory looks at the most memory that the
// process had resident.
func TestAMillionJobsAreExportedInLittleMemory(t *testing.T) {
	longtest.Only(t)
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	const limit = 128
	settings := settingsFor(t, manyJobs(t, 1_000_000), "any")
	for _, format := range []string{"csv", "jsonl", "parquet"} {
		began, dir := time.Now(), t.TempDir()
		var out strings.Builder
		c := exec.Command("importarchive", "--config", settings, "export", "--what", "jobs", "--format", format, "--out", dir)
		c.Stdout, c.Stderr = &out, &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		exited := make(chan struct{})
		peak := watchMemory(c.Process.Pid, exited)
		err := c.Wait()
		close(exited)
		if err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		used := <-peak
		t.Logf("%s: %d MiB, %.1f s\n%s", format, used, time.Since(began).Seconds(), out.String())
		if used > limit {
			t.Errorf("%s took %d MiB, more than %d", format, used, limit)
		}
		if m := manifestIn(t, dir); *m.Files[0].Rows != 1_000_000 {
			t.Errorf("%s: %d jobs", format, *m.Files[0].Rows)
		}
	}
}

func manifestIn(t *testing.T, dir string) (m export.Manifest) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, export.ManifestFile))
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// visible gives what a person sees in a directory, and hidden what not.
func visible(t *testing.T, dir string) (visible, hidden []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			hidden = append(hidden, e.Name())
		} else {
			visible = append(visible, e.Name())
		}
	}
	return visible, hidden
}

func TestAKilledExportLeavesNothingThatLooksWhole(t *testing.T) {
	t.Parallel()
	settings, dir := "", ""
	for jobs, killed := 20_000, false; !killed; jobs *= 4 { // one may be done before it can be killed
		settings, dir = settingsFor(t, manyJobs(t, jobs), "any"), t.TempDir()
		killed = killsExport(t, settings, dir)
	}
	if seen, hidden := visible(t, dir); len(seen) != 0 || len(hidden) != 2 {
		t.Errorf("it left %v and %v", seen, hidden)
	}
	call(t, "--config", settings, "export", "--out", dir, "--what", "clusters").wants(t, exitDone, "clusters.csv")
	if seen, hidden := visible(t, dir); len(seen) != 2 || len(hidden) != 1 {
		t.Errorf("the next one left %v and %v", seen, hidden)
	}
}

// killsExport starts an export, kills it when its first file is begun, and
// reports whether it was killed before it was done.
func killsExport(t *testing.T, settings, dir string) bool {
	t.Helper()
	c := exec.Command("importarchive", "--config", settings, "export", "--out", dir)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("the export ended with %v", err)
			}
			return false
		case <-time.After(time.Millisecond):
		}
		if staged, _ := filepath.Glob(filepath.Join(dir, ".importarchive.partial", "jobs.*")); len(staged) > 0 {
			_ = c.Process.Kill() // it may have ended meanwhile
			return <-ended != nil
		}
	}
}

// hourlyExport exports an archive of some jobs every hour, and logs to b.
func hourlyExport(t *testing.T, b *bytes.Buffer, archive, dir string) *task {
	t.Helper()
	return hourlyExportOf(t, b, archive, dir, `["jobs", "runs"]`)
}

func hourlyExportOf(t *testing.T, b *bytes.Buffer, archive, dir, what string) *task {
	t.Helper()
	cfg := load(t, "[export]\nschedule = \"@every 1h\"\nwhat = "+what+"\ndir = '"+dir+"'\n"+goodCluster, noEnv)
	reader, err := db.OpenReader(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	return &task{
		name: "export", schedule: cfg.Export.Schedule, now: time.Now, log: zerolog.New(b),
		do: scheduledExport(&cfg.Export, reader, "any"),
	}
}

func TestExportsComeByTheirSchedule(t *testing.T) {
	archive, dir := twoClusters(t), t.TempDir()
	var log bytes.Buffer
	x := hourlyExport(t, &log, archive, dir)
	if _, err := x.do(t.Context(), noon); err != nil { // the connection is made outside, where waiting for it is real
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan struct{})
		go func() { defer close(done); x.run(ctx, nil) }()
		time.Sleep(5*time.Hour + time.Minute)
		cancel()
		<-done
	})
	if n := strings.Count(log.String(), `"message":"export: done"`); n != 5 {
		t.Errorf("%d exports in five hours:\n%s", n, log.String())
	}
	if seen, _ := visible(t, dir); strings.Join(seen, " ") != "jobs.csv manifest.json runs.csv" {
		t.Errorf("there is %v", seen)
	}
}

func TestTheLogNamesFilesOfAnEarlierExport(t *testing.T) {
	archive, dir := twoClusters(t), t.TempDir()
	var log bytes.Buffer
	hourlyExport(t, &log, archive, dir).once(t.Context(), noon)
	if strings.Contains(log.String(), "from_earlier") {
		t.Error(log.String())
	}
	log.Reset()
	hourlyExportOf(t, &log, archive, dir, `["jobs"]`).once(t.Context(), noon)
	if !strings.Contains(log.String(), `"from_earlier":["runs.csv"]`) || !strings.Contains(log.String(), `"message":"export: done"`) {
		t.Error(log.String())
	}
}

func TestWhatFallsDueDuringAnExportIsSkipped(t *testing.T) {
	archive, dir := twoClusters(t), t.TempDir()
	var log bytes.Buffer
	x := hourlyExport(t, &log, archive, dir)
	if _, err := x.do(t.Context(), noon); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		asked := 0
		x.now = func() time.Time {
			if asked++; asked == 4 { // the end of the first export
				time.Sleep(150 * time.Minute)
			}
			return time.Now()
		}
		done := make(chan struct{})
		go func() { defer close(done); x.run(ctx, nil) }()
		time.Sleep(5 * time.Hour) // exports after 1:00 and, the first having ended at 3:30, 4:30
		cancel()
		<-done
	})
	if strings.Count(log.String(), "this one is skipped") != 1 || strings.Count(log.String(), `"message":"export: done"`) != 2 {
		t.Errorf("%s", log.String())
	}
}

func TestAnExportThatPanicsIsAnErrorInTheLog(t *testing.T) {
	var log bytes.Buffer
	x := hourlyExport(t, &log, twoClusters(t), t.TempDir())
	x.do = func(context.Context, time.Time) (func(*zerolog.Event), error) { panic("what") }
	x.once(t.Context(), noon)
	if !strings.Contains(log.String(), `"level":"error"`) || !strings.Contains(log.String(), "panic: ") {
		t.Error(log.String())
	}
}

func TestAStopGivesUpTheExportUnderWay(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	x := hourlyExport(t, &log, twoClusters(t), dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	x.once(ctx, noon)
	if seen, hidden := visible(t, dir); len(seen) != 0 || len(hidden) != 1 {
		t.Errorf("it left %v and %v", seen, hidden)
	}
	if !strings.Contains(log.String(), "given up") || strings.Contains(log.String(), `"level":"error"`) {
		t.Error(log.String())
	}
}
