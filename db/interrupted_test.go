package db_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"importarchive/db"
	"importarchive/longtest"
)

// grown gives an archive of an older version that is large enough for its
// migration to take a while.
func grown(t *testing.T, version int) (path string) {
	t.Helper()
	path = old(t, migrationsUntil(t, version), fmt.Sprintf("rows_v%d.sql", version))
	file := raw(t, path)
	defer file.Close()
	// Jobs that the first look had, and nobody has seen anything of since.
	execute(t, file,
		`WITH n (n) AS (SELECT 7 UNION ALL SELECT n + 1 FROM n WHERE n < 2500)
			INSERT INTO archive_jobs (cluster, seq, job_id, collection, state, raw_state, first_seen_ms, state_seen_ms, asked_ms, seen_ms, misses)
			SELECT 2, n, 'job-' || n, 1, 'running', 3, 1777636800100, 1777636800100, 1777636800000, 1777636800100, 0 FROM n`,
		`INSERT INTO archive_transitions (run, cluster, seq, collection, kind, to_state, to_raw_state, observed_ms)
			SELECT 11, 2, seq, 1, 'appeared', 'running', 3, 1777636800100 FROM archive_jobs WHERE job_id LIKE 'job-%'`,
		`UPDATE archive_tally SET jobs = jobs + 2494 WHERE cluster = 2 AND state = 'running' AND NOT gone`,
		`UPDATE archive_clusters SET next_seq = 2501 WHERE id = 2`,
		`UPDATE archive_runs SET appeared = appeared + 2494, listed = listed + 2494 WHERE id = 11`,
	)
	if version >= 2 {
		execute(t, file,
			`UPDATE archive_days SET appeared = appeared + 2494 WHERE cluster = 2`,
			`UPDATE archive_collections SET open = open + 2494 WHERE cluster = 2`)
	}
	if version >= 3 {
		execute(t, file, `UPDATE archive_clusters SET total_appeared = total_appeared + 2494 WHERE id = 2`)
	}
	return path
}

// TestAKilledMigrationLeavesAWholeArchive kills processes that migrate, at
// random moments. What they leave is of one version, with every row: the old
// one, and the old program goes on with it; or a newer one, and then the copy
// for the old program stands beside it. The next process makes it the newest.
func TestAKilledMigrationLeavesAWholeArchive(t *testing.T) {
	t.Parallel()
	serial(t)
	left := map[int64]int{}
	for version := 1; version < newest(t); version++ {
		if version > 1 && version < newest(t)-1 && !longtest.Enabled() {
			continue
		}
		path := grown(t, version)
		file := raw(t, path)
		columns := viewColumns(t, file)
		before := rows(t, file, columns)
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		whole := timeOf(t, path)
		for range longtest.Size(1, 4) {
			killed := filepath.Join(t.TempDir(), "archive.db")
			copyLive(t, path, killed)
			after := time.Duration(rand.Int64N(int64(whole)))
			c := start(t, "migrate", killed)
			time.Sleep(after)
			c.kill()
			now := versionOf(t, killed)
			left[now]++
			t.Logf("version %d, killed after %v: left at version %d", version, after.Round(time.Millisecond), now)
			asLeft := killed
			if now > int64(version) {
				asLeft = fmt.Sprintf("%s.before-v%d", killed, version+1)
			}
			worksFor(t, asLeft, version, columns, before)
			kept(t, openAt(t, killed).Reader(), columns, before)
			worksFor(t, fmt.Sprintf("%s.before-v%d", killed, version+1), version, columns, before)
		}
	}
	t.Log("archives left at each version:", left)
}

// timeOf is how long a process takes that is not killed, from its start.
func timeOf(t *testing.T, path string) time.Duration {
	t.Helper()
	unharmed := filepath.Join(t.TempDir(), "archive.db")
	copyLive(t, path, unharmed)
	began := time.Now()
	start(t, "migrate", unharmed).done().kill()
	return time.Since(began)
}

func versionOf(t *testing.T, path string) (version int64) {
	t.Helper()
	file := raw(t, path)
	defer file.Close()
	if err := file.QueryRow(`PRAGMA user_version`).Scan(&version); err != nil {
		t.Fatal(err)
	}
	return version
}

// worksFor opens a copy of an archive with the program of an older version,
// which must find all that there was, and nothing to migrate.
func worksFor(t *testing.T, path string, version int, columns, before map[string]string) {
	t.Helper()
	mine := filepath.Join(t.TempDir(), "archive.db")
	copyLive(t, path, mine)
	st, err := db.Open(t.Context(), mine, db.Options{Migrations: migrationsUntil(t, version)})
	if err != nil {
		t.Errorf("the program of version %d does not open %s: %v", version, filepath.Base(path), err)
		return
	}
	defer st.Close()
	for view, now := range rows(t, st.Reader(), columns) {
		if now != before[view] {
			t.Errorf("%s: %s showed\n%s and shows\n%s", filepath.Base(path), view, before[view], now)
		}
	}
	if got := show(t, st.Reader(), `PRAGMA integrity_check`); got != "ok\n" {
		t.Errorf("%s: %s", filepath.Base(path), got)
	}
	if again, _ := filepath.Glob(mine + ".before*"); len(again) > 0 {
		t.Errorf("%s was migrated: %v", filepath.Base(path), again)
	}
}

// TestACopyOfTheOldestOutlivesEveryAttempt: of several versions to come the
// second fails, again and again. What the oldest program left is still there
// for it, and the archive goes on from where it is.
func TestACopyOfTheOldestOutlivesEveryAttempt(t *testing.T) {
	t.Parallel()
	const version = 1
	path := old(t, migrationsUntil(t, version), "rows_v1.sql")
	file := raw(t, path)
	columns := viewColumns(t, file)
	before := rows(t, file, columns)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	broken := migrationsUntil(t, version+2)
	for name, f := range broken {
		if strings.HasPrefix(name, "0003") {
			broken[name] = &fstest.MapFile{Data: append(f.Data, "\nUPDATE archive_jobs SET fluffy = 1;\n"...)}
		}
	}
	for range 3 {
		if _, err := db.Open(t.Context(), path, db.Options{Migrations: broken}); err == nil || !strings.Contains(err.Error(), "fluffy") {
			t.Fatalf("the error says %v", err)
		}
		if got := versionOf(t, path); got != version+1 {
			t.Errorf("it is left at version %d", got)
		}
	}
	worksFor(t, path+".before-v2", version, columns, before)
	worksFor(t, path+".before-v3", version+1, columns, before)
	kept(t, openAt(t, path).Reader(), columns, before)
}

// failingFiles have a migration that can't be read: a disk that fails under the
// program itself.
type failingFiles struct {
	fs.FS
	name string
}

var errTorn = errors.New("input/output error")

func (f failingFiles) Open(name string) (fs.File, error) {
	if name == f.name {
		return nil, errTorn
	}
	return f.FS.Open(name)
}

// ReadDir keeps the listing whole: only reading the file fails.
func (f failingFiles) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(f.FS, name) }

func TestAMigrationThatCannotBeReadLeavesTheArchiveAsItWas(t *testing.T) {
	t.Parallel()
	path := old(t, migrationsUntil(t, 1), "rows_v1.sql")
	file := raw(t, path)
	columns := viewColumns(t, file)
	before := rows(t, file, columns)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	files := migrationsUntil(t, 2)
	for name := range files {
		if strings.HasPrefix(name, "0002") {
			if _, err := db.Open(t.Context(), path, db.Options{Migrations: failingFiles{files, name}}); !errors.Is(err, errTorn) {
				t.Fatalf("the error says %v", err)
			}
		}
	}
	worksFor(t, path, 1, columns, before)
	kept(t, openAt(t, path).Reader(), columns, before)
}

// migrateAsChild is what a child does that is told to migrate.
func migrateAsChild(ctx context.Context, path string) error {
	st, err := db.Open(ctx, path, db.Options{})
	if err != nil {
		return err
	}
	return st.Close()
}
