// Package simulator is a service to sync from that needs no account: a world
// of clusters whose import jobs are born, run, end and are forgotten, and
// whose answers go wrong on demand. Tests, benchmarks and the demo use it.
//
// A [World] comes from a seed. The fate of job n of a cluster is a function of (seed,
// cluster, n) and nothing else, so two worlds of one seed agree about every moment,
// whatever requests came in between.
//
// [World.Truth] has the true history. The world records the content of its answers as
// they arrive:
//
//   - [World.Shown]: true claims of lists about a job;
//   - [World.Lies]: false claims of lists about a job, among them its absence from a
//     successful listing that seemed whole;
//   - [World.Descriptions]: answers about single jobs, which are always true;
//   - [World.Asked]: each query for one job, and whether the answer was that the job
//     exists, that it is forgotten, or neither.
//
// Truth and the first three differ exactly by what an archive can't know, and tests
// compare that. A list with [Cluster.ListWord] for a job does not lie: such a job has
// two true words.
//
// The world answers over sockets (it is an [http.Handler]) or without
// ([World.Transport]). Spelling and manners are those of the real services
// as far as they were seen (recorded answers of sibling calls, the vendor's
// clients, Milvus's source); a comment names what is a guess.
//
//	fate/         what happens to one job
//	cluster.go    what a cluster is like, and its listing at a moment
//	dialect.go    how the services spell       answer.go    one page
//	                                           describe.go  one job
//	fault.go      what goes wrong, and when    fault_answer.go  how that reads
//	lie.go        false lists
//	truth.go      what happened                record.go    what answers said
//	transport.go  how answers travel
package simulator

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"importarchive/sync/remote/simulator/fate"
)

// World is a simulated service. It is safe for concurrent use.
type World struct {
	now      func() time.Time
	clusters []*cluster
	frozen   atomic.Int64 // the moment that jobs stay at, 0 while they live

	mu     sync.Mutex
	faults []*fault
}

// New makes a world. Time in it is what now says; only the waits of [Slow]
// and [Drip] are real ones. It panics on a dialect it doesn't know and on two
// clusters of one id, which no running program can do anything about.
func New(seed uint64, now func() time.Time, clusters ...Cluster) *World {
	w := &World{now: now}
	for _, of := range clusters {
		if w.cluster(of.ID) != nil {
			panic("simulator: two clusters " + strconv.Quote(of.ID))
		}
		w.clusters = append(w.clusters, newCluster(seed, of, now()))
	}
	return w
}

// Requests counts the requests for pages of a cluster's list, whatever came back.
func (w *World) Requests(clusterID string) int {
	c := w.must(clusterID)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests
}

// Described counts the requests for single jobs of a cluster, whatever came back,
// also that there is no such call.
func (w *World) Described(clusterID string) int {
	c := w.must(clusterID)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// Freeze has all jobs stay as they are: none is born, ends, leaves or returns
// any more, while the services go on answering and their clocks go on. Only the first
// call counts: a second one would have all that did not happen since happen at once.
func (w *World) Freeze() { w.frozen.CompareAndSwap(0, w.now().UnixMilli()) }

// still returns the moment of the jobs.
func (w *World) still(now int64) int64 {
	if frozen := w.frozen.Load(); frozen != 0 {
		return min(now, frozen)
	}
	return now
}

// cluster finds a cluster by its id; nil when there is none.
func (w *World) cluster(id string) *cluster {
	for _, c := range w.clusters {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// must is cluster for callers that made the world themselves: a wrong id is a
// mistake in their code, and an empty truth would hide it.
func (w *World) must(id string) *cluster {
	if c := w.cluster(id); c != nil {
		return c
	}
	panic("simulator: no cluster " + strconv.Quote(id))
}

// answer returns the answer to a request. It fails with errRefused, or with the
// context's cause if the caller gave up first.
//
// The answer is that of the moment halfway through the delay: strictly after the
// request and before the answer arrives, as with a real service.
func (w *World) answer(ctx context.Context, q *question) (*answer, error) {
	c, a := w.route(q)
	if c == nil {
		return w.signed(a, 0), nil
	}
	q.number = c.count(q, w.now())
	hit := w.hit(c, q)
	switch {
	case hit.refused:
		return nil, errRefused
	case hit.hang:
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	if err := wait(ctx, hit.delay/2); err != nil {
		return nil, err
	}
	switch a = hit.instead; {
	case a != nil:
	case q.call == Describe:
		a = c.describe(q, hit, w)
	default:
		a = c.answer(q, hit, w)
	}
	if unknown := a.status == http.StatusNotFound || a.status == http.StatusMethodNotAllowed; unknown && q.call == Describe {
		a.heard = c.answers(q.number, w.now().UnixMilli(), NoCall)
	}
	if err := wait(ctx, hit.delay-hit.delay/2); err != nil {
		return nil, err
	}
	a.cut, a.drip = hit.cut, hit.drip
	request := uint64(q.number)
	if q.call == Describe {
		request |= 1 << 63
	}
	a.header.Set("Requestid", strconv.FormatUint(fate.Mix(c.seed+request), 16))
	return w.signed(a, c.Clock), nil
}

// signed adds the service's time to an answer, for clients that compare clocks.
func (w *World) signed(a *answer, ahead time.Duration) *answer {
	a.header.Set("Date", w.now().Add(ahead).UTC().Format(http.TimeFormat))
	return a
}

// wait sleeps unless the context ends first.
func wait(ctx context.Context, d time.Duration) error {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}
