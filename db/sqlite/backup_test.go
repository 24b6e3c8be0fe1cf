package sqlite_test

import (
	"context"
	"fmt"
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

func TestABackupIsAnArchive(t *testing.T) {
	t.Parallel()
	st := lived(t)
	path := filepath.Join(t.TempDir(), "copy.db")
	for range 2 { // the second takes the place of the first
		made, err := sqlite.Backup(t.Context(), st.Reader, path)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%d|%d|%d\n", made.Jobs, made.Transitions, made.Schema)
		want := show(t, st.Reader, `SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM transitions), user_version FROM pragma_user_version`)
		if st, err := os.Stat(path); got != want || err != nil || st.Size() != made.Bytes {
			t.Errorf("it says %s of %s, and %d bytes: %v", got, want, made.Bytes, err)
		}
	}
	copied, err := sqlite.OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	for _, view := range []string{"jobs", "transitions", "clusters", "rejects"} {
		if got, want := show(t, copied, `SELECT * FROM `+view), show(t, st.Reader, `SELECT * FROM `+view); got != want {
			t.Errorf("%s were\n%s and are\n%s", view, want, got)
		}
	}
}

func TestABackupThatFailsLeavesNothingAndKeepsTheOneBefore(t *testing.T) {
	t.Parallel()
	st := lived(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "copy.db")
	if _, err := sqlite.Backup(t.Context(), st.Reader, path); err != nil {
		t.Fatal(err)
	}
	before := files(t, dir)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sqlite.Backup(ended, st.Reader, path); err == nil {
		t.Error("a cancelled backup was made")
	}
	if got := files(t, dir); !maps.Equal(got, before) {
		t.Errorf("left is %v", slices.Sorted(maps.Keys(got)))
	}
}

func TestAnArchiveThatIsNotSoundGivesNoBackup(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	if _, err := sqlite.Backup(t.Context(), lived(t).Reader, path); err != nil {
		t.Fatal(err)
	}
	unsound := raw(t, path)
	execute(t, unsound, `UPDATE archive_tally SET jobs = jobs + 1`)
	dir := t.TempDir()
	_, err := sqlite.Backup(t.Context(), unsound, filepath.Join(dir, "copy.db"))
	if err == nil || !strings.Contains(err.Error(), "importarchive check") {
		t.Error(err)
	}
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("left is %v", slices.Sorted(maps.Keys(got)))
	}
}

// TestABackupReplacesOnlyBackups is about what a slip of the pen may name.
func TestABackupReplacesOnlyBackups(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	archive := filepath.Join(dir, "archive.db")
	st := openAt(t, archive)
	dbtest.Tell(t, st, "a").Lists(dbtest.Listed("x", db.Running))
	link := filepath.Join(dir, "link.db")
	if err := os.Symlink(archive, link); err != nil {
		t.Skip(err)
	}
	another, live := filepath.Join(dir, "another.db"), filepath.Join(dir, "live.db")
	other := openAt(t, live)
	dbtest.Tell(t, other, "b").Lists(dbtest.Listed("y", db.Running))
	if _, err := sqlite.Backup(t.Context(), other.Reader, another); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "letter.txt"), "dear friends")
	write(t, filepath.Join(dir, "empty.db"), "")
	foreign := filepath.Join(dir, "foreign.db")
	execute(t, raw(t, foreign), `CREATE TABLE t (x)`)
	for _, path := range []string{archive, link, another, live, filepath.Join(dir, "letter.txt"), filepath.Join(dir, "empty.db"), foreign, dir, filepath.Join(dir, "missing", "x.db")} {
		before := files(t, dir)
		if _, err := sqlite.Backup(t.Context(), st.Reader, path); err == nil {
			t.Errorf("%s was replaced", path)
		}
		if after := files(t, dir); !maps.Equal(after, before) {
			t.Errorf("%s: the folder had %v and has %v", path, slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
		}
	}
}

func TestAnOlderStateDoesNotReplaceANewerBackup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	st := openAt(t, filepath.Join(dir, "archive.db"))
	s := dbtest.Tell(t, st, "a")
	s.Lists(dbtest.Listed("x", db.Running))
	older, newer := filepath.Join(dir, "older.db"), filepath.Join(dir, "newer.db")
	for _, path := range []string{older, newer} {
		if _, err := sqlite.Backup(t.Context(), st.Reader, path); err != nil {
			t.Fatal(err)
		}
		s.Lists(dbtest.Listed("x", db.Completed))
	}
	restored, err := sqlite.OpenReader(t.Context(), older)
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	if _, err := sqlite.Backup(t.Context(), restored, newer); err == nil || !strings.Contains(err.Error(), "newer than this archive") {
		t.Error(err)
	}
}

func TestBackupsAreMadeWhileTheServiceWrites(t *testing.T) {
	t.Parallel()
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	s.Lists()
	path := filepath.Join(t.TempDir(), "copy.db")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
				s.Lists(dbtest.Listed(fmt.Sprint("job-", n), db.Running))
			}
		}
	}()
	last := int64(-1)
	for i := 0; i < 10 || last < 2 && !t.Failed(); i++ { // until some of it was written meanwhile
		made, err := sqlite.Backup(t.Context(), st.Reader, path)
		if err != nil {
			t.Fatal(err)
		}
		if made.Transitions < last {
			t.Errorf("a later backup has fewer transitions: %d after %d", made.Transitions, last)
		}
		last = made.Transitions
	}
	close(stop)
	<-stopped
}

// TestABackupThatLacksRowsIsNone checks the check that a migration trusts.
func TestABackupThatLacksRowsIsNone(t *testing.T) {
	t.Parallel()
	st := lived(t)
	path := filepath.Join(t.TempDir(), "copy.db")
	if _, err := sqlite.Backup(t.Context(), st.Reader, path); err != nil {
		t.Fatal(err)
	}
	copied := raw(t, path)
	if err := sqlite.SameRows(t.Context(), st.Reader, copied); err != nil {
		t.Errorf("a good copy: %v", err)
	}
	execute(t, copied, `DELETE FROM archive_gaps`)
	if err := sqlite.SameRows(t.Context(), st.Reader, copied); err == nil || !strings.Contains(err.Error(), "archive_gaps") {
		t.Errorf("a copy without its gaps: %v", err)
	}
}
