package sync_test

import (
	"context"
	"fmt"
	"strings"
	gosync "sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/sync"
	"importarchive/sync/remote"
)

// replacing is a service whose clusters are replaced while it runs. It writes
// down when each run begins and ends, and with which settings.
type replacing struct {
	*dbtest.Archive
	engine *sync.Engine
	store  *countingStore
	began  time.Time

	mu      gosync.Mutex
	told    []string
	running map[string]bool
}

// countingStore counts how often what is known is read from the archive.
type countingStore struct {
	db.Store
	loads map[string]int
	mu    gosync.Mutex
}

func (s *countingStore) Known(ctx context.Context, cluster string) (*db.Known, error) {
	s.mu.Lock()
	s.loads[cluster]++
	s.mu.Unlock()
	return s.Store.Known(ctx, cluster)
}

func newReplacing(t *testing.T, parallel int) *replacing {
	a := dbtest.NewArchive(t)
	r := &replacing{Archive: a, store: &countingStore{Store: a.Store, loads: map[string]int{}}, began: time.Now(), running: map[string]bool{}}
	r.engine = &sync.Engine{Store: r.store, Parallel: parallel, Now: time.Now, Log: zerolog.Nop()}
	return r
}

func (r *replacing) tell(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, fmt.Sprintf("%v ", time.Since(r.began).Truncate(time.Second))+fmt.Sprintf(format, args...))
}

// cluster is listed at this interval, which takes a while; settings is how a
// test calls what it was made with.
func (r *replacing) cluster(name, settings string, every, takes time.Duration) sync.Cluster {
	return sync.Cluster{
		Name: name, API: "zilliz-v2", ClusterID: name, Schedule: cron.Every(every), GoneAfter: 2,
		Remote: scripted(func(_ context.Context, yield func(remote.Page, error) bool) {
			r.mu.Lock()
			if r.running[name] {
				panic("two runs of " + name + " at once")
			}
			r.running[name] = true
			r.mu.Unlock()
			r.tell("%s/%s begins", name, settings)
			asked := time.Now()
			time.Sleep(takes)
			r.tell("%s/%s ends", name, settings)
			r.mu.Lock()
			r.running[name] = false
			r.mu.Unlock()
			if settings == "panics" {
				panic("out of coffee")
			}
			_ = yield(remote.Page{Number: 1, Jobs: []remote.Job{listed("1", "Pending")}, Count: -1, Tries: 1, Asked: asked, Received: time.Now()}, nil) &&
				yield(remote.Page{Number: 2, Count: -1, Tries: 1, Asked: time.Now(), Received: time.Now()}, nil)
		}),
	}
}

// at does something so long after the beginning.
func (r *replacing) at(d time.Duration, do func()) { time.AfterFunc(d-time.Since(r.began), do) }

// runs lets the service run for a while, and compares what was told.
func (r *replacing) runs(t *testing.T, d time.Duration, onStart bool, want string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), d)
	defer stop()
	r.engine.Run(ctx, onStart)
	if diff := cmp.Diff(strings.Fields(want), strings.Fields(strings.Join(r.told, " "))); diff != "" {
		t.Errorf("it went like this:\n%s\n(-want +got):\n%s", strings.Join(r.told, "\n"), diff)
	}
	r.Expect(t, "0", "SELECT count(*) FROM runs WHERE finished_at IS NULL")
	r.Verify(t)
}

func TestARunUnderWayFinishesOnItsOldSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplacing(t, 4)
		r.engine.Clusters = []sync.Cluster{r.cluster("a", "old", time.Minute, 10*time.Second)}
		r.at(65*time.Second, func() {
			r.engine.Replace([]sync.Cluster{r.cluster("a", "new", time.Minute, 5*time.Second)}, 4, true)
		})
		// The schedule is the same one, so the minute does not begin again.
		r.runs(t, 150*time.Second, false, `
			1m0s a/old begins
			1m10s a/old ends
			2m0s a/new begins
			2m5s a/new ends`)
		r.Expect(t, "complete", "SELECT DISTINCT outcome FROM runs")
		if loads := r.store.loads["a"]; loads != 1 {
			t.Errorf("what is known was read %d times", loads)
		}
	})
}

func TestANewClusterIsSyncedAtOnceAndOneTakenOutNoMore(t *testing.T) {
	for _, onStart := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			r := newReplacing(t, 4)
			r.engine.Clusters = []sync.Cluster{r.cluster("goes", "old", time.Minute, 10*time.Second)}
			r.at(65*time.Second, func() {
				r.engine.Replace([]sync.Cluster{r.cluster("comes", "new", time.Hour, time.Second)}, 4, onStart)
			})
			want := `1m0s goes/old begins 1m5s comes/new begins 1m6s comes/new ends 1m10s goes/old ends 1h1m5s comes/new begins 1h1m6s comes/new ends`
			triggers := "schedule,start"
			if !onStart {
				want = `1m0s goes/old begins 1m10s goes/old ends 1h1m5s comes/new begins 1h1m6s comes/new ends`
				triggers = "schedule"
			}
			r.runs(t, 62*time.Minute, false, want)
			r.Expect(t, triggers, "SELECT group_concat(DISTINCT trigger ORDER BY trigger) FROM runs")
		})
	}
}

func TestAScheduleThatChangesBeginsWhenItDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplacing(t, 4)
		r.engine.Clusters = []sync.Cluster{r.cluster("a", "hourly", time.Hour, time.Second)}
		r.at(30*time.Minute, func() {
			r.engine.Replace([]sync.Cluster{r.cluster("a", "often", 20*time.Minute, time.Second)}, 4, true)
		})
		r.runs(t, 75*time.Minute, false, `
			50m0s a/often begins 50m1s a/often ends
			1h10m0s a/often begins 1h10m1s a/often ends`)
	})
}

// A run that waits for its place is no run yet.
func TestWhoWaitsForAPlaceHasTheNewSettingsOrNoRunAtAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplacing(t, 1)
		slow := r.cluster("slow", "old", time.Minute, 9*time.Second)
		r.engine.Clusters = []sync.Cluster{slow}
		r.at(61*time.Second, func() {
			r.engine.Replace([]sync.Cluster{slow, r.cluster("stays", "old", time.Hour, time.Second), r.cluster("goes", "old", time.Hour, time.Second)}, 1, true)
		})
		r.at(65*time.Second, func() {
			r.engine.Replace([]sync.Cluster{slow, r.cluster("stays", "new", time.Hour, time.Second)}, 1, true)
		})
		r.runs(t, 115*time.Second, false, `
			1m0s slow/old begins
			1m9s slow/old ends
			1m9s stays/new begins
			1m10s stays/new ends`)
	})
}

func TestMoreAndFewerPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplacing(t, 1)
		var all []sync.Cluster
		for i := range 6 {
			all = append(all, r.cluster(fmt.Sprint("c", i), "x", time.Hour, 9*time.Second))
		}
		r.engine.Clusters = all
		most := func(want int) func() {
			return func() {
				r.mu.Lock()
				defer r.mu.Unlock()
				n := 0
				for _, goesOn := range r.running {
					if goesOn {
						n++
					}
				}
				if n != want {
					t.Errorf("%v: %d runs at once, want %d", time.Since(r.began), n, want)
				}
			}
		}
		r.at(3601*time.Second, most(1))
		r.at(3602*time.Second, func() { r.engine.Replace(all, 3, true) })
		r.at(3603*time.Second, most(3))
		r.at(3604*time.Second, func() { r.engine.Replace(all, 1, true) })
		r.at(3605*time.Second, most(3))
		r.at(3610*time.Second, most(2)) // the first one has ended, and left its place to nobody
		r.at(3612*time.Second, most(1)) // two more have, and left one
		r.at(3623*time.Second, most(1))
		ctx, stop := context.WithTimeout(t.Context(), 3700*time.Second)
		defer stop()
		r.engine.Run(ctx, false)
		r.Expect(t, "6", "SELECT count(*) FROM runs WHERE outcome = 'complete'")
	})
}

func TestAClusterThatComesBackWhileItsRunGoesOnHasOneRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplacing(t, 4)
		r.engine.Clusters = []sync.Cluster{r.cluster("a", "old", time.Minute, 30*time.Second)}
		r.at(65*time.Second, func() { r.engine.Replace(nil, 4, true) })
		r.at(70*time.Second, func() {
			r.engine.Replace([]sync.Cluster{r.cluster("a", "new", 5*time.Second, time.Second)}, 4, true)
		})
		r.runs(t, 98*time.Second, false, `
			1m0s a/old begins
			1m30s a/old ends
			1m35s a/new begins
			1m36s a/new ends`)
		r.Expect(t, "schedule", "SELECT DISTINCT trigger FROM runs")
	})
}

func TestAfterAPanicSettingsCanStillBeReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplacing(t, 1)
		r.engine.Clusters = []sync.Cluster{r.cluster("a", "panics", time.Minute, time.Second)}
		r.at(150*time.Second, func() {
			r.engine.Replace([]sync.Cluster{r.cluster("a", "mended", time.Minute, time.Second)}, 1, true)
		})
		r.runs(t, 190*time.Second, false, `
			1m0s a/panics begins 1m1s a/panics ends
			2m0s a/panics begins 2m1s a/panics ends
			3m0s a/mended begins 3m1s a/mended ends`)
	})
}

func TestReplacingBeforeAndAfterTheServiceRunsStartsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplacing(t, 1)
		r.engine.Replace([]sync.Cluster{r.cluster("a", "x", time.Minute, time.Second)}, 1, true)
		time.Sleep(time.Hour)
		r.began = time.Now()
		r.runs(t, 90*time.Second, false, `1m0s a/x begins 1m1s a/x ends`)
		r.engine.Replace([]sync.Cluster{r.cluster("b", "x", time.Minute, time.Second)}, 1, true)
		time.Sleep(time.Hour)
		if len(r.told) != 2 {
			t.Errorf("%q", r.told)
		}
	})
}

// stuckSchedule blocks cron's own loop from a time on.
type stuckSchedule struct {
	from  time.Time
	until <-chan struct{}
}

func (s stuckSchedule) Next(t time.Time) time.Time {
	if t.After(s.from) {
		<-s.until
	}
	return t.Add(time.Minute)
}

func TestTheHeartOfAStuckScheduleStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplacing(t, 1)
		released := make(chan struct{})
		stuck := r.cluster("a", "x", time.Minute, time.Second)
		stuck.Schedule = stuckSchedule{time.Now().Add(10*time.Minute + time.Second), released}
		r.engine.Clusters = []sync.Cluster{stuck}
		var beats atomic.Int64
		r.engine.AliveEvery, r.engine.Alive = 500*time.Millisecond, func() {
			if beats.Add(1) == 7 {
				panic("a beat is left out, and harms nothing")
			}
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		r.at(time.Hour, func() { close(released) })
		r.engine.Run(ctx, false)
		if got, want := beats.Load(), int64(11*60*2); got < want-1 || got > want+1 {
			t.Errorf("%d beats in an hour whose schedule got stuck after 11 minutes, want some %d", got, want)
		}
	})
}
