package e2e_test

import (
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"importarchive/db"
	"importarchive/longtest"
	"importarchive/sync/remote/simulator"
)

// TestOnlyOpenJobsAreQueriedAgain: twenty requests for twenty open jobs,
// however many there are that have ended.
func TestOnlyOpenJobsAreQueriedAgain(t *testing.T) {
	t.Parallel()
	for _, settled := range []int{1_000, longtest.Size(2_500, 100_000)} {
		if testing.Short() && settled > 1_000 {
			continue
		}
		t.Run(fmt.Sprint(settled, " settled"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { askForOpenOnes(t, settled) })
		})
	}
}

func askForOpenOnes(t *testing.T, settled int) {
	c := simulator.Cluster{
		ID: "in01-many", Dialect: "zilliz-v2", Jobs: settled, Since: time.Now().Add(-20 * time.Minute), Every: time.Minute,
		NeverEndsShare: 1, Unrecorded: true, Order: simulator.OldestFirst,
	}
	world := simulator.New(3, time.Now, c)
	a := newArchive(t)
	e := a.engine(world, time.Hour, c)
	e.Clusters[0].Details = true
	sync := func() (*db.Run, int) {
		before := world.Described(c.ID)
		runs, err := e.SyncAll(t.Context(), db.ByHand, e.Clusters)
		if err != nil || runs[0].Outcome != db.Complete || runs[0].DescribeFailed > 0 {
			t.Fatalf("%+v: %v", runs[0], err)
		}
		return runs[0], world.Described(c.ID) - before
	}
	const untold, open = `SELECT count(*) FROM archive_jobs WHERE settled = 0 AND (state IN ('completed', 'failed', 'cancelled') OR described_ms IS NULL)`, `SELECT open_jobs FROM clusters`
	sync()
	for n := 0; a.Rows(t, untold)[0][0] != "0"; n++ {
		if n > settled/5_000 {
			t.Fatalf("%s jobs are not fully described yet", a.Rows(t, untold)[0][0])
		}
		sync()
	}
	a.Expect(t, "20", open)
	for range 3 {
		emptyLog(t, a.Path)
		run, asked := sync()
		if asked != 20 || run.Described != 20 {
			t.Errorf("%d requests, %+v", asked, run)
		}
		log, err := os.Stat(a.Path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		// A run without a change writes only its counters, however many jobs it queries.
		if written := log.Size() / 4096; written > 14 {
			t.Errorf("%d pages written", written)
		}
	}
	a.Verify(t)
}
