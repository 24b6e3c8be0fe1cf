package sync_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	gosync "sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/db/dbtest"
	"importarchive/longtest"
	"importarchive/sync"
	"importarchive/sync/remote"
)

// crowd is many clusters of one service. The first few hang: they answer
// after all tries, with an error. The next few fail at once.
type crowd struct {
	clusters, hang, fail int
	hours                int

	mu       gosync.Mutex
	lateness []time.Duration // of each listing of the well ones, against its tick
	listings map[int]int
}

// lister is one of the crowd.
type lister struct {
	*crowd
	number int
	began  time.Time
	every  time.Duration
}

func (l *lister) Pages(ctx context.Context, _ func() bool) iter.Seq2[remote.Page, error] {
	return func(yield func(remote.Page, error) bool) {
		asked := time.Now()
		l.mu.Lock()
		l.listings[l.number]++
		if l.number >= l.hang+l.fail {
			l.lateness = append(l.lateness, asked.Sub(l.began)%l.every)
		}
		l.mu.Unlock()
		unavailable := &remote.Error{Kind: remote.Unavailable, Page: 1, Tries: 4, Err: context.DeadlineExceeded}
		switch {
		case l.number < l.hang:
			waited(ctx, 2*time.Minute)
			yield(remote.Page{}, unavailable)
		case l.number < l.hang+l.fail:
			yield(remote.Page{}, unavailable)
		default:
			waited(ctx, time.Second)
			yield(remote.Page{Number: 1, Count: -1, Tries: 1, Asked: asked, Received: time.Now()}, nil)
		}
	}
}

func waited(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// live runs the crowd's service for some hours.
func (c *crowd) live(t *testing.T) {
	const every = 5 * time.Minute
	c.listings = map[int]int{}
	e := &sync.Engine{Store: dbtest.NewMemory(), Parallel: 4, Now: time.Now, Log: zerolog.Nop()}
	for n := range c.clusters {
		e.Clusters = append(e.Clusters, sync.Cluster{
			Name: fmt.Sprint("cluster ", n), API: "zilliz-v2", ClusterID: fmt.Sprint("in01-", n), Schedule: cron.Every(every), GoneAfter: 2,
			Remote: &lister{crowd: c, number: n, began: time.Now(), every: every},
		})
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Duration(c.hours)*time.Hour+every-time.Second)
	defer stop()
	e.Run(ctx, false)
	slices.Sort(c.lateness)
}

func (c *crowd) percentile(p int) time.Duration { return c.lateness[(len(c.lateness)-1)*p/100] }

// TestServicesThatHangTakeNoTickFromOthers lives some hours with hundreds of
// clusters on four places, once without and then with some that hang.
func TestServicesThatHangTakeNoTickFromOthers(t *testing.T) {
	t.Parallel()
	late := map[string]time.Duration{}
	clusters, crowds := 250, []*crowd{{}, {hang: 10, fail: 3}}
	if longtest.Enabled() {
		clusters, crowds = 500, []*crowd{{}, {hang: 1, fail: 1}, {hang: 20, fail: 5}}
	}
	for _, c := range crowds {
		name := fmt.Sprintf("%d hang and %d fail", c.hang, c.fail)
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.clusters, c.hours = clusters, 3
				c.live(t)
				for n := c.hang + c.fail; n < c.clusters; n++ {
					if c.listings[n] != 12*c.hours {
						t.Errorf("cluster %d was listed %d times of %d", n, c.listings[n], 12*c.hours)
					}
				}
				late[name] = c.percentile(99)
				t.Logf("behind the schedule: p50 %v, p99 %v", c.percentile(50), c.percentile(99))
			})
		})
	}
	for name, p99 := range late {
		// Those that hang for the first time keep places for some seconds each.
		if alone := late["0 hang and 0 fail"]; p99 > alone+alone/10 {
			t.Errorf("where %s the others are %v behind their schedule, %v where none does", name, p99, alone)
		}
	}
}
