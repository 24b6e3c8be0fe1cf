package sqlite_test

import (
	"context"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
)

// serial skips a test of much SQL in which nothing is concurrent from the runs
// under the race detector, where SQL is dozens of times slower.
func serial(t *testing.T) {
	if testing.Short() {
		t.Skip("not in a short run")
	}
}

// open returns a new archive in a folder of its own, which is verified and
// closed when the test ends.
func open(t testing.TB) *sqlite.Archive {
	t.Helper()
	return openAt(t, dbtest.Fresh(t))
}

func openAt(t testing.TB, path string) *sqlite.Archive {
	t.Helper()
	st, err := sqlite.Open(context.Background(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !testing.Short() {
			dbtest.Verify(background{t}, st.Reader)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// background is a test whose context lasts until its cleanups are over.
type background struct{ testing.TB }

func (background) Context() context.Context { return context.Background() }

// withRejects shows the suite what a store has rejected.
type withRejects struct {
	*sqlite.Archive
	t *testing.T
}

func (s withRejects) Rejects(cluster string) (all []db.Reject) {
	for _, row := range query(s.t, s.Reader, `SELECT rejected_at, reason, raw FROM archive_rejects AS r
		JOIN archive_clusters AS c ON c.id = r.cluster WHERE c.name = ? ORDER BY r.id`, cluster) {
		at, err := time.Parse(db.TimeFormat, row[0].(string))
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, db.Reject{At: at, Reason: row[1].(string), Raw: row[2].(string)})
	}
	return all
}

func TestSQLiteIsAStore(t *testing.T) {
	dbtest.Test(t, func(t *testing.T) db.Store { return withRejects{open(t), t} })
}
