package sync_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	gosync "sync"
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
	"importarchive/timetable"
)

// replacing is a timetable whose engine is replaced while it runs. It writes
// down when each run begins and ends, and with which settings.
type replacing struct {
	*dbtest.Archive
	timetable *timetable.Timetable
	ctx       context.Context
	store     *countingStore
	memories  sync.Memories
	began     time.Time
	steps     []step

	mu      gosync.Mutex
	told    []string
	running map[string]bool
}

// step is what a test does at one moment of the timetable's life.
type step struct {
	at time.Duration
	do func()
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

// newReplacing lives for so long.
func newReplacing(t *testing.T, life time.Duration) *replacing {
	a := dbtest.NewArchive(t)
	r := &replacing{Archive: a, store: &countingStore{Store: a.Store, loads: map[string]int{}}, began: time.Now(), running: map[string]bool{}}
	var stop context.CancelFunc
	r.ctx, stop = context.WithTimeout(t.Context(), life)
	t.Cleanup(stop)
	r.timetable = timetable.New(r.ctx, time.Now)
	return r
}

// set gives the timetable the tasks of a new engine with these clusters.
func (r *replacing) set(parallel int, onStart bool, clusters ...sync.Cluster) {
	e := &sync.Engine{Store: r.store, Clusters: clusters, Parallel: parallel, Now: time.Now, Log: zerolog.Nop(), Memories: &r.memories}
	r.memories.Keep(clusters)
	r.timetable.Set(e.Tasks(onStart))
}

// live lets the timetable run until its life ends. It takes the steps in one
// goroutine, because a timetable is not safe for concurrent use.
func (r *replacing) live() {
	r.timetable.Start()
	for _, s := range r.steps {
		time.Sleep(s.at - time.Since(r.began))
		s.do()
	}
	<-r.ctx.Done()
	r.timetable.Stop()
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

// at plans a step so long after the beginning, and after the steps planned before.
func (r *replacing) at(d time.Duration, do func()) { r.steps = append(r.steps, step{d, do}) }

// lives compares what happens with what is wanted.
func (r *replacing) lives(t *testing.T, want string) {
	t.Helper()
	r.live()
	if diff := cmp.Diff(strings.Fields(want), strings.Fields(strings.Join(r.told, " "))); diff != "" {
		t.Errorf("it went like this:\n%s\n(-want +got):\n%s", strings.Join(r.told, "\n"), diff)
	}
	r.Expect(t, "0", "SELECT count(*) FROM runs WHERE finished_at IS NULL")
	r.Verify(t)
}

func TestARunUnderWayFinishesOnItsOldSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplacing(t, 150*time.Second)
		r.set(4, false, r.cluster("a", "old", time.Minute, 10*time.Second))
		r.at(65*time.Second, func() { r.set(4, true, r.cluster("a", "new", time.Minute, 5*time.Second)) })
		// The schedule is the same one, so the minute does not begin again.
		r.lives(t, `
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
			r := newReplacing(t, 62*time.Minute)
			r.set(4, false, r.cluster("goes", "old", time.Minute, 10*time.Second))
			r.at(65*time.Second, func() { r.set(4, onStart, r.cluster("comes", "new", time.Hour, time.Second)) })
			want := `1m0s goes/old begins 1m5s comes/new begins 1m6s comes/new ends 1m10s goes/old ends 1h1m5s comes/new begins 1h1m6s comes/new ends`
			triggers := "schedule,start"
			if !onStart {
				want = `1m0s goes/old begins 1m10s goes/old ends 1h1m5s comes/new begins 1h1m6s comes/new ends`
				triggers = "schedule"
			}
			r.lives(t, want)
			r.Expect(t, triggers, "SELECT group_concat(DISTINCT triggered_by ORDER BY triggered_by) FROM runs")
		})
	}
}

func TestAScheduleThatChangesBeginsWhenItDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplacing(t, 75*time.Minute)
		r.set(4, false, r.cluster("a", "hourly", time.Hour, time.Second))
		r.at(30*time.Minute, func() { r.set(4, true, r.cluster("a", "often", 20*time.Minute, time.Second)) })
		r.lives(t, `
			50m0s a/often begins 50m1s a/often ends
			1h10m0s a/often begins 1h10m1s a/often ends`)
	})
}

func TestARunThatWaitsForItsSlotIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplacing(t, 140*time.Second)
		all := func(settings string) []sync.Cluster {
			return []sync.Cluster{r.cluster("a", settings, time.Minute, 9*time.Second), r.cluster("b", settings, time.Minute, 9*time.Second)}
		}
		r.set(1, false, all("old")...)
		r.at(65*time.Second, func() { r.set(2, true, all("new")...) })
		r.live()
		for i, line := range r.told {
			r.told[i] = strings.NewReplacer("a/", "x/", "b/", "x/").Replace(line) // one of them is first
		}
		slices.Sort(r.told)
		want := []string{
			"1m0s x/old begins", "1m18s x/old ends", "1m9s x/old begins", "1m9s x/old ends",
			"2m0s x/new begins", "2m0s x/new begins", "2m9s x/new ends", "2m9s x/new ends",
		}
		if diff := cmp.Diff(want, r.told); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAClusterThatComesBackWhileItsRunGoesOnHasOneRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplacing(t, 98*time.Second)
		r.set(4, false, r.cluster("a", "old", time.Minute, 31*time.Second))
		r.at(65*time.Second, func() { r.set(4, true) })
		r.at(70*time.Second, func() { r.set(4, true, r.cluster("a", "new", 5*time.Second, time.Second)) })
		r.lives(t, `
			1m0s a/old begins
			1m31s a/old ends
			1m35s a/new begins
			1m36s a/new ends`)
		r.Expect(t, "schedule", "SELECT DISTINCT triggered_by FROM runs")
	})
}

func TestAfterAPanicSettingsCanStillBeReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplacing(t, 190*time.Second)
		r.set(1, false, r.cluster("a", "panics", time.Minute, time.Second))
		r.at(150*time.Second, func() { r.set(1, true, r.cluster("a", "mended", time.Minute, time.Second)) })
		r.lives(t, `
			1m0s a/panics begins 1m1s a/panics ends
			2m0s a/panics begins 2m1s a/panics ends
			3m0s a/mended begins 3m1s a/mended ends`)
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
		r := newReplacing(t, time.Hour)
		released := make(chan struct{})
		stuck := r.cluster("a", "x", time.Minute, time.Second)
		stuck.Schedule = stuckSchedule{time.Now().Add(10*time.Minute + time.Second), released}
		e := &sync.Engine{Store: r.store, Clusters: []sync.Cluster{stuck}, Now: time.Now, Log: zerolog.Nop()}
		beats := 0
		r.timetable.Set(append(e.Tasks(false), timetable.Task{
			Name: "heart", Schedule: cron.Every(time.Second), Log: zerolog.Nop(), Do: func(context.Context) { beats++ },
		}))
		r.at(time.Hour, func() { close(released) })
		r.live()
		if want := 10*60 + 15; beats < want-1 || beats > want+1 {
			t.Errorf("%d beats in an hour whose schedule got stuck at the first look after 10 minutes, want some %d", beats, want)
		}
	})
}
