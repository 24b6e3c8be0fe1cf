package dbtest

import (
	"context"
	"database/sql"
	"testing"

	"importarchive/db"
)

// Verify fails a test with whatever is not as it must be in an archive.
func Verify(t testing.TB, reader *sql.DB) {
	t.Helper()
	findings, err := db.Verify(context.Background(), reader) // t may be of a test outside of the bubble that this runs in
	if err != nil {
		t.Fatalf("verifying the archive: %v", err)
	}
	for _, f := range findings {
		t.Error(f)
	}
}
