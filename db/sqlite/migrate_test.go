package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/migrations"
)

// What migrations after the newest one might do.
const (
	addsColumn = `ALTER TABLE archive_jobs ADD COLUMN owner TEXT;
UPDATE archive_jobs SET owner = 'me';
`
	growsView = `CREATE TABLE archive_owners (owner TEXT PRIMARY KEY, jobs INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO archive_owners (owner, jobs) SELECT owner, count(*) FROM archive_jobs GROUP BY owner;
CREATE INDEX archive_jobs_by_owner ON archive_jobs (owner, changed_at);
DROP VIEW rejects;
CREATE VIEW rejects AS
SELECT r.run AS run_id, c.name AS cluster, r.rejected_at, r.reason, r.raw, r.last_seen_at, 1 AS nth
FROM archive_rejects AS r
JOIN archive_clusters AS c ON c.id = r.cluster;
`
	breaks = `ALTER TABLE archive_jobs ADD COLUMN team TEXT;
UPDATE archive_jobs SET fluffy = 1;
`
)

// newest is the version that the embedded migrations lead to.
func newest() int {
	all, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		panic(err)
	}
	return len(all)
}

// following returns the embedded migrations, and after them one for each text.
func following(texts ...string) fstest.MapFS {
	files := fstest.MapFS{}
	names, err := fs.Glob(migrations.Files, "*.sql")
	for _, name := range names {
		content, unread := fs.ReadFile(migrations.Files, name)
		err = errors.Join(err, unread)
		files[name] = &fstest.MapFile{Data: content}
	}
	if err != nil {
		panic(err)
	}
	for i, text := range texts {
		version := newest() + i + 1
		files[nextName(i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "-- +goose Up\nPRAGMA user_version = %d;\n%s", version, text)}
	}
	return files
}

// nextName is the name of a file that following adds, counted from 0.
func nextName(i int) string { return fmt.Sprintf("%04d_next.sql", newest()+i+1) }

// copyBefore is the copy of an archive that a migration to a version keeps,
// counted from the newest one.
func copyBefore(path string, later int) string {
	return fmt.Sprintf("%s.before-v%d", path, newest()+later)
}

// openWith opens an archive with the program that has these migrations.
func openWith(t *testing.T, path string, files fs.FS) *sqlite.Archive {
	t.Helper()
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{Migrations: files})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// populated makes an archive with some jobs that just run, and with rows in
// every public view: nothing else would show that a migration keeps them.
func populated(t *testing.T, running int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "archive.db")
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Live(t, st)
	noticed(t, st)
	s := dbtest.Tell(t, st, "c")
	s.Wait(2 * time.Hour)
	s.Lists()
	s.Lists(dbtest.Listed("x", db.Running))
	s.Lists(dbtest.Listed("x", db.Completed))
	bytes, rows := int64(4096), int64(7)
	s.Describes(dbtest.Answer("x", db.Completed, db.Details{FileSize: &bytes, ImportedRows: &rows}))
	many := make([]db.Job, running)
	for i := range many {
		many[i] = dbtest.Listed(fmt.Sprintf("job-%d", i), db.Running)
	}
	dbtest.Tell(t, st, "d").Lists(many...)
	mustPrune(t, st, &db.Prune{
		Now:   s.Now,
		Keep:  db.Retention{Completed: 30 * time.Minute, Runs: 30 * time.Minute},
		Pause: func(context.Context) error { return nil },
	})
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	// The second one closes the run that the first one left open.
	if st, err = sqlite.Open(t.Context(), path, sqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	for view := range viewColumns(t, st.Reader) {
		if show(t, st.Reader, `SELECT 1 FROM `+view+` LIMIT 1`) == "" {
			t.Errorf("%s has no rows", view)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// shown is what public views show, by their names, and the columns that it was
// read from: a later version may have more.
type shown struct{ columns, rows map[string]string }

func shownBy(t *testing.T, path string) shown {
	t.Helper()
	file := raw(t, path)
	columns := viewColumns(t, file)
	was := shown{columns, rows(t, file, columns)}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return was
}

func rows(t *testing.T, file *sql.DB, columns map[string]string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for view, names := range columns {
		where := ""
		if view == "gaps" {
			where = " WHERE ended_at IS NOT NULL" // the open one grows
		}
		all[view] = show(t, file, fmt.Sprintf(`SELECT %s FROM %s%s ORDER BY 1, 2`, names, view, where))
	}
	return all
}

func viewColumns(t *testing.T, file *sql.DB) map[string]string {
	t.Helper()
	columns := map[string]string{}
	for _, view := range strings.Fields(show(t, file, `SELECT name FROM sqlite_schema WHERE type = 'view'`)) {
		columns[view] = strings.Join(strings.Fields(show(t, file, `SELECT name FROM pragma_table_info(?)`, view)), ", ")
	}
	return columns
}

// kept demands that an archive show what it showed, and be sound.
func kept(t *testing.T, file *sql.DB, was shown) {
	t.Helper()
	for view, now := range rows(t, file, was.columns) {
		if now != was.rows[view] {
			t.Errorf("%s showed\n%s and shows\n%s", view, was.rows[view], now)
		}
	}
	dbtest.Verify(t, file)
}

func TestAMigrationKeepsTheRowsAndACopyOfWhatWasBefore(t *testing.T) {
	t.Parallel()
	path := populated(t, 3)
	was := shownBy(t, path)
	for range 2 { // the second time there is nothing to do
		st, err := sqlite.Open(t.Context(), path, sqlite.Options{Migrations: following(addsColumn, growsView)})
		if err != nil {
			t.Fatal(err)
		}
		kept(t, st.Reader, was)
		if got := show(t, st.Reader, `SELECT DISTINCT owner FROM archive_jobs`); got != "me\n" {
			t.Errorf("the migration did %q", got)
		}
		if got := show(t, st.Reader, `SELECT DISTINCT nth FROM rejects`); got != "1\n" {
			t.Errorf("the view's new column has %q", got)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
	copied, err := sqlite.OpenReader(t.Context(), copyBefore(path, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	kept(t, copied, was)
	if left, _ := filepath.Glob(path + ".before*"); len(left) != 1 {
		t.Errorf("left beside the archive: %v", left)
	}
}

func TestANewerArchiveIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	if err := openWith(t, path, following(addsColumn)).Close(); err != nil {
		t.Fatal(err)
	}
	_, write := sqlite.Open(t.Context(), path, sqlite.Options{})
	_, read := sqlite.OpenReader(t.Context(), path)
	_, hold := sqlite.HoldService(t.Context(), path, time.Now())
	for who, err := range map[string]error{"a writer": write, "a reader": read, "a service": hold} {
		refused(t, who, path, err, sqlite.ErrNewer)
	}
	if got := versionOf(t, path); got != int64(newest()+1) {
		t.Errorf("it is left at version %d", got)
	}
}

func TestAMigrationThatFailsLeavesTheArchiveAsItWas(t *testing.T) {
	t.Parallel()
	path := populated(t, 3)
	was := shownBy(t, path)
	want := fmt.Sprintf("migrating from version %d to %d", newest(), newest()+1)
	for range 2 { // a service is started again and again
		_, err := sqlite.Open(t.Context(), path, sqlite.Options{Migrations: following(breaks)})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "fluffy") {
			t.Fatalf("the error says %v", err)
		}
	}
	st := openAt(t, path)
	kept(t, st.Reader, was)
	s := dbtest.Tell(t, st, "new")
	s.Lists(dbtest.Listed("x", db.Running))
	s.Reload()
}

func TestAFirstMigrationThatFailsCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	files := following()
	for name, f := range files {
		files[name] = &fstest.MapFile{Data: append(f.Data, "\nSELECT fluffy FROM nowhere;\n"...)}
	}
	if _, err := sqlite.Open(t.Context(), path, sqlite.Options{Migrations: files}); err == nil {
		t.Fatal("a broken first migration went through")
	}
	if _, err := sqlite.OpenReader(t.Context(), path); !errors.Is(err, sqlite.ErrMissing) {
		t.Errorf("half an archive is read: %v", err)
	}
	dbtest.Live(t, openAt(t, path))
}

func TestAnOlderArchiveInUseIsNotMigrated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.db")
	first := openAt(t, path)
	_, err := sqlite.Open(t.Context(), path, sqlite.Options{Migrations: following(addsColumn)})
	if err == nil || !strings.Contains(err.Error(), "stop it") {
		t.Errorf("the error says %v", err)
	}
	dbtest.Tell(t, first, "a").Lists(dbtest.Listed("x", db.Running))
}
