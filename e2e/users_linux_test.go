package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"importarchive/longtest"
	"importarchive/sync/remote/simulator"
)

// The users of TestOtherUsersReadAndStopNothing, and the group of both.
const (
	serviceUser, analyst, team = 64001, 64002, 64000
)

// TestOtherUsersReadAndStopNothing lets a user with read rights look at an archive of another
// user, at each moment of the archive's life. The user reads, and afterwards the service can
// write. The folder is one in which the user may create files, or not.
func TestOtherUsersReadAndStopNothing(t *testing.T) {
	if testing.Short() || os.Geteuid() != 0 {
		t.Skip("only root can be two users; not in a short run")
	}
	t.Parallel()
	dir := t.TempDir()
	binary := filepath.Join(dir, "importarchive")
	if out, err := exec.Command("go", "build", "-o", binary, "..").CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, out)
	}
	world := simulator.New(1, time.Now, sandboxClusters...)
	settings := fmt.Sprintf(sandboxSettings, newService(t, world).url())
	for _, mode := range []os.FileMode{0o770, 0o750}[:longtest.Size(1, 2)] {
		t.Run(fmt.Sprintf("in a folder %o", mode), func(t *testing.T) {
			u := &users{t: t, binary: binary, dir: filepath.Join(dir, fmt.Sprintf("%o", mode))}
			err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o755), os.Mkdir(u.dir, 0o700),
				os.WriteFile(filepath.Join(u.dir, "config.toml"), []byte(settings), 0o644),
				os.Chown(u.dir, serviceUser, team), os.Chmod(u.dir, mode|os.ModeSetgid))
			if err != nil {
				t.Fatal(err)
			}
			u.syncs("at first")
			u.looks("after a sync")
			service := u.as(serviceUser, binary, "run")
			if err := service.Start(); err != nil {
				t.Fatal(err)
			}
			u.looks("beside the service")
			_ = service.Process.Signal(syscall.SIGTERM)
			if err := service.Wait(); err != nil {
				t.Errorf("the service ends with %v", err)
			}
			u.looks("after the service")
			u.unlogged = true
			u.looks("without a log")
		})
	}
}

type users struct {
	t           *testing.T
	binary, dir string
	unlogged    bool // before each command the log is deleted, as the sqlite3 shell of the archive's owner does
}

func (u *users) path(suffix string) string { return filepath.Join(u.dir, "archive.db"+suffix) }

// as returns a command of a user. Files that it creates are for the user and the group.
func (u *users) as(uid uint32, name string, args ...string) *exec.Cmd {
	c := exec.Command("sh", append([]string{"-c", `umask 027; exec "$@"`, "sh", name}, args...)...)
	c.Dir, c.Env = u.dir, []string{"PATH=" + os.Getenv("PATH")}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: team}}
	return c
}

// syncs demands that the service's user can write.
func (u *users) syncs(when string) {
	u.t.Helper()
	out, err := u.as(serviceUser, u.binary, "sync").CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 3) { // 3: the list moved while it was read
		u.t.Errorf("%s: a sync ends with %v\n%s", when, err, out)
	}
}

// looks lets the other user read the archive in several ways, and the service's user write after each.
func (u *users) looks(when string) {
	u.t.Helper()
	ways := [][]string{{u.binary, "report", "runs", "--format", "csv"}, {u.binary, "jobs", "--format", "csv"}, {u.binary, "check"}}
	if shell, err := exec.LookPath("sqlite3"); err == nil {
		const query = "SELECT count(*) || ' job_id started_at settings' FROM jobs"
		ways = append(ways, []string{shell, "-readonly", u.path(""), query}, []string{shell, u.path(""), query})
	} else if os.Getenv("CI") == "true" {
		u.t.Error("CI needs the sqlite3 shell: ", err)
	}
	for _, way := range ways {
		if u.unlogged && way[0] != u.binary && strings.HasSuffix(u.dir, "750") {
			continue // SQLite's shell can't read a file of this kind where it can't create a log
		}
		if u.unlogged {
			if err := errors.Join(os.Remove(u.path("-wal")), os.Remove(u.path("-shm"))); err != nil {
				u.t.Fatal(err)
			}
		}
		out, err := u.as(analyst, way[0], way[1:]...).CombinedOutput()
		checks := way[1] == "check" // finds problems: this user can't write
		if err != nil && !checks || !strings.Contains(string(out), "started_at") && !strings.Contains(string(out), "job_id") && !checks {
			u.t.Errorf("%s: %v ends with %v\n%s", when, way, err, out)
		}
		if checks && !strings.Contains(string(out), "writable") {
			u.t.Errorf("%s: check does not say that the user may not write\n%s", when, out)
		}
		if way[0] == u.binary {
			u.leftNothing(when, way)
			u.writesNothing(when)
		}
		u.syncs(fmt.Sprintf("%s, and %v", when, way))
	}
}

// writesNothing lets the other user try what only the service's user may. A lock file that
// stays would stop the service.
func (u *users) writesNothing(when string) {
	u.t.Helper()
	for _, way := range [][]string{{"sync"}, {"run"}, {"restore", u.path("")}} {
		if out, err := u.as(analyst, u.binary, way...).CombinedOutput(); err == nil || !strings.Contains(string(out), "not writable for this user (permission denied)") {
			u.t.Errorf("%s: %v of another user ends with %v\n%s", when, way, err, out)
		}
		u.leftNothing(when, way)
	}
}

// leftNothing demands that the other user owns no file in the folder.
func (u *users) leftNothing(when string, way []string) {
	u.t.Helper()
	entries, err := os.ReadDir(u.dir)
	if err != nil {
		u.t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // a file of the service that is gone by now
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid == analyst {
			u.t.Errorf("%s: %v left %s behind", when, way, e.Name())
		}
	}
}
