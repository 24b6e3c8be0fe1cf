package sqlite_test

import (
	"math"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
)

// Whatever happens to a completed job, what it loaded is summed once, as the
// newest answer says, on the day on which a run first saw the job.
func TestTheLoadsFollowAJob(t *testing.T) {
	t.Parallel()
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	loads := func(when, want string) {
		t.Helper()
		if got := show(t, st.Reader, `SELECT * FROM loads ORDER BY 1, 2, 3`); got != want {
			t.Errorf("%s the loads are\n%s, want\n%s", when, got, want)
		}
		dbtest.Verify(t, st.Reader)
	}
	rows, more, bytes := int64(1_000), int64(3_000_000_001), int64(4096)
	s.Lists()
	s.Lists(dbtest.Listed("x", db.Running), dbtest.Listed("y", db.Running))
	s.Describes(dbtest.Answer("x", db.Running, db.Details{TotalRows: &more}))
	loads("while it runs", "")
	s.Lists(dbtest.Listed("x", db.Completed), dbtest.Listed("y", db.Running))
	loads("once it has ended", "2026-05-01|a|films|1|3000000001|0|600.2|-|-|-\n")
	s.Describes(dbtest.Answer("x", db.Completed, db.Details{TotalRows: &more, ImportedRows: &rows, FileSize: &bytes}))
	loads("told of again", "2026-05-01|a|films|1|1000|0|600.2|4096|0|600.2\n")
	s.Describes(dbtest.Answer("y", db.Completed, db.Details{ImportedRows: &rows}))
	loads("with one whose end is told", "2026-05-01|a|films|2|2000|300|1500.5|4096|0|600.2\n")
	renamed := dbtest.Listed("x", db.Completed)
	renamed.Collection = "books"
	s.Lists(renamed, dbtest.Listed("y", db.Completed))
	loads("renamed", "2026-05-01|a|books|1|1000|0|600.2|4096|0|600.2\n2026-05-01|a|films|1|1000|300|900.3|-|-|-\n")
	s.Lists(dbtest.Listed("y", db.Running))
	s.Lists(dbtest.Listed("y", db.Failed))
	loads("gone, and the other failed after all", "2026-05-01|a|books|1|1000|0|600.2|4096|0|600.2\n")
	s.Lists(renamed, dbtest.Listed("y", db.Failed))
	loads("returned", "2026-05-01|a|books|1|1000|0|600.2|4096|0|600.2\n")
	s.Wait(2 * day)
	s.Lists(renamed)
	mustPrune(t, st, nowait(s))
	loads("pruned", "")
}

// A service may answer with any number. One above 10^15 is left out of the sums,
// and the job counts with what else is known of it.
func TestTheLoadsLeaveAbsurdQuantitiesOut(t *testing.T) {
	t.Parallel()
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	most, limit, above, one := int64(math.MaxInt64), int64(1_000_000_000_000_000), int64(1_000_000_000_000_001), int64(1)
	yearOne := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	s.Lists(dbtest.Listed("old", db.Completed))
	s.Describes(dbtest.Answer("old", db.Completed, db.Details{TotalRows: &one, CreatedAt: yearOne}))
	s.Lists(dbtest.Listed("old", db.Completed), dbtest.Listed("x", db.Completed), dbtest.Listed("y", db.Completed), dbtest.Listed("z", db.Completed))
	s.Describes(
		dbtest.Answer("x", db.Completed, db.Details{TotalRows: &limit, FileSize: &most}),
		dbtest.Answer("y", db.Completed, db.Details{ImportedRows: &above, TotalRows: &one, FileSize: &limit}),
		dbtest.Answer("z", db.Completed, db.Details{ImportedRows: &most, FileSize: &above}))
	if got := show(t, st.Reader, `SELECT jobs, loaded_rows, loaded_bytes FROM loads`); got != "2|1000000000000000|1000000000000000\n" {
		t.Errorf("the loads are %s", got)
	}
	if got := show(t, st.Reader, `SELECT job_id, imported_rows FROM jobs WHERE imported_rows > 1e15 ORDER BY 1`); got != "y|1000000000000001\nz|9223372036854775807\n" {
		t.Errorf("the jobs are %s", got)
	}
	dbtest.Verify(t, st.Reader)
}
