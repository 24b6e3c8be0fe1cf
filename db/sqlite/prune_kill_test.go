package sqlite_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/longtest"
)

// pruneUntil is what a child does before the test kills it: it prunes with an
// export and stops at a pause of this number. At 0 it says "done" after the
// first batch and goes on.
func pruneUntil(ctx context.Context, st *sqlite.Archive, pauses string) error {
	var last, n int
	if _, err := fmt.Sscan(pauses, &last); err != nil {
		return err
	}
	enough := context.Canceled
	_, err := st.Prune(ctx, &db.Prune{
		Now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Keep: db.Retention{Completed: day}, Export: pathOfExport(st),
		Pause: func(context.Context) error {
			switch n++; {
			case n == last:
				return enough
			case n == 1 && last == 0:
				fmt.Println("done")
			}
			return nil
		},
	})
	if n == last || last == 0 {
		return nil // it has said "done", and waits for the kill
	}
	return fmt.Errorf("it ended after %d pauses: %w", n, err)
}

// pathOfExport is a folder beside the archive.
func pathOfExport(st *sqlite.Archive) string {
	var path string
	if err := st.Reader.QueryRow(`SELECT file FROM pragma_database_list`).Scan(&path); err != nil {
		panic(err)
	}
	return filepath.Join(filepath.Dir(path), "pruned")
}

const (
	atRandom  = 0  // kills at a random time after the first batch
	atTheSync = -1 // kills when the lines of the second batch reach the file, before their commit
)

// TestAKilledPruneLosesNothing kills a prune between two batches, between the
// export of a batch and its commit, and at random. All that went has its line,
// the archive is sound, and the next prune takes the rest.
func TestAKilledPruneLosesNothing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("processes are killed, which says nothing about races")
	}
	jobs := longtest.Size(1_500, 3_000)
	st, _, _ := aged(t, jobs)
	aged := filepath.Join(t.TempDir(), "aged.db")
	if _, err := sqlite.Backup(t.Context(), st.Reader, aged); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(aged)
	if err != nil {
		t.Fatal(err)
	}
	kills := []int{3, atTheSync, atRandom, 1, 7, 6, atTheSync, atTheSync, atRandom, atRandom, atRandom, atRandom}
	for _, pauses := range kills[:longtest.Size(2, len(kills))] {
		t.Run(fmt.Sprint("pause ", pauses), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "archive.db")
			write(t, path, string(content))
			c := start(t, fmt.Sprint("prune until pause ", max(0, pauses)), path).done()
			switch pauses {
			case atRandom:
				time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
			case atTheSync:
				waitForLines(t, filepath.Join(filepath.Dir(path), "pruned"))
			}
			c.kill()
			survivedPrune(t, path, int64(jobs))
		})
	}
}

func survivedPrune(t *testing.T, path string, jobs int64) {
	t.Helper()
	st := openAt(t, path)
	dbtest.Verify(t, st.Reader)
	var pruned, left, counted int64
	err := st.Reader.QueryRow(`SELECT (SELECT count(*) FROM pruned), (SELECT count(*) FROM jobs), (SELECT coalesce(sum(jobs), 0) FROM prunes)`).
		Scan(&pruned, &left, &counted)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("killed after %d jobs", pruned)
	if pruned+left != jobs || counted != pruned {
		t.Errorf("%d of %d jobs are left, %d pruned, %d counted", left, jobs, pruned, counted)
	}
	exportedBefore(t, st, pruned)
	first := `SELECT count(*) FROM (SELECT job_id, first_seen_at FROM jobs UNION SELECT job_id, first_seen_at FROM pruned)
		WHERE first_seen_at = '2026-05-01 12:05:00.100'`
	if got := show(t, st.Reader, first); got != fmt.Sprintln(jobs) {
		t.Errorf("%s jobs are known as they were first seen", got)
	}
	p := &db.Prune{Now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Keep: db.Retention{Completed: day}, Pause: func(context.Context) error { return nil }}
	if done := mustPrune(t, st, p); done.Jobs() != left || done.Space.Free > 0 {
		t.Errorf("the next prune takes %d of %d jobs; %+v", done.Jobs(), left, done.Space)
	}
}

// exportedBefore demands a line of every job that went, and at most one batch of
// lines more: of jobs whose deletion was not committed.
func exportedBefore(t *testing.T, st *sqlite.Archive, pruned int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(pathOfExport(st), "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("exported to %v: %v", files, err)
	}
	lines, torn := linesOf(t, files[0])
	t.Logf("%d lines, torn: %v", len(lines), torn)
	if more := int64(len(lines)) - pruned; more < 0 || more > 500 {
		t.Errorf("%d lines of %d jobs that went", len(lines), pruned)
	}
	for _, id := range strings.Fields(show(t, st.Reader, `SELECT job_id FROM pruned`)) {
		if line, is := lines[id]; !is || line.State != db.Completed || len(line.Transitions) != 1 {
			t.Errorf("job %s went, and its line is %+v", id, line)
		}
	}
}

// waitForLines returns when the one file of a folder has more than one batch.
func waitForLines(t *testing.T, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	size := func() int64 {
		file, err := os.Stat(files[0])
		if err != nil {
			t.Fatal(err)
		}
		return file.Size()
	}
	first := size()
	if lines, _ := linesOf(t, files[0]); len(lines) > 500 {
		return // it was quicker than we are
	}
	for size() == first {
		time.Sleep(100 * time.Microsecond)
	}
}
