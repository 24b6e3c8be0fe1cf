package e2e_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/db/dbtest/model"
	"importarchive/sync"
)

// reading is a movingList, and what the archive makes of it.
type reading struct {
	*movingList
	random *rand.Rand
	store  *model.Memory
	engine *sync.Engine

	complete, cancelled int // runs
}

// newReading returns the reading of a list whose jobs were there before any run.
func newReading(seed uint64, jobs, pageSize int) *reading {
	l := &reading{random: rand.New(rand.NewPCG(seed, 2)), store: model.NewMemory()}
	l.movingList = &movingList{random: rand.New(rand.NewPCG(seed, 3)), slowest: map[int]time.Duration{}, shown: map[string]bool{}}
	for range jobs {
		l.put(0)
		l.list[0].ended = time.Now().Add(l.within(time.Hour))
	}
	l.engine = &sync.Engine{Store: l.store, Parallel: 1, Now: time.Now, Log: zerolog.Nop(), Clusters: []sync.Cluster{{
		Name: "x", API: "zilliz-v1", ClusterID: "in01-shelf", Schedule: cron.Every(time.Minute), GoneAfter: 1,
		Remote: l.client(pageSize),
	}}}
	return l
}

func (l *reading) within(d time.Duration) time.Duration {
	return time.Duration(l.random.Int64N(int64(d)))
}

func (l *reading) sync(ctx context.Context, t *testing.T) *db.Run {
	t.Helper()
	r, err := l.engine.Sync(ctx, &l.engine.Clusters[0], db.ByHand)
	if err != nil {
		t.Fatal(err)
	}
	switch r.Outcome {
	case db.Complete:
		l.complete++
		l.nothingWasSkipped(t, r)
	case db.Interrupted:
		l.cancelled++
	}
	return r
}

// nothingWasSkipped: whatever was listed all the while was seen.
func (l *reading) nothingWasSkipped(t *testing.T, r *db.Run) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	archived := map[string]model.Job{}
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
func (l *reading) everythingHappened(t *testing.T) {
	t.Helper()
	ids, lives := map[uint32]string{}, map[string]*listedJob{}
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

// manners are ways for a list to move that a listing notices: no job ever comes
// nearer to the top in a moment in which the total stays.
var manners = map[string]func(l *reading){
	"the newest first, a fixed number": func(l *reading) {
		for range 1 + l.random.IntN(3)*l.random.IntN(12) {
			l.put(0)
			l.take(len(l.list) - 1)
		}
	},
	"the newest first, a fixed number, any leave": func(l *reading) {
		l.put(0)
		l.take(1 + l.random.IntN(len(l.list)-1))
	},
	"anywhere, a fixed number": func(l *reading) {
		at := l.random.IntN(len(l.list))
		l.put(at)
		l.take(at + 1 + l.random.IntN(min(len(l.list)-at-1, 20)))
	},
	"anywhere, growing": func(l *reading) { l.put(l.random.IntN(len(l.list) + 1)) },
	"leaving":           func(l *reading) { l.take(l.random.IntN(len(l.list))) },
	"the oldest first":  func(l *reading) { l.put(len(l.list)) },
}

// TestAListThatMovesIsReadWithoutASkip lets lists move while they are read, by a
// service that answers slowly and sometimes not at all, in runs of which some
// are cancelled. Whatever the service showed is archived, and each request counted.
func TestAListThatMovesIsReadWithoutASkip(t *testing.T) {
	worlds := *randomWorlds
	if testing.Short() {
		worlds = 6
	}
	for name, move := range manners {
		t.Run(name, func(t *testing.T) {
			complete, cancelled, requests := 0, 0, 0
			for seed := range worlds {
				synctest.Test(t, func(t *testing.T) {
					l := readWhileItMoves(t, uint64(seed), move)
					complete += l.complete
					cancelled += l.cancelled
					requests += l.requests
				})
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
			if complete < worlds || cancelled < worlds/2 {
				t.Errorf("only %d listings were complete, and %d cancelled", complete, cancelled)
			}
			t.Logf("%d complete listings, %d cancelled, %d requests", complete, cancelled, requests)
		})
	}
}

func readWhileItMoves(t *testing.T, seed uint64, move func(*reading)) *reading {
	random := rand.New(rand.NewPCG(seed, 1))
	l := newReading(seed, 60+random.IntN(150), 5+random.IntN(10))
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
		ctx, cancel := context.WithCancel(t.Context())
		if random.IntN(3) == 0 {
			time.AfterFunc(time.Duration(1+random.Int64N(5e9)), cancel)
		}
		requests += l.sync(ctx, t).Requests
		cancel()
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
