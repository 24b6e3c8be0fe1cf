package db_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/longtest"
)

// pruneUntil is what a child does that is to be killed: it prunes with an
// export, and stops at a pause to tell that it is there; at pause 0 it tells
// after the first batch, and goes on.
func pruneUntil(ctx context.Context, st *db.SQLite, pauses string) error {
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
		return nil // "done" is told, and the process stays as it is
	}
	return fmt.Errorf("it ended after %d pauses: %w", n, err)
}

// pathOfExport is a folder beside the archive.
func pathOfExport(st *db.SQLite) string {
	var path string
	if err := st.Reader().QueryRow(`SELECT file FROM pragma_database_list`).Scan(&path); err != nil {
		panic(err)
	}
	return filepath.Join(filepath.Dir(path), "pruned")
}

// TestAKilledPruneLosesNothing kills one between two batches, and whenever the
// dice say so. What went was exported before, the archive is sound, and the
// next prune takes the rest.
func TestAKilledPruneLosesNothing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("processes are killed, which says nothing about races")
	}
	jobs := longtest.Size(1_500, 3_000)
	st, _, _ := aged(t, jobs)
	aged := filepath.Join(t.TempDir(), "aged.db")
	if _, err := db.Backup(t.Context(), st.Reader(), aged); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(aged)
	if err != nil {
		t.Fatal(err)
	}
	kills := []int{3, 0, 1, 7, 6, 0, 0, 0, 0, 0}
	for _, pauses := range kills[:longtest.Size(2, len(kills))] {
		t.Run(fmt.Sprint("pause ", pauses), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "archive.db")
			write(t, path, string(content))
			c := start(t, fmt.Sprint("prune until pause ", pauses), path).done()
			if pauses == 0 {
				time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
			}
			c.kill()
			survivedPrune(t, path, int64(jobs))
		})
	}
}

func survivedPrune(t *testing.T, path string, jobs int64) {
	t.Helper()
	st := openAt(t, path)
	dbtest.Verify(t, st.Reader())
	var pruned, left, told int64
	err := st.Reader().QueryRow(`SELECT (SELECT count(*) FROM pruned), (SELECT count(*) FROM jobs), (SELECT coalesce(sum(jobs), 0) FROM prunes)`).
		Scan(&pruned, &left, &told)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("killed after %d jobs", pruned)
	files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "pruned", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if pruned+left != jobs || told != pruned || pruned > 0 && len(files) != 1 {
		t.Errorf("%d of %d jobs are left, %d pruned, %d told of, exported to %v", left, jobs, pruned, told, files)
	}
	first := `SELECT count(*) FROM (SELECT job_id, first_seen_at FROM jobs UNION SELECT job_id, first_seen_at FROM pruned)
		WHERE first_seen_at = '2026-05-01 12:05:00.100'`
	if got := show(t, st.Reader(), first); got != fmt.Sprintln(jobs) {
		t.Errorf("%s jobs are known as they were first seen", got)
	}
	p := &db.Prune{Now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Keep: db.Retention{Completed: day}, Pause: func(context.Context) error { return nil }}
	if done := mustPrune(t, st, p); done.Jobs() != left || done.Space.Free > 0 {
		t.Errorf("the next prune takes %d of %d jobs; %+v", done.Jobs(), left, done.Space)
	}
}
