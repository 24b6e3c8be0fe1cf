package sqlite_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/store/dryrun"
)

func TestADryRunShowsWhatWouldBeStoredAndStoresNothing(t *testing.T) {
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	s.Lists(dbtest.Listed("x", db.Running), dbtest.Listed("y", db.Running))

	var shown strings.Builder
	dry := &dryrun.Store{Reader: st.Reader, Show: func(cluster string, b db.Batch) {
		for _, c := range b.Changes {
			fmt.Fprintln(&shown, cluster, c.Job.ID, c.Kind)
		}
	}}
	s.Store = dry
	generation := s.Known.Generation
	s.Lists(dbtest.Listed("x", db.Completed), dbtest.Listed("z", db.Running))
	if got, want := shown.String(), "a x moved\na z appeared\na y missed\n"; got != want {
		t.Errorf("shown is\n%swant\n%s", got, want)
	}
	if got := show(t, st.Reader, `SELECT generation, (SELECT count(*) FROM runs), (SELECT count(*) FROM jobs WHERE state = 'running') FROM archive_clusters`); got != fmt.Sprintf("%d|1|2\n", generation) {
		t.Errorf("the archive holds %s", got)
	}
}

func TestADryRunNeedsNoArchive(t *testing.T) {
	shown := 0
	s := dbtest.Tell(t, &dryrun.Store{Show: func(_ string, b db.Batch) { shown += len(b.Changes) }}, "a")
	s.Begin()
	s.Page(dbtest.Listed("x", db.Running))
	s.Commit()
	s.Begin() // the listing was disturbed, and x is not in it any more
	s.Complete()
	if shown != 2 {
		t.Errorf("%d changes are shown, want that x appeared and was missed", shown)
	}
}

func TestADryRunRefusesAnotherClusterToo(t *testing.T) {
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	s.Lists()
	r := &db.Run{Trigger: db.ByHand, StartedAt: time.Now(), Cluster: s.Cluster}
	r.Cluster.ClusterID = "in01-other"
	if err := (&dryrun.Store{Reader: st.Reader}).Begin(t.Context(), r); err == nil || r.ID == 0 {
		t.Errorf("run %d, %v", r.ID, err)
	}
}
