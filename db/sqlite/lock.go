package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"importarchive/db/sqlite/files"
	"importarchive/migrations"
)

// Two lock files beside the archive show which processes work on it. The operating
// system releases a lock when its process dies, however it dies.
//
//   - Every process that writes holds FILE.writers shared. A process that gets it
//     exclusively for a moment knows that each run that is still open belongs to
//     a dead process.
//   - The one background service holds FILE.service, which also names it.
//
// They are never deleted: a lock on a deleted file excludes no other process.
const (
	lockSuffix    = ".writers"
	serviceSuffix = ".service"
)

// lockFile returns a lock file that is to be locked. Another kind of file in its place
// could wait for a writer for ever, or lead elsewhere.
func lockFile(name string, flag int) (*flock.Flock, error) {
	if err := files.Plain(name); err != nil {
		return nil, err
	}
	return flock.New(name, flock.SetPermissions(0o666), flock.SetFlag(os.O_RDONLY|files.NoFollow|flag)), nil
}

// hasWriter reports whether a process has the archive open for writing.
func hasWriter(path string) bool {
	l, err := lockFile(path+lockSuffix, 0)
	if err != nil {
		return false
	}
	got, err := l.TryLock()
	return errors.Join(err, l.Close()) == nil && !got
}

// lockWriters waits until no other process is making, migrating or repairing
// the archive. alone runs while no other process writes at all.
func lockWriters(ctx context.Context, path string, alone func() error) (*flock.Flock, error) {
	l, err := lockFile(path+lockSuffix, os.O_CREATE)
	if err != nil {
		return nil, err
	}
	for {
		got, err := l.TryLock()
		if err == nil && got {
			if err = alone(); err == nil {
				// Unlock and lock again instead of converting the lock: a
				// conversion is no safer, because the system releases the old
				// lock first anyway, and Windows has no conversion.
				err = l.Unlock()
			}
		}
		if err == nil {
			got, err = l.TryRLock()
		}
		switch {
		case err != nil:
			return nil, errors.Join(err, l.Close())
		case got:
			return l, nil
		}
		// Another process has the archive to itself. If it dies, this process
		// takes the lock and does the work.
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), l.Close())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// HeldError says that another service works on the archive.
type HeldError struct {
	Path   string
	Holder string // "pid 4711 on host db1, since …", as the holder wrote it
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("archive %s: another importarchive service already keeps it (%s): stop that one first", e.Path, e.Holder)
}

// HoldService makes this process the archive's one background service until the
// caller calls release. A [*HeldError] names the service that already holds the
// lock. The archive need not exist yet. HoldService puts no lock beside a file
// that is not an archive.
//
// Call it before opening the archive, because it reads the file: when a process
// closes a file, POSIX drops all locks that the process has on it, also those of
// SQLite's connections. Other processes would then see no user of the archive,
// and delete its log under this process.
func HoldService(ctx context.Context, path string, now time.Time) (release func() error, err error) {
	defer func() {
		if !errors.As(err, new(*HeldError)) {
			explain(path, &err)
		}
	}()
	real, err := realPath(path)
	if err != nil {
		return nil, err
	}
	newest, err := latestVersion(migrations.Files)
	if err == nil {
		err = usable(ctx, real, newest)
	}
	if err != nil {
		return nil, err
	}
	return holdService(ctx, path, real, now)
}

// holdService takes the lock of the service.
func holdService(ctx context.Context, path, real string, now time.Time) (release func() error, err error) {
	name := real + serviceSuffix
	l, err := lockFile(name, os.O_CREATE)
	if err != nil {
		return nil, err
	}
	// A process in ServiceRuns holds the lock for a moment, so try for longer.
	soon, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	got, err := l.TryLockContext(soon, 20*time.Millisecond)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, errors.Join(err, l.Close())
	}
	if !got {
		holder, err := os.ReadFile(name)
		return nil, errors.Join(&HeldError{path, strings.TrimSpace(string(holder))}, err, l.Close())
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	text := fmt.Sprintf("pid %d on host %s, since %s UTC\n", os.Getpid(), host, now.UTC().Format(time.DateTime))
	if err := writeLocked(l, text); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l.Close, nil
}

// writeLocked writes a text into a locked file. The package flock keeps its handle to
// itself, so writeLocked opens the file again, and writes only if that is the locked
// file and the file has no other name.
func writeLocked(l *flock.Flock, text string) error {
	f, err := os.OpenFile(l.Path(), os.O_WRONLY|files.NoFollow, 0)
	if err != nil {
		return err
	}
	opened, err := f.Stat()
	locked, failed := l.Stat()
	switch {
	case err != nil || failed != nil:
		err = errors.Join(err, failed)
	case !os.SameFile(opened, locked) || files.Links(opened) > 1:
		err = fmt.Errorf("%s is a link or was replaced: remove it", l.Path())
	default:
		if err = f.Truncate(0); err == nil {
			_, err = f.WriteString(text)
		}
	}
	return errors.Join(err, f.Close())
}

// ServiceRuns reports whether a background service keeps an archive.
func ServiceRuns(path string) (runs bool, err error) {
	defer explain(path, &err)
	real, err := realPath(path)
	if err != nil {
		return false, err
	}
	if _, err := os.Stat(real + serviceSuffix); errors.Is(err, fs.ErrNotExist) {
		return false, nil // and none is made
	}
	l, err := lockFile(real+serviceSuffix, 0)
	if err != nil {
		return false, err
	}
	got, err := l.TryRLock()
	return !got && err == nil, errors.Join(err, l.Close())
}
