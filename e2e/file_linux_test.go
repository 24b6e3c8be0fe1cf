package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"importarchive/db/sqlite"
	"importarchive/longtest"
)

// TestTheFileUnderTheService lives through some faults of the archive's file; TestChaos
// through all of them, beside kills.
func TestTheFileUnderTheService(t *testing.T) {
	if testing.Short() {
		t.Skip("not in a short run: it waits for processes")
	}
	if longtest.Enabled() {
		t.Skip("TestChaos does more")
	}
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "importarchive")
	if out, err := exec.Command("go", "build", "-o", binary, "..").CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, out)
	}
	random := rand.New(rand.NewPCG(1, 1))
	a := newSandbox(t, binary, false, random, newTally())
	for _, f := range shuffledUntil(random, onTheFile, 3) {
		a.lives(f)
	}
	a.ends()
}

// onTheFile are faults of the archive's file. The service must say what happened and end
// with 1, or refuse what can't be safe. What was committed must be in one of the files
// that are there then; restore brings it back.
var onTheFile = []chaos{
	{"the archive is moved away", func(a *sandbox) {
		a.loses("it was moved away", func() error { return os.Rename(a.Path, a.Path+".old") })
		a.restores(a.Path + ".old")
	}},
	{"the archive is deleted", func(a *sandbox) {
		a.loses("it was deleted", func() error { return os.Remove(a.Path) })
		if out, code := a.runs("run"); code != 1 || !strings.Contains(out, "importarchive restore archive.db.rescued") {
			a.t.Errorf("started again it ends with %d:\n%s", code, out)
		}
		a.restores(a.Path + ".rescued")
	}},
	{"a backup is moved over the archive", func(a *sandbox) {
		backup := a.backup()
		a.loses("another file was put in its place", func() error { return os.Rename(backup, a.Path) })
		a.verifies()
		a.restores(a.Path + ".rescued")
	}},
	{"the archive is moved away, and a backup takes its place", func(a *sandbox) {
		backup := a.backup()
		a.loses("another file was put in its place", func() error {
			return errors.Join(os.Rename(a.Path, a.Path+".old"), os.Rename(backup, a.Path))
		})
		a.verifies()
		a.restores(a.Path + ".old")
	}},
	{"a backup is copied over the archive", func(a *sandbox) {
		// What is copied over is lost, so the backup must have all of it. And no checkpoint
		// may be under way: after the first half of one no program could help.
		release := a.lock()
		time.Sleep(500 * time.Millisecond)
		a.loses("another file was copied over it", func() error {
			if err := a.program.Process.Signal(syscall.SIGSTOP); err != nil {
				return err
			}
			a.copies(a.backup(), a.Path)
			release()
			return a.program.Process.Signal(syscall.SIGCONT)
		})
		a.checks()
		a.restarts("was set aside")
	}},
	{"SIGKILL, and a backup is copied over the archive beside its log", func(a *sandbox) {
		a.kill(a.program)
		a.copies(a.backup(), a.Path)
		a.checks()
		a.restarts("")
	}},
	{"SIGKILL, and the archive is moved away from its log", func(a *sandbox) {
		a.kill(a.program)
		old, log := a.Path+".old", a.Path+".stray-wal"
		logged, err := os.Stat(a.Path + "-wal")
		if err := errors.Join(err, os.Rename(a.Path, old)); err != nil {
			a.t.Fatal(err)
		}
		if out, code := a.runs("sync"); code != 0 && code != 3 || logged.Size() > 0 && !strings.Contains(out, filepath.Base(log)) {
			a.t.Errorf("a sync ends with %d:\n%s", code, out)
		}
		a.verifies()
		// Brought together again, file and log are whole.
		for _, suffix := range []string{"-wal", "-shm"} {
			_ = os.Remove(a.Path + suffix)
		}
		if err := os.Rename(old, a.Path); err != nil {
			a.t.Fatal(err)
		}
		if err := os.Rename(log, a.Path+"-wal"); err != nil && logged.Size() > 0 {
			a.t.Fatal(err)
		}
		a.start()
	}},
	{"the archive gets a second name", func(a *sandbox) {
		other := filepath.Join(a.dir, "other.db")
		if err := os.Link(a.Path, other); err != nil {
			a.t.Fatal(err)
		}
		a.refuses("more than one name (hard links)", a.Path)
		a.refuses("more than one name (hard links)", other)
		a.recovers() // the service goes on: its log is beside the right name
		if err := os.Remove(other); err != nil {
			a.t.Fatal(err)
		}
	}},
	{"the archive alone is mounted elsewhere", func(a *sandbox) {
		if !a.mounted {
			a.t.Log("left out: only root may mount a file")
			return
		}
		other := filepath.Join(a.t.TempDir(), "archive.db")
		if err := errors.Join(os.WriteFile(other, nil, 0o666), unix.Mount(a.Path, other, "", unix.MS_BIND, "")); err != nil {
			a.t.Fatal(err)
		}
		defer func() {
			if err := unix.Unmount(other, unix.MNT_DETACH); err != nil {
				a.t.Error(err)
			}
		}()
		a.refuses("the file is mounted by itself", other)
		a.recovers()
	}},
	{"a backup is restored under the service, and without it", func(a *sandbox) {
		backup := a.backup()
		if out, code := a.runs("restore", backup); code != 1 || !strings.Contains(out, "stop that one first") {
			a.t.Errorf("under the service restore ends with %d:\n%s", code, out)
		}
		a.stop()
		for range 2 { // there and back again
			if out, code := a.runs("restore", backup); code != 0 {
				a.t.Errorf("restore ends with %d:\n%s", code, out)
			}
			a.verifies()
			backup = a.Path + ".before-restore"
		}
		a.tidies()
		a.start()
	}},
}

// loses does something to the archive's file. The service must say this word and end.
func (a *sandbox) loses(word string, do func() error) {
	a.t.Helper()
	if err := do(); err != nil {
		a.t.Fatal(err)
	}
	a.ended(word)
}

// ended waits for the end of the service, which says why it ends.
func (a *sandbox) ended(word string) {
	a.t.Helper()
	_ = a.program.Wait()
	if code := a.program.ProcessState.ExitCode(); code != 1 || !strings.Contains(a.program.said(0), word) {
		a.t.Errorf("%s: the service ends with %d:\n%s", a.doing, code, a.program.tail())
	}
}

// checks runs a check beside a log that may be another file's. It must not alter the file.
func (a *sandbox) checks() {
	a.t.Helper()
	before, err := os.ReadFile(a.Path)
	if err != nil {
		a.t.Fatal(err)
	}
	out, _ := a.runs("check")
	if after, err := os.ReadFile(a.Path); err != nil || !bytes.Equal(before, after) {
		a.t.Errorf("%s: a check alters the archive (%v):\n%s", a.doing, err, out)
	}
}

// restarts starts the service as a supervisor does. It must say this word.
func (a *sandbox) restarts(word string) {
	a.t.Helper()
	a.start()
	a.recovers()
	if !strings.Contains(a.program.said(0), word) {
		a.t.Errorf("%s: started again the service does not say %q:\n%s", a.doing, word, a.program.tail())
	}
	a.tidies()
}

// restores puts a file in the archive's place and starts the service.
func (a *sandbox) restores(file string) {
	a.t.Helper()
	if out, code := a.runs("restore", file); code != 0 {
		a.t.Errorf("%s: restore ends with %d:\n%s", a.doing, code, out)
	}
	a.tidies()
	a.start()
}

// tidies removes what is kept beside the archive, because the disk is small.
func (a *sandbox) tidies() {
	a.t.Helper()
	for _, of := range []string{".old", ".rescued", ".before-restore", ".stray-wal", ".backup"} {
		found, err := filepath.Glob(a.Path + of + "*")
		for _, name := range found {
			err = errors.Join(err, os.Remove(name))
		}
		if err != nil {
			a.t.Error(err)
		}
	}
}

// refuses demands that a sync refuses the archive at a path with this word.
func (a *sandbox) refuses(word, path string) {
	a.t.Helper()
	a.write("other.toml", fmt.Sprintf("archive.path = %q\n", path)+fmt.Sprintf(sandboxSettings, a.service.url()))
	if out, code := a.runs("--config", "other.toml", "sync"); code != 1 || !strings.Contains(out, word) {
		a.t.Errorf("%s: a sync of %s ends with %d:\n%s", a.doing, path, code, out)
	}
}

// backup makes a backup beside the archive.
func (a *sandbox) backup() (path string) {
	a.t.Helper()
	path = a.Path + ".backup"
	if out, code := a.runs("backup", path); code != 0 {
		a.t.Fatalf("%s: backup ends with %d:\n%s", a.doing, code, out)
	}
	return path
}

// copies writes a file over another one, as cp does.
func (a *sandbox) copies(from, to string) {
	a.t.Helper()
	if out, err := exec.Command("cp", from, to).CombinedOutput(); err != nil {
		a.t.Fatalf("%v\n%s", err, out)
	}
}

// verifies checks the archive at the path, which may be an older state.
func (a *sandbox) verifies() {
	a.t.Helper()
	a.read(func() {
		findings, err := sqlite.Verify(a.t.Context(), a.File)
		if err != nil || len(findings) > 0 {
			a.t.Errorf("%s: %v, %v", a.doing, findings, err)
		}
	})
}
