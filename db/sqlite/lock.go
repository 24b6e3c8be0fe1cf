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

	"importarchive/migrations"
)

// Two files beside the archive say who works on it; the operating system
// frees their locks when a process dies, however it dies.
//
//   - FILE.writers is held shared by every process that writes. A process
//     that gets it alone for a moment knows that a dead one left every run that
//     is still open.
//   - FILE.service is held by the one background service, and names it.
//
// They are never deleted: a lock on a deleted file locks no process out.
const (
	lockSuffix    = ".writers"
	serviceSuffix = ".service"
)

// lockWriters waits until no other process is making, migrating or repairing
// the archive. alone runs while no other process writes at all.
func lockWriters(ctx context.Context, path string, alone func() error) (*flock.Flock, error) {
	l := flock.New(path+lockSuffix, flock.SetPermissions(0o666))
	for {
		got, err := l.TryLock()
		if err == nil && got {
			if err = alone(); err == nil {
				// Not a conversion, which would be no safer: the system lets go
				// of the old lock first in any case, and Windows has none.
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
		// Another process is alone with the archive. It may die of that, and then
		// it is for this process to be alone.
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

// HoldService makes this process the archive's one background service until
// release is called. A [*HeldError] names the one that is. The archive need
// not be there yet; beside a file that is not one no lock is put.
//
// It is called before the archive is opened. It looks into the file, and when
// a process closes a file POSIX takes all its locks on it away, also those of
// SQLite's connections: others would find the archive closed, and take its log
// away under this process.
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
	name := real + serviceSuffix
	l := flock.New(name, flock.SetPermissions(0o666))
	// ServiceRuns holds the lock for a moment.
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
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l.Close, nil
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
	l := flock.New(real + serviceSuffix)
	got, err := l.TryRLock()
	return !got && err == nil, errors.Join(err, l.Close())
}
