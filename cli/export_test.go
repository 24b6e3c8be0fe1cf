package cli

import (
	"database/sql"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/sqlite"
	"importarchive/longtest"
	"importarchive/report/export"
)

// manyJobs makes an archive of so many jobs, which one run has seen.
func manyJobs(t *testing.T, jobs int) (archive string) {
	t.Helper()
	archive = newArchive(t, func(st *sqlite.Archive) {
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

// TestAMillionJobsAreExportedInLittleMemory checks the most memory that the
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

// visible returns what a person sees in a directory, and hidden what not.
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

func TestAKilledExportLeavesNoFileThatSeemsWhole(t *testing.T) {
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
