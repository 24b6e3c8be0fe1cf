package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
)

// files returns every file in a folder, and what is in it.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all[e.Name()] = "(no regular file)"
		if e.Type().IsRegular() {
			content, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			all[e.Name()] = string(content)
		}
	}
	return all
}

// copyLive copies a database as a crash would leave it: with its log.
func copyLive(t *testing.T, from, to string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(from + suffix)
		if errors.Is(err, fs.ErrNotExist) && suffix != "" {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+suffix, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// foreign creates another program's database at a path.
func foreign(t *testing.T, path string, statements ...string) {
	t.Helper()
	scratch := filepath.Join(t.TempDir(), "scratch.db")
	file := raw(t, scratch)
	file.SetMaxOpenConns(1)
	execute(t, file, statements...)
	copyLive(t, scratch, path)
}

// foreignArchive makes an archive and alters it by hand.
func foreignArchive(t *testing.T, path string, statements ...string) {
	t.Helper()
	scratch := filepath.Join(t.TempDir(), "scratch.db")
	st, err := sqlite.Open(t.Context(), scratch, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	copyLive(t, scratch, path)
	file := raw(t, path)
	execute(t, file, statements...)
	execute(t, file, `PRAGMA wal_checkpoint(TRUNCATE)`)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// refused demands an error of this kind that names the file, once.
func refused(t *testing.T, who, path string, err, want error) {
	t.Helper()
	if err == nil || want != nil && !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", who, err, want)
	} else if strings.Count(err.Error(), "archive "+path+":") != 1 {
		t.Errorf("%s does not say once which file it is about: %v", who, err)
	}
}

func TestAnEmptyFileBecomesAnArchive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.db")
	write(t, path, "")
	if _, err := sqlite.OpenReader(t.Context(), path); !errors.Is(err, sqlite.ErrMissing) {
		t.Errorf("read: %v", err)
	}
	openAt(t, path)
}

// A power cut while an archive is made leaves a file that says nothing yet,
// and a log; our lock beside it says whose it is.
func TestAnArchiveWhoseMakingWasCutShortIsMade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	foreign(t, path, `PRAGMA journal_mode = WAL`, `CREATE TABLE archive_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')))`,
		`INSERT INTO archive_migrations (version_id, is_applied) VALUES (0, 1)`)
	write(t, path+".writers", "")
	if _, err := sqlite.OpenReader(t.Context(), path); !errors.Is(err, sqlite.ErrMissing) {
		t.Errorf("read: %v", err)
	}
	dbtest.Live(t, openAt(t, path))
}

func TestWhatIsNotThereCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "archive.db"), filepath.Join(dir, "no", "archive.db")} {
		if _, err := sqlite.OpenReader(t.Context(), path); !errors.Is(err, sqlite.ErrMissing) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if got := files(t, dir); len(got) > 0 {
		t.Errorf("looking made %v", got)
	}
	_, err := sqlite.Open(t.Context(), filepath.Join(dir, "no", "archive.db"), sqlite.Options{})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "folder") {
		t.Errorf("in a folder that isn't there: %v", err)
	}
}

func TestAnOlderArchiveIsNotMigratedByReading(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "archive.db")
	foreignArchive(t, path, `PRAGMA user_version = 0`)
	before := files(t, dir)
	if _, err := sqlite.OpenReader(t.Context(), path); !errors.Is(err, sqlite.ErrOlder) {
		t.Error(err)
	}
	if after := files(t, dir); !maps.Equal(after, before) {
		t.Errorf("there were %v and are %v, or a file has other bytes", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
	}
}

func TestAnyPathWillDo(t *testing.T) {
	serial(t)
	for _, name := range []string{"a?b.db", "a#b.db", "100%.db", "%41.db", "two words.db", "アーカイブ.db", "?mode=memory", "a&b=c.db", "a'b\".db"} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		dbtest.Tell(t, st, "a").Lists(dbtest.Listed("x", db.Running))
		if err := st.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		reader, err := sqlite.OpenReader(t.Context(), path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := show(t, reader, `SELECT job_id FROM jobs`); got != "x\n" {
			t.Errorf("%s holds %q", name, got)
		}
		reader.Close()
		for left := range files(t, dir) {
			if !strings.HasPrefix(left, name) {
				t.Errorf("%s: %q was made beside it", name, left)
			}
		}
	}
}

func TestARelativePathIsMeantFromHere(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	st, err := sqlite.Open(t.Context(), "archive.db", sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if _, err := os.Stat(filepath.Join(dir, "archive.db")); err != nil {
		t.Error(err)
	}
}

// Two names of one archive have one lock; else the second would take the
// first one's run for a dead process's.
func TestALinkIsTheArchiveItLeadsTo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, link := filepath.Join(dir, "archive.db"), filepath.Join(t.TempDir(), "link.db")
	st := openAt(t, path)
	s := dbtest.Tell(t, st, "a")
	s.Begin()
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	second := openAt(t, link)
	if got := show(t, second.Reader, `SELECT outcome FROM runs`); got != "-\n" {
		t.Errorf("the run that goes on was closed: %s", got)
	}
	s.Complete()
	if got := files(t, filepath.Dir(link)); len(got) != 1 {
		t.Errorf("beside the link there is %v", slices.Sorted(maps.Keys(got)))
	}
	release, err := sqlite.HoldService(t.Context(), path, s.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if _, err := sqlite.HoldService(t.Context(), link, s.Now); !errors.As(err, new(*sqlite.HeldError)) {
		t.Errorf("the link is another archive: %v", err)
	}
}

func TestAReaderCannotWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.db")
	st := openAt(t, path)
	alone, err := sqlite.OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	for _, reader := range []*sql.DB{st.Reader, alone} {
		if _, err := reader.Exec(`DELETE FROM archive_jobs`); err == nil {
			t.Error("a reader has written")
		}
	}
}

func TestOpeningThatWasCancelledLeavesAPathThatCanBeOpened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.db")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if st, err := sqlite.Open(ended, path, sqlite.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("opened: %v, %v", st, err)
	}
	openAt(t, path)
}
