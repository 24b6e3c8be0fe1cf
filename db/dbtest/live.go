package dbtest

import (
	"testing"
	"time"

	"importarchive/db"
)

// Live tells a store a story in which something of everything happens, on
// cluster "a" and a little on "b": all kinds of transition, all outcomes,
// rejects, a gap, and a run that is still open. Its newest time is later than
// noon of the first of May 2026 by some hours.
func Live(t testing.TB, st db.Store) {
	t.Helper()
	half := 50.0
	told := Listed("b", db.Failed)
	told.Progress, told.Reason, told.Extra = &half, "row 7 has no vector", `{"fileSize":4096}`
	renamed := Listed("c", db.Completed)
	renamed.Collection = "books"
	strange := Listed("d", db.Unknown)

	s := Tell(t, st, "a")
	s.Lists(Listed("a", db.Pending), Listed("b", db.Running), Listed("c", db.Completed))
	s.Lists(Listed("a", db.Running), told, renamed, strange)
	s.Lists(Listed("a", db.Running), told, strange) // c is missed
	s.Lists(Listed("a", db.Running), told)          // c is gone, d is missed
	s.Lists(told)                                   // d is gone: lost; a is missed
	s.Lists(told, strange)                          // d returns; a is gone
	s.Begin()
	s.Page(told, Listed("e", db.Pending))
	s.Reject(`{"jobId":""}`, 1)
	s.Close(db.Partial)
	s.Wait(time.Hour)
	s.Lists(told, Listed("e", db.Cancelled)) // after a gap; d is missed
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
