package dbtest

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"importarchive/db/sqlite"
)

// fresh is the file of a new archive, made once a process.
var fresh = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "importarchive")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "archive.db")
	st, err := sqlite.Open(context.Background(), path, sqlite.Options{})
	if err != nil {
		return nil, err
	}
	if err := st.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// Fresh returns the path of a new, empty archive in a folder of its own. To
// copy one is ten times quicker than to have [db.Open] make it.
func Fresh(t testing.TB) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "archive.db")
	content, err := fresh()
	if err == nil {
		err = os.WriteFile(path, content, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Verify fails a test for each invariant that an archive violates.
func Verify(t testing.TB, reader *sql.DB) {
	t.Helper()
	findings, err := sqlite.Verify(context.Background(), reader) // t may be of a test outside of the bubble that this runs in
	if err != nil {
		t.Fatalf("verifying the archive: %v", err)
	}
	for _, f := range findings {
		t.Error(f)
	}
}
