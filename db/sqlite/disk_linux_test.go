package sqlite_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/longtest"
)

// mountTmpfs returns a folder on a small file system of its own.
func mountTmpfs(t *testing.T, size string) (dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small file system for this")
	}
	dir = t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); errors.Is(err, unix.EPERM) {
		t.Skip("this root may not mount file systems: ", err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestAFullDiskLosesNothingThatWasCommitted(t *testing.T) {
	t.Parallel()
	serial(t)
	dir := mountTmpfs(t, "4m")
	ballast := filepath.Join(dir, "ballast")
	write(t, ballast, string(bytes.Repeat([]byte("x"), 2<<20)))
	st := openAt(t, filepath.Join(dir, "archive.db"))
	s := dbtest.Tell(t, st, "a")
	s.Begin()
	fill := func() (committed int, err error) {
		for seq := uint32(1); seq < 100_000; {
			var b db.Batch
			for range 200 {
				c := db.Change{
					Kind: db.Appeared, Seq: seq, Job: dbtest.Listed(fmt.Sprintf("job-%08d", seq), db.Running),
					ObservedAt: s.Now, Asked: s.Now, Seen: s.Now,
				}
				c.Job.Reason = strings.Repeat("so long that the disk is soon full ", 10)
				b.Changes = append(b.Changes, c)
				seq++
			}
			if err := st.Commit(t.Context(), &s.Run, b); err != nil {
				return committed, err
			}
			committed += len(b.Changes)
		}
		return committed, nil
	}
	committed, err := fill()
	if err == nil || !strings.Contains(err.Error(), "disk") || !strings.Contains(err.Error(), "archive.db") {
		t.Fatalf("after %d jobs: %v", committed, err)
	}
	if committed == 0 {
		t.Fatal("nothing was committed before the disk was full")
	}
	generation := s.Run.Generation
	sound := func(when string, want int) {
		t.Helper()
		if got := show(t, st.Reader, `SELECT archived FROM clusters`); got != fmt.Sprintln(want) {
			t.Errorf("%s the archive counts %s jobs, want %d", when, got, want)
		}
		if k, err := st.Known(t.Context(), "a"); err != nil || k.Len() != want || k.Generation != generation {
			t.Errorf("%s %d jobs are known at generation %d, want %d at %d: %v", when, k.Len(), k.Generation, want, generation, err)
		}
		dbtest.Verify(t, st.Reader)
	}
	sound("on a full disk", committed)

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := st.Commit(t.Context(), &s.Run, db.Batch{Changes: []db.Change{{
		Kind: db.Appeared, Seq: uint32(committed) + 1, Job: dbtest.Listed("at last", db.Running), ObservedAt: s.Now, Asked: s.Now, Seen: s.Now,
	}}}); err != nil {
		t.Fatalf("with space again: %v", err)
	}
	generation++
	s.Run.Outcome, s.Run.FinishedAt, s.Run.Appeared = db.Partial, s.Now, committed+1
	if err := st.Finish(t.Context(), &s.Run, nil); err != nil {
		t.Fatal(err)
	}
	sound("with space again", committed+1)
}

func TestAnArchiveInAReadOnlyFolderCanBeRead(t *testing.T) {
	t.Parallel()
	dir := mountTmpfs(t, "8m")
	path := filepath.Join(dir, "archive.db")
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Live(t, st)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	before := files(t, dir)
	readOnly := func(is uintptr) {
		t.Helper()
		if err := unix.Mount("", dir, "", unix.MS_REMOUNT|is, ""); err != nil {
			t.Fatal(err)
		}
	}
	readOnly(unix.MS_RDONLY)
	reader, err := sqlite.OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if got := show(t, reader, `SELECT count(*) FROM jobs`); got != "7\n" {
		t.Errorf("it holds %s jobs", got)
	}
	dbtest.Verify(t, reader)
	if err := reader.Close(); err != nil {
		t.Error(err)
	}
	if _, err := sqlite.Open(t.Context(), path, sqlite.Options{}); err == nil || !strings.Contains(err.Error(), "writable") {
		t.Errorf("opened for writing: %v", err)
	}
	if after := files(t, dir); len(after) != len(before) {
		t.Errorf("the folder holds %d files, held %d", len(after), len(before))
	}

	// As a crash leaves it: what is only in the log must not be missed.
	readOnly(0)
	crashed := filepath.Join(dir, "crashed.db")
	copyLive(t, livedIn(t, filepath.Join(t.TempDir(), "archive.db")), crashed)
	readOnly(unix.MS_RDONLY)
	reader, err = sqlite.OpenReader(t.Context(), crashed)
	if err != nil {
		if !strings.Contains(err.Error(), "writable") {
			t.Errorf("with a log that can't be read the error says %v", err)
		}
		return
	}
	defer reader.Close()
	if got := show(t, reader, `SELECT count(*) FROM jobs`); got != "7\n" {
		t.Errorf("with its log it holds %s jobs", got)
	}
}

// livedIn returns the path of an archive in use, with a log.
func livedIn(t *testing.T, path string) string {
	t.Helper()
	dbtest.Live(t, openAt(t, path))
	return path
}

// TestAnArchiveWhoseMakingRanOutOfDiskIsMadeWhenThereIsSpace fills the disk at
// every stage of making an archive; some leave half of it in the file and the
// rest in its log.
func TestAnArchiveWhoseMakingRanOutOfDiskIsMadeWhenThereIsSpace(t *testing.T) {
	t.Parallel()
	serial(t)
	failed := 0
	for size := 16; size <= 280; size += longtest.Size(48, 12) {
		dir := mountTmpfs(t, fmt.Sprint(size, "k"))
		path := filepath.Join(dir, "archive.db")
		if st, err := sqlite.Open(t.Context(), path, sqlite.Options{}); err == nil {
			if err := st.Close(); err != nil {
				t.Errorf("%d KiB: %v", size, err)
			}
		} else {
			failed++
		}
		if err := unix.Mount("", dir, "tmpfs", unix.MS_REMOUNT, "size=8m"); err != nil {
			t.Fatal(err)
		}
		st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			t.Errorf("%d KiB: once there is space: %v", size, err)
			continue
		}
		dbtest.Verify(t, st.Reader)
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}
	if failed == 0 {
		t.Error("the disk was never full")
	}
}
