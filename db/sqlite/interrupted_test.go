package sqlite_test

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"importarchive/db/sqlite"
	"importarchive/longtest"
)

// TestAKilledMigrationLeavesAWholeArchive kills processes that migrate, at
// random moments. What they leave is of one version, with every row: the old
// one, and the old program goes on with it; or a newer one, and then the copy
// for the old program stands beside it. The next process makes it the newest.
func TestAKilledMigrationLeavesAWholeArchive(t *testing.T) {
	t.Parallel()
	serial(t)
	path := populated(t, 2500) // a migration takes a while
	was := shownBy(t, path)
	whole := timeOf(t, path)
	left := map[int64]int{}
	for range longtest.Size(2, 20) {
		killed := filepath.Join(t.TempDir(), "archive.db")
		copyLive(t, path, killed)
		after := time.Duration(rand.Int64N(int64(whole)))
		c := start(t, "migrate", killed)
		time.Sleep(after)
		c.kill()
		now := versionOf(t, killed)
		left[now]++
		t.Logf("killed after %v: left at version %d", after.Round(time.Millisecond), now)
		asLeft := killed
		if now > int64(newest()) {
			asLeft = copyBefore(killed, 1)
		}
		worksFor(t, asLeft, following(), was)
		kept(t, openWith(t, killed, asChild()).Reader, was)
		worksFor(t, copyBefore(killed, 1), following(), was)
	}
	t.Log("archives left at each version:", left)
}

// asChild has the migrations of the processes that are killed.
func asChild() fs.FS { return following(addsColumn, growsView) }

// migrateAsChild is what such a process does.
func migrateAsChild(ctx context.Context, path string) error {
	st, err := sqlite.Open(ctx, path, sqlite.Options{Migrations: asChild()})
	if err != nil {
		return err
	}
	return st.Close()
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

// worksFor opens a copy of an archive with the program that has these
// migrations, which must find all that there was, and nothing to migrate.
func worksFor(t *testing.T, path string, files fs.FS, was shown) {
	t.Helper()
	mine := filepath.Join(t.TempDir(), "archive.db")
	copyLive(t, path, mine)
	st, err := sqlite.Open(t.Context(), mine, sqlite.Options{Migrations: files})
	if err != nil {
		t.Errorf("its program does not open %s: %v", filepath.Base(path), err)
		return
	}
	defer st.Close()
	kept(t, st.Reader, was)
	if again, _ := filepath.Glob(mine + ".before*"); len(again) > 0 {
		t.Errorf("%s was migrated: %v", filepath.Base(path), again)
	}
}

// TestACopyOfTheOldestOutlivesEveryAttempt: of two migrations to come the second
// fails, again and again. What the oldest program left is still there for it,
// and the archive goes on from where it is.
func TestACopyOfTheOldestOutlivesEveryAttempt(t *testing.T) {
	t.Parallel()
	path := populated(t, 3)
	was := shownBy(t, path)
	for range 3 {
		_, err := sqlite.Open(t.Context(), path, sqlite.Options{Migrations: following(addsColumn, breaks)})
		if err == nil || !strings.Contains(err.Error(), "fluffy") {
			t.Fatalf("the error says %v", err)
		}
		if got := versionOf(t, path); got != int64(newest()+1) {
			t.Errorf("it is left at version %d", got)
		}
	}
	worksFor(t, copyBefore(path, 1), following(), was)
	worksFor(t, copyBefore(path, 2), following(addsColumn), was)
	kept(t, openWith(t, path, following(addsColumn, growsView)).Reader, was)
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
	path := populated(t, 3)
	was := shownBy(t, path)
	files := following(addsColumn)
	if _, err := sqlite.Open(t.Context(), path, sqlite.Options{Migrations: failingFiles{files, nextName(0)}}); !errors.Is(err, errTorn) {
		t.Fatalf("the error says %v", err)
	}
	worksFor(t, path, following(), was)
	kept(t, openWith(t, path, files).Reader, was)
}
