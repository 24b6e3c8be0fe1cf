package dbtest

import (
	"database/sql"
	"testing"

	"importarchive/db"
)

// Verify fails a test with whatever is not as it must be in an archive.
func Verify(t testing.TB, reader *sql.DB) {
	t.Helper()
	findings, err := db.Verify(t.Context(), reader)
	if err != nil {
		t.Fatalf("verifying the archive: %v", err)
	}
	for _, f := range findings {
		t.Error(f)
	}
}
