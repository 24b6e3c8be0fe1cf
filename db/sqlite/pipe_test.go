//go:build !windows

package sqlite_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"importarchive/db/sqlite"
)

func TestAPipeIsRefusedAndNotWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.db")
	if err := syscall.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	refused(t, "Open", path, err, nil)
	_, err = sqlite.OpenReader(t.Context(), path)
	refused(t, "OpenReader", path, err, nil)
	lock := filepath.Join(t.TempDir(), "archive.db")
	for _, suffix := range []string{".writers", ".service"} {
		if err := syscall.Mkfifo(lock+suffix, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	_, err = sqlite.Open(t.Context(), lock, sqlite.Options{})
	refused(t, "Open", lock, err, nil)
	_, err = sqlite.HoldService(t.Context(), lock, time.Now())
	refused(t, "HoldService", lock, err, nil)
	_, err = sqlite.ServiceRuns(lock)
	refused(t, "ServiceRuns", lock, err, nil)
}
