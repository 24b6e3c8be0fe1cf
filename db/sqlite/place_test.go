package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
)

// withBackup returns an archive in use whose log has jobs that its file lacks, and a backup of it.
func withBackup(t *testing.T) (st *sqlite.Archive, s *dbtest.Story, path, backup string) {
	t.Helper()
	dir := t.TempDir()
	path, backup = filepath.Join(dir, "archive.db"), filepath.Join(dir, "backup.db")
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s = dbtest.Tell(t, st, "a")
	s.Lists(dbtest.Listed("x", db.Running))
	if _, err := sqlite.Backup(t.Context(), st.Reader, backup); err != nil {
		t.Fatal(err)
	}
	s.Begin()
	s.Page(dbtest.Listed("y", db.Running))
	s.Commit()
	return st, s, path, backup
}

func jobsIn(t *testing.T, path string) string {
	t.Helper()
	reader, err := sqlite.OpenReader(t.Context(), path)
	if err != nil {
		return err.Error()
	}
	defer reader.Close()
	dbtest.Verify(t, reader)
	return strings.ReplaceAll(strings.TrimSpace(show(t, reader, `SELECT job_id FROM jobs ORDER BY job_id`)), "\n", " ")
}

// TestWhatHappensToTheFileIsNoticedAndLosesNothing does to the file of an open archive what
// operators do. Each row says what is at the paths afterwards.
func TestWhatHappensToTheFileIsNoticedAndLosesNothing(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		story string
		do    func(path, backup string) error
		want  string            // part of the error
		has   map[string]string // the jobs of each file that is there then
	}{
		{"deleted", func(path, _ string) error { return os.Remove(path) }, "it was deleted", map[string]string{".rescued": "x y"}},
		{"moved away", func(path, _ string) error { return os.Rename(path, path+".old") }, "it was moved away", map[string]string{".old": "x y"}},
		{
			"replaced by a backup", func(path, backup string) error { return os.Rename(backup, path) }, "another file was put in its place",
			map[string]string{"": "x", ".rescued": "x y"},
		},
		{"moved away and replaced", func(path, backup string) error {
			return errors.Join(os.Rename(path, path+".old"), os.Rename(backup, path))
		}, "another file was put in its place", map[string]string{"": "x", ".old": "x y"}},
		{"moved away behind a link to it", func(path, _ string) error {
			return errors.Join(os.Rename(path, path+".old"), os.Symlink(filepath.Base(path)+".old", path))
		}, "another file was put in its place", map[string]string{".old": "x y"}},
		{"its log deleted", func(path, _ string) error { return os.Remove(path + "-wal") }, "its log (-wal, -shm) was deleted", map[string]string{"": "x y"}},
		{"its log's index deleted", func(path, _ string) error { return os.Remove(path + "-shm") }, "its log (-wal, -shm) was deleted", map[string]string{"": "x y"}},
		{"overwritten by a backup", func(path, backup string) error {
			content, err := os.ReadFile(backup)
			return errors.Join(err, os.WriteFile(path, content, 0o666))
		}, "another file was copied over it", nil}, // what follows takes another process: its connections stay open
		{"emptied", func(path, _ string) error { return os.Truncate(path, 0) }, "another file was copied over it", nil},
	} {
		t.Run(row.story, func(t *testing.T) {
			t.Parallel()
			st, s, path, backup := withBackup(t)
			if err := row.do(path, backup); err != nil {
				t.Fatal(err)
			}
			err := st.InPlace()
			if !errors.Is(err, sqlite.ErrLost) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("it says %v", err)
			}
			if err := st.Begin(t.Context(), &db.Run{Trigger: db.AtStart, StartedAt: s.Now, Cluster: db.Cluster{Name: "b"}}); !errors.Is(err, sqlite.ErrLost) {
				t.Errorf("a run begins: %v", err)
			}
			_ = st.Close() // it says where the rescued archive is
			if row.has[""] != "" {
				anew := openAt(t, path)
				dbtest.Tell(t, anew, "c").Lists(dbtest.Listed("z", db.Running))
				row.has[""] += " z"
			}
			for suffix, jobs := range row.has {
				if got := jobsIn(t, path+suffix); got != jobs {
					t.Errorf("archive.db%s has %q, want %q", suffix, got, jobs)
				}
			}
		})
	}
}

// TestALogOfAnotherFileIsSetAside has the log of a process that was killed, beside a file that
// took the place of its own.
func TestALogOfAnotherFileIsSetAside(t *testing.T) {
	t.Parallel()
	_, s, path, backup := withBackup(t)
	s.Close(db.Partial)
	for _, row := range []struct{ story, file, want string }{
		{"a backup", backup, "x"},
		{"its own file", path, "x y"},
	} {
		dir := t.TempDir()
		at := filepath.Join(dir, "archive.db")
		s.Begin()
		copyLive(t, row.file, at)
		content, err := os.ReadFile(path + "-wal")
		if err != nil || len(content) == 0 {
			t.Fatal(err)
		}
		write(t, at+"-wal", string(content))
		if err := sqlite.Probe(t.Context(), at, false); err != nil {
			t.Errorf("%s: a probe says %v", row.story, err)
		}
		_, err = sqlite.OpenReader(t.Context(), at)
		if stray := errors.Is(err, sqlite.ErrStray); stray != (row.file == backup) {
			t.Errorf("%s: a reader says %v", row.story, err)
		}
		st := openAt(t, at)
		if got := jobsIn(t, at); got != row.want {
			t.Errorf("%s has %q", row.story, got)
		}
		if aside := st.SetAside(); (aside != "") != (row.file == backup) {
			t.Errorf("%s: set aside %q", row.story, aside)
		} else if aside != "" {
			if _, err := os.Stat(aside); err != nil {
				t.Error(err)
			}
		}
	}
}

// A log whose file was moved away or emptied before its process was killed is not deleted.
func TestALogWithoutAFileIsSetAside(t *testing.T) {
	t.Parallel()
	_, _, path, _ := withBackup(t)
	content, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	for _, emptied := range []bool{false, true} {
		at := filepath.Join(t.TempDir(), "archive.db")
		write(t, at+"-wal", string(content))
		if emptied {
			write(t, at, "")
		}
		st := openAt(t, at)
		kept, err := os.ReadFile(st.SetAside())
		if err != nil || string(kept) != string(content) {
			t.Errorf("emptied %v: %q: %v", emptied, st.SetAside(), err)
		}
	}
}

// TestAReaderOfADeletedArchiveLearnsWhereItIs has a rescued archive, and what a copy that was
// cut short left, which is none.
func TestAReaderOfADeletedArchiveLearnsWhereItIs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	write(t, path+".before-restore.unfinished", "half")
	if _, err := sqlite.OpenReader(t.Context(), path); !errors.Is(err, sqlite.ErrMissing) {
		t.Errorf("with half a copy: %v", err)
	}
	write(t, path+".rescued", "whole")
	if _, err := sqlite.OpenReader(t.Context(), path); err == nil || !strings.Contains(err.Error(), "importarchive restore "+path+".rescued") {
		t.Errorf("with a rescued one: %v", err)
	}
}

// TestASecondLogIsNotBegun has a process that lost its log, and another that opens the archive.
func TestASecondLogIsNotBegun(t *testing.T) {
	t.Parallel()
	_, _, path, _ := withBackup(t)
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Rename(path+suffix, path+suffix+".away"); err != nil {
			t.Fatal(err)
		}
		st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err == nil {
			t.Error(suffix, " is away, and the archive opens: ", st.Close())
		} else if !strings.Contains(err.Error(), "stop that process first") {
			t.Errorf("%s: %v", suffix, err)
		}
		_ = os.Remove(path + suffix) // an inspection creates it anew
		if err := os.Rename(path+suffix+".away", path+suffix); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFilesBesideTheArchiveAreItsOwn has links in their places.
func TestFilesBesideTheArchiveAreItsOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, victim := filepath.Join(dir, "archive.db"), filepath.Join(dir, "victim")
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, victim, "")
	for _, suffix := range []string{"-wal", "-shm"} {
		for _, link := range []func(string, string) error{os.Symlink, os.Link} {
			if err := errors.Join(os.Remove(path+suffix), link(victim, path+suffix)); err != nil {
				t.Fatal(err)
			}
			if _, err := sqlite.Open(t.Context(), path, sqlite.Options{}); err == nil || !strings.Contains(err.Error(), "remove it") {
				t.Errorf("%s: %v", suffix, err)
			}
			if got := files(t, dir)["victim"]; got != "" {
				t.Errorf("%s: the other file has %q", suffix, got)
			}
		}
		if err := os.Remove(path + suffix); err != nil {
			t.Fatal(err)
		}
	}
}

// TestADamagedBackupIsNotRestored has one that was cut short.
func TestADamagedBackupIsNotRestored(t *testing.T) {
	t.Parallel()
	st, _, path, backup := withBackup(t)
	if err := errors.Join(st.Close(), os.Truncate(backup, 50_000)); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Restore(t.Context(), backup, path, time.Now()); err == nil || !strings.Contains(err.Error(), backup+" is damaged, so nothing was restored") {
		t.Error(err)
	}
	if got := jobsIn(t, path); got != "x y" {
		t.Errorf("the archive has %q", got)
	}
}

// TestALockIsNotWrittenThroughALink has a link to another file in the place of a lock.
func TestALockIsNotWrittenThroughALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, victim := filepath.Join(dir, "archive.db"), filepath.Join(dir, "victim")
	write(t, victim, "precious")
	for _, link := range []func(string, string) error{os.Symlink, os.Link} {
		if err := link(victim, path+".service"); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.HoldService(t.Context(), path, dbtest.Tell(t, open(t), "a").Now); err == nil {
			t.Error("the lock was taken")
		}
		if got := files(t, dir)["victim"]; got != "precious" {
			t.Errorf("the other file has %q", got)
		}
		if err := os.Remove(path + ".service"); err != nil {
			t.Fatal(err)
		}
	}
}
