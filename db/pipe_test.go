//go:build !windows

package db_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"importarchive/db"
)

func TestAPipeIsRefusedAndNotWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.db")
	if err := syscall.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := db.Open(t.Context(), path, db.Options{})
	refused(t, "Open", path, err, nil)
	_, err = db.OpenReader(t.Context(), path)
	refused(t, "OpenReader", path, err, nil)
}
