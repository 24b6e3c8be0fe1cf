package sqlite_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"importarchive/db/sqlite"
)

func TestWhatIsNotOursIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		put        func(t *testing.T, path string)
		open, read error // nil: any error at all
	}{
		{
			"a text file",
			func(t *testing.T, path string) { write(t, path, strings.Repeat("dear diary, ", 50)) },
			sqlite.ErrNotDatabase, sqlite.ErrNotDatabase,
		},
		{
			"a few bytes",
			func(t *testing.T, path string) { write(t, path, "x") },
			sqlite.ErrNotDatabase, sqlite.ErrNotDatabase,
		},
		{
			"a database that was cut off within its header",
			func(t *testing.T, path string) { write(t, path, "SQLite format 3\x00"+strings.Repeat("\x01", 40)) },
			sqlite.ErrNotDatabase, sqlite.ErrNotDatabase,
		},
		{
			"a header with garbage behind it",
			func(t *testing.T, path string) { write(t, path, "SQLite format 3\x00"+strings.Repeat("\x00", 500)) },
			sqlite.ErrNotDatabase, sqlite.ErrNotDatabase,
		},
		{
			"a folder",
			func(t *testing.T, path string) {
				if err := os.Mkdir(path, 0o777); err != nil {
					t.Fatal(err)
				}
			},
			nil, nil,
		},
		{
			"a link to nothing",
			func(t *testing.T, path string) {
				if err := os.Symlink(path+".elsewhere", path); err != nil {
					t.Fatal(err)
				}
			},
			nil, nil,
		},
		{
			"another program's database",
			func(t *testing.T, path string) {
				foreign(t, path, `CREATE TABLE cookies (id)`, `INSERT INTO cookies VALUES (1)`)
			},
			sqlite.ErrForeign, sqlite.ErrForeign,
		},
		{
			"another program's database that says whose it is",
			func(t *testing.T, path string) { foreign(t, path, `PRAGMA application_id = 7`) },
			sqlite.ErrForeign, sqlite.ErrForeign,
		},
		{
			"another program's database that only counts its versions",
			func(t *testing.T, path string) { foreign(t, path, `PRAGMA user_version = 3`) },
			sqlite.ErrForeign, sqlite.ErrForeign,
		},
		{
			"another program's database that would use a log",
			func(t *testing.T, path string) {
				foreign(t, path, `PRAGMA journal_mode = WAL`, `CREATE TABLE cookies (id)`, `PRAGMA wal_checkpoint(TRUNCATE)`)
			},
			sqlite.ErrForeign, sqlite.ErrForeign,
		},
		{
			"another program's database with its log",
			func(t *testing.T, path string) {
				foreign(t, path, `CREATE TABLE cookies (id)`, `PRAGMA journal_mode = WAL`, `INSERT INTO cookies VALUES (1)`)
			},
			sqlite.ErrForeign, sqlite.ErrForeign,
		},
		{
			"another program's database with everything in its log",
			func(t *testing.T, path string) {
				foreign(t, path, `PRAGMA journal_mode = WAL`, `CREATE TABLE cookies (id)`)
			},
			sqlite.ErrForeign, sqlite.ErrForeign,
		},
		{
			"an archive of a newer version",
			func(t *testing.T, path string) { foreignArchive(t, path, `PRAGMA user_version = 99`) },
			sqlite.ErrNewer, sqlite.ErrNewer,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "archive.db")
			c.put(t, path)
			before := files(t, dir)
			st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
			if err == nil {
				st.Close()
			}
			refused(t, "Open", path, err, c.open)
			reader, err := sqlite.OpenReader(t.Context(), path)
			if err == nil {
				reader.Close()
			}
			refused(t, "OpenReader", path, err, c.read)
			if c.open != sqlite.ErrNewer {
				release, err := sqlite.HoldService(t.Context(), path, time.Now())
				if err == nil {
					_ = release()
				}
				refused(t, "HoldService", path, err, c.open)
			}
			after := files(t, dir)
			if !maps.Equal(before, after) {
				t.Errorf("the folder held %q, and now %q, or something in it was altered",
					slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
			}
		})
	}
}
