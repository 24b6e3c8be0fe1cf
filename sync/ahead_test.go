package sync_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/sync"
)

// life is a shelf, and what the archive makes of it.
type life struct {
	*shelf
	random   *rand.Rand
	store    *dbtest.Memory
	engine   *sync.Engine
	complete int // runs
}

// newLife keeps jobs that were there before anybody looked.
func newLife(seed uint64, jobs, pageSize, prefetch int) *life {
	l := &life{random: rand.New(rand.NewPCG(seed, 2)), store: dbtest.NewMemory()}
	l.shelf = &shelf{random: rand.New(rand.NewPCG(seed, 3)), slowest: map[int]time.Duration{}, shown: map[string]bool{}}
	for range jobs {
		l.put(0)
		l.list[0].ended = time.Now().Add(l.within(time.Hour))
	}
	l.engine = &sync.Engine{Store: l.store, Parallel: 1, Now: time.Now, Log: zerolog.Nop(), Clusters: []sync.Cluster{{
		Name: "x", API: "zilliz-v1", ClusterID: "in01-shelf", Schedule: cron.Every(time.Minute), GoneAfter: 1,
		Remote: l.client(pageSize, prefetch),
	}}}
	return l
}

func (l *life) within(d time.Duration) time.Duration { return time.Duration(l.random.Int64N(int64(d))) }

func (l *life) sync(t *testing.T) *db.Run {
	t.Helper()
	r, err := l.engine.Sync(t.Context(), &l.engine.Clusters[0], db.ByHand)
	if err != nil {
		t.Fatal(err)
	}
	if r.Outcome == db.Complete {
		l.complete++
		l.nothingWasSkipped(t, r)
	}
	return r
}

// nothingWasSkipped: whatever was listed all the while was seen.
func (l *life) nothingWasSkipped(t *testing.T, r *db.Run) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	archived := map[string]dbtest.Job{}
	for _, j := range l.store.Jobs("x") {
		archived[j.ID] = j
	}
	for _, b := range l.all {
		if b.born.After(r.ListingStart) || !b.gone.IsZero() && !b.gone.After(r.FinishedAt) {
			continue
		}
		if j, ok := archived[b.id]; !ok || j.Misses > 0 || !j.GoneAt.IsZero() {
			t.Errorf("%s was listed since %v, and a complete listing from %v to %v skipped it: archived %v, missed %d times",
				b.id, b.born, r.ListingStart, r.FinishedAt, ok, j.Misses)
		}
	}
}

// everythingHappened: each transition, within its bounds.
func (l *life) everythingHappened(t *testing.T) {
	t.Helper()
	ids, lives := map[uint32]string{}, map[string]*book{}
	for _, j := range l.store.Jobs("x") {
		ids[j.Seq] = j.ID
		delete(l.shown, j.ID)
	}
	if len(l.shown) > 0 {
		t.Errorf("%v were shown, and are not archived", l.shown)
	}
	for _, b := range l.all {
		lives[b.id] = b
	}
	for _, tr := range l.store.Transitions("x") {
		b := lives[ids[tr.Seq]]
		at := map[db.Kind]time.Time{db.Appeared: b.born, db.Moved: b.ended, db.Gone: b.gone}[tr.Kind]
		if at.IsZero() || !at.After(tr.NotBefore) || at.After(tr.ObservedAt) {
			t.Errorf("%s %s at %v, archived as after %v and by %v", b.id, tr.Kind, at, tr.NotBefore, tr.ObservedAt)
		}
	}
}

// manners are ways for a list to move in which reading in order skips nothing:
// no job ever comes nearer to the top in a moment in which the total stays.
var manners = map[string]func(l *life){
	"the newest first, a fixed number": func(l *life) {
		for range 1 + l.random.IntN(3)*l.random.IntN(12) {
			l.put(0)
			l.take(len(l.list) - 1)
		}
	},
	"the newest first, a fixed number, any leave": func(l *life) {
		l.put(0)
		l.take(1 + l.random.IntN(len(l.list)-1))
	},
	"anywhere, a fixed number": func(l *life) {
		at := l.random.IntN(len(l.list))
		l.put(at)
		l.take(at + 1 + l.random.IntN(min(len(l.list)-at-1, 20)))
	},
	"anywhere, growing": func(l *life) { l.put(l.random.IntN(len(l.list) + 1)) },
	"leaving":           func(l *life) { l.take(l.random.IntN(len(l.list))) },
	"the oldest first":  func(l *life) { l.put(len(l.list)) },
}

// TestPagesSideBySideSkipNothing lets lists move while they are read, by a
// service that answers slowly, out of order, and sometimes not at all.
func TestPagesSideBySideSkipNothing(t *testing.T) {
	worlds := *randomWorlds
	if testing.Short() {
		worlds = 6
	}
	for name, move := range manners {
		t.Run(name, func(t *testing.T) {
			complete, requests := 0, 0
			for seed := range worlds {
				synctest.Test(t, func(t *testing.T) {
					l := liveOnAShelf(t, uint64(seed), move)
					complete += l.complete
					requests += l.requests
				})
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
			if complete < worlds {
				t.Errorf("only %d listings were complete", complete)
			}
			t.Logf("%d complete listings, %d requests", complete, requests)
		})
	}
}

func liveOnAShelf(t *testing.T, seed uint64, move func(*life)) *life {
	random := rand.New(rand.NewPCG(seed, 1))
	l := newLife(seed, 60+random.IntN(150), 5+random.IntN(10), 1+random.IntN(6))
	l.latency = time.Duration(1+random.IntN(400)) * time.Millisecond
	l.pageCap = pick(random, 0, 0, 6)
	ctx, stop := context.WithCancel(t.Context())
	moves := make(chan struct{})
	go func() {
		defer close(moves)
		for ctx.Err() == nil {
			time.Sleep(l.within(time.Duration(1+l.random.IntN(2)*20) * time.Second))
			l.mu.Lock()
			if len(l.list) > 30 && len(l.all) < 2000 {
				before := len(l.all)
				move(l)
				for _, b := range l.all[before:] {
					b.ended = time.Now().Add(l.within(10 * time.Minute)).Add(time.Millisecond)
				}
			}
			l.mu.Unlock()
		}
	}()
	requests := 0
	for range 12 {
		l.mu.Lock()
		l.fails = pick(random, 0, 0, 0.05)
		if random.IntN(2) == 0 {
			l.slowest[1+random.IntN(8)] = time.Duration(random.Int64N(8e9))
		}
		l.mu.Unlock()
		requests += l.sync(t).Requests
		time.Sleep(time.Duration(random.Int64N(30e9)))
	}
	stop()
	<-moves
	if requests != l.requests {
		t.Errorf("%d requests were counted, %d made", requests, l.requests)
	}
	l.everythingHappened(t)
	return l
}

// TestAQuietListIsReadAsInOrder: by the same requests, with the same result.
func TestAQuietListIsReadAsInOrder(t *testing.T) {
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			jobs, size, pageCap := random.IntN(120), 5+random.IntN(10), pick(random, 0, 6)
			latency := time.Duration(random.IntN(50)) * time.Millisecond
			read := func(prefetch int) (told []string) {
				l := newLife(seed, jobs, size, prefetch)
				l.pageCap, l.latency = pageCap, latency
				for i := range 4 {
					r := l.sync(t)
					told = append(told, fmt.Sprintf("%s: %d pages, %d requests, %d made, %d retries, %d listed, %d appeared, %d gone",
						r.Outcome, r.Pages, r.Requests, l.requests, r.Retries, r.Listed, r.Appeared, r.Gone))
					time.Sleep(2 * time.Hour)
					for range i {
						l.put(0)
						l.list[0].ended = time.Now()
					}
					for range min(i, len(l.list)) {
						l.take(l.random.IntN(len(l.list)))
					}
				}
				for _, j := range l.store.Jobs("x") {
					told = append(told, fmt.Sprint(j.Seq, j.ID, j.State, j.Misses, j.GoneAt.IsZero()))
				}
				return told
			}
			want := read(1)
			for _, prefetch := range []int{2, 4, 32} {
				if diff := cmp.Diff(want, read(prefetch)); diff != "" {
					t.Errorf("seed %d, %d at once (-in order +side by side):\n%s", seed, prefetch, diff)
				}
			}
		})
	}
}
