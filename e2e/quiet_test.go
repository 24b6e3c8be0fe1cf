package e2e_test

import (
	"database/sql"
	"fmt"
	"os"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/longtest"
	"importarchive/sync/remote/simulator"
)

// TestAnUnchangedSyncWritesNextToNothing: no job, no transition, and the same
// handful of pages for a thousand jobs as for ten.
func TestAnUnchangedSyncWritesNextToNothing(t *testing.T) {
	t.Parallel()
	const pages = 12
	for _, jobs := range []int{10, 1000, longtest.Size(2000, 5000)} {
		if testing.Short() && jobs > 1000 {
			continue
		}
		t.Run(fmt.Sprint(jobs, " jobs"), func(t *testing.T) {
			c := simulator.Cluster{ID: "in01-quiet", Dialect: "zilliz-v1", Jobs: jobs}
			a := newArchive(t)
			e := a.engine(simulator.New(1, time.Now, c), time.Minute, c)
			e.Clusters[0].GoneAfter = 2
			sync := func() *db.Run {
				runs, err := e.SyncAll(t.Context(), db.ByHand, e.Clusters)
				if err != nil {
					t.Fatal(err)
				}
				return runs[0]
			}
			if r := sync(); r.Outcome != db.Complete || r.Appeared != jobs {
				t.Fatalf("%+v", r)
			}
			for _, restart := range []bool{false, true} {
				if restart {
					a.Reopen(t)
					e = a.engine(simulator.New(1, time.Now, c), time.Minute, c)
				}
				before := a.Rows(t, "SELECT * FROM archive_jobs ORDER BY seq")
				transitions := a.Rows(t, "SELECT count(*), max(id) FROM transitions")[0]
				emptyLog(t, a.Path)
				if r := sync(); r.Outcome != db.Complete || r.Listed != jobs {
					t.Fatalf("%+v", r)
				}
				log, err := os.Stat(a.Path + "-wal")
				if err != nil {
					t.Fatal(err)
				}
				if written := log.Size() / 4096; written > pages {
					t.Errorf("restarted %v: %d pages written, more than %d", restart, written, pages)
				}
				if after := a.Rows(t, "SELECT * FROM archive_jobs ORDER BY seq"); fmt.Sprint(after) != fmt.Sprint(before) {
					t.Error("a job was written")
				}
				if after := a.Rows(t, "SELECT count(*), max(id) FROM transitions")[0]; fmt.Sprint(after) != fmt.Sprint(transitions) {
					t.Error("a transition was written")
				}
			}
		})
	}
}

// emptyLog truncates the write-ahead log, so that its size shows how much the
// program writes from now on.
func emptyLog(t *testing.T, path string) {
	t.Helper()
	file, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkSync(b *testing.B) {
	for _, jobs := range []int{1_000, 100_000} {
		c := simulator.Cluster{ID: "in01-bench", Dialect: "zilliz-v1", Jobs: jobs, Unrecorded: true}
		world := simulator.New(1, time.Now, c)
		b.Run(fmt.Sprintf("first/jobs=%d", jobs), func(b *testing.B) {
			for b.Loop() {
				a := newArchive(b)
				e := a.engine(world, time.Minute, c)
				if _, err := e.SyncAll(b.Context(), db.ByHand, e.Clusters); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(jobs*b.N)/b.Elapsed().Seconds(), "jobs/s")
		})
		b.Run(fmt.Sprintf("unchanged/jobs=%d", jobs), func(b *testing.B) {
			a := newArchive(b)
			e := a.engine(world, time.Minute, c)
			for range 2 { // the first one stores, the second is what is measured
				if _, err := e.SyncAll(b.Context(), db.ByHand, e.Clusters); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if _, err := e.SyncAll(b.Context(), db.ByHand, e.Clusters); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(jobs*b.N)/b.Elapsed().Seconds(), "jobs/s")
		})
	}
}
