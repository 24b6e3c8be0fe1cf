//go:build !windows

package sqlite_test

import (
	"path/filepath"
	"syscall"
	"testing"

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
}
