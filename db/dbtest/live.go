package dbtest

import (
	"testing"
	"time"

	"importarchive/db"
)

// Live writes a story in which everything happens, on cluster "a" and a little on
// "b": all kinds of transition, all outcomes, rejects, a gap, details of a job,
// and a run that is still open. It begins at noon of the first of May 2026 and
// lasts some hours.
func Live(t testing.TB, st db.Store) {
	t.Helper()
	half := 50.0
	failed := Listed("b", db.Failed)
	failed.Progress, failed.Reason, failed.Extra = &half, "row 7 has no vector", `{"fileSize":4096}`
	renamed := Listed("c", db.Completed)
	renamed.Collection = "books"
	strange := Listed("d", db.Unknown)

	s := Tell(t, st, "a")
	s.Lists(Listed("a", db.Pending), Listed("b", db.Running), Listed("c", db.Completed))
	s.Lists(Listed("a", db.Running), failed, renamed, strange)
	s.Lists(Listed("a", db.Running), failed, strange) // c is missed
	s.Lists(Listed("a", db.Running), failed)          // c is gone, d is missed
	s.Lists(failed)                                   // d is gone: lost; a is missed
	s.Lists(failed, strange)                          // d returns; a is gone
	s.Begin()
	s.Page(failed, Listed("e", db.Pending))
	s.Reject(`{"jobId":""}`)
	s.Close(db.Partial)
	s.Wait(time.Hour)
	s.Lists(failed, Listed("e", db.Cancelled)) // after a gap; d is missed
	bytes, all, some := int64(4096), int64(7), int64(6)
	s.Describes(
		Answer("b", db.Failed, db.Details{
			Progress: &half, ProgressRaw: "50", Reason: "row 7 has no vector", FileName: "films.parquet", FileSize: &bytes,
			TotalRows: &all, ImportedRows: &some, Extra: `{"jobType":"import"}`,
			CreatedAt:   time.Date(2026, 5, 1, 11, 58, 0, 0, time.UTC),
			CompletedAt: time.Date(2026, 5, 1, 12, 3, 20, 0, time.UTC),
			Files: []db.File{
				{Name: "films.parquet", Size: &bytes, TotalRows: &all, ImportedRows: &some, RawState: "Failed", Progress: &half, ProgressRaw: "50", Reason: "row 7 has no vector"},
				{Name: "more.parquet", RawState: "Pending", ProgressRaw: "-1"},
			},
		}),
		db.Described{ID: "e", Forgotten: true},
		db.Described{ID: "d"},
	)
	s.Begin()
	s.Close(db.Failure)
	s.Wait(time.Minute)
	s.Begin()
	s.Close(db.Interrupted)
	s.Wait(time.Minute)

	other := Tell(t, st, "b")
	other.Cluster.ClusterID, other.Cluster.API = "", "milvus-v2"
	other.Lists(Listed("a", db.Running))
	other.Begin()
	other.Page(Listed("a", db.Running), Listed("f", db.Running))
	other.Commit()
}
