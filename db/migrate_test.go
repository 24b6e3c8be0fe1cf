package db_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/migrations"
)

// migrationsUntil gives the embedded migrations up to a version.
func migrationsUntil(t *testing.T, version int) fstest.MapFS {
	t.Helper()
	some := fstest.MapFS{}
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		n, err := strconv.Atoi(regexp.MustCompile(`^\d+`).FindString(name))
		if err != nil {
			t.Fatalf("migration %s has no number", name)
		}
		if n <= version {
			content, err := fs.ReadFile(migrations.Files, name)
			if err != nil {
				t.Fatal(err)
			}
			some[name] = &fstest.MapFile{Data: content}
		}
	}
	return some
}

// old makes an archive as a program with these migrations left it, with the
// rows of a file in it.
func old(t *testing.T, files fs.FS, rows string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "archive.db")
	st, err := db.Open(t.Context(), path, db.Options{Migrations: files})
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join("testdata", rows))
	if err != nil {
		t.Fatal(err)
	}
	execute(t, st.Writer(), string(content))
	for view := range viewColumns(t, st.Reader()) {
		if show(t, st.Reader(), `SELECT 1 FROM `+view+` LIMIT 1`) == "" {
			t.Errorf("%s puts no row into %s: nothing shows that it would be kept", rows, view)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// told is the newest version of which there are rows. Only the one that is not
// released yet may be without.
func told(t *testing.T) int {
	t.Helper()
	all, err := filepath.Glob("testdata/rows_v*.sql")
	if err != nil || len(all) < newest(t)-1 {
		t.Fatalf("there are rows of %d versions, and %d versions: %v", len(all), newest(t), err)
	}
	return min(len(all), newest(t))
}

// present gives an archive of the newest version that has lived before.
func present(t *testing.T) (path string) {
	t.Helper()
	path = old(t, migrationsUntil(t, told(t)), fmt.Sprintf("rows_v%d.sql", told(t)))
	st, err := db.Open(t.Context(), path, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// rows gives what the public views show, with the columns that they had when
// the archive was old; columns are only ever added.
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
func kept(t *testing.T, file *sql.DB, columns, before map[string]string) {
	t.Helper()
	for view, now := range rows(t, file, columns) {
		if now != before[view] {
			t.Errorf("%s showed\n%s and shows\n%s", view, before[view], now)
		}
	}
	dbtest.Verify(t, file)
}

func TestEveryOldVersionIsUpgradedWithItsRows(t *testing.T) {
	t.Parallel()
	serial(t)
	for version := 1; version <= told(t); version++ {
		path := old(t, migrationsUntil(t, version), fmt.Sprintf("rows_v%d.sql", version))
		file := raw(t, path)
		columns := viewColumns(t, file)
		before := rows(t, file, columns)
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		kept(t, openAt(t, path).Reader(), columns, before)
	}
}

// What a migration after the newest one might do.
const (
	addsColumn = "ALTER TABLE archive_jobs ADD COLUMN owner TEXT;\nUPDATE archive_jobs SET owner = 'me';\n"
	breaks     = "ALTER TABLE archive_jobs ADD COLUMN owner TEXT;\nUPDATE archive_jobs SET fluffy = 1;\n"
)

// newest is the version that the embedded migrations lead to.
func newest(t *testing.T) int {
	t.Helper()
	all, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// withOneMore gives the embedded migrations and one that follows them.
func withOneMore(t *testing.T, text string) fs.FS {
	t.Helper()
	next := newest(t) + 1
	files := migrationsUntil(t, next)
	files[fmt.Sprintf("%04d_next.sql", next)] = &fstest.MapFile{
		Data: fmt.Appendf(nil, "-- +goose Up\nPRAGMA user_version = %d;\n%s", next, text),
	}
	return files
}

func TestAMigrationKeepsACopyOfWhatWasBefore(t *testing.T) {
	t.Parallel()
	path := present(t)
	file := raw(t, path)
	columns := viewColumns(t, file)
	before := rows(t, file, columns)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to do
		st, err := db.Open(t.Context(), path, db.Options{Migrations: withOneMore(t, addsColumn)})
		if err != nil {
			t.Fatal(err)
		}
		kept(t, st.Reader(), columns, before)
		if got := show(t, st.Reader(), `SELECT DISTINCT owner FROM archive_jobs`); got != "me\n" {
			t.Errorf("the migration did %q", got)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
	copyOf := fmt.Sprintf("%s.before-v%d", path, newest(t)+1)
	copied, err := db.OpenReader(t.Context(), copyOf)
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	kept(t, copied, columns, before)
	if left, _ := filepath.Glob(copyOf + "?*"); len(left) > 0 {
		t.Errorf("left beside the copy: %v", left)
	}
	if _, err := db.Open(t.Context(), path, db.Options{}); !errors.Is(err, db.ErrNewer) {
		t.Errorf("a program that does not know the newest version opens it: %v", err)
	}
}

func TestAMigrationThatFailsLeavesTheArchiveAsItWas(t *testing.T) {
	t.Parallel()
	path := present(t)
	file := raw(t, path)
	columns := viewColumns(t, file)
	before := rows(t, file, columns)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a service is started again and again
		_, err := db.Open(t.Context(), path, db.Options{Migrations: withOneMore(t, breaks)})
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("migrating from version %d to %d", newest(t), newest(t)+1)) || !strings.Contains(err.Error(), "fluffy") {
			t.Fatalf("the error says %v", err)
		}
	}
	st := openAt(t, path)
	kept(t, st.Reader(), columns, before)
	s := dbtest.Tell(t, st, "new")
	s.Lists(dbtest.Listed("x", db.Running))
	s.Reload()
}

func TestAFirstMigrationThatFailsCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	files := migrationsUntil(t, 1)
	for name, f := range files {
		files[name] = &fstest.MapFile{Data: append(f.Data, "\nSELECT fluffy FROM nowhere;\n"...)}
	}
	if _, err := db.Open(t.Context(), path, db.Options{Migrations: files}); err == nil {
		t.Fatal("a broken first migration went through")
	}
	if _, err := db.OpenReader(t.Context(), path); !errors.Is(err, db.ErrMissing) {
		t.Errorf("half an archive is read: %v", err)
	}
	dbtest.Live(t, openAt(t, path))
}

func TestAnOlderArchiveInUseIsNotMigrated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.db")
	first := openAt(t, path)
	_, err := db.Open(t.Context(), path, db.Options{Migrations: withOneMore(t, addsColumn)})
	if err == nil || !strings.Contains(err.Error(), "stop it") {
		t.Errorf("the error says %v", err)
	}
	dbtest.Tell(t, first, "a").Lists(dbtest.Listed("x", db.Running))
}
