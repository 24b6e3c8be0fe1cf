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

	"importarchive/db/dbtest/model"
	"importarchive/longtest"
	"importarchive/sync"
	"importarchive/sync/remote"
)

// crowd is many clusters of one service. The first few hang: they answer
// after all tries, with an error. The next few fail at once.
type crowd struct {
	clusters, hang, fail int
	parallel             int
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
	e := &sync.Engine{Store: model.NewMemory(), Parallel: c.parallel, Now: time.Now, Log: zerolog.Nop()}
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

// TestServicesThatHangMakeNoOtherLate has hundreds of clusters that share their
// tick, every five minutes, and take a second for a listing each. With the
// default cap the last well one of 500 begins eight seconds after its tick,
// also beside twenty that hang; with a cap above their number none waits.
func TestServicesThatHangMakeNoOtherLate(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("500 clusters take the race detector minutes; fewer run in other tests")
	}
	hours := longtest.Size(1, 3)
	for _, x := range []struct {
		parallel, hang, fail int
		p99                  time.Duration
	}{
		{64, 0, 0, 10 * time.Second},
		{64, 1, 1, 10 * time.Second},
		{64, 20, 5, 10 * time.Second},
		{512, 20, 5, time.Second},
	} {
		c := &crowd{clusters: 500, hours: hours, parallel: x.parallel, hang: x.hang, fail: x.fail}
		t.Run(fmt.Sprintf("parallel %d, %d hang and %d fail", c.parallel, c.hang, c.fail), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.live(t)
				for n := c.hang + c.fail; n < c.clusters; n++ {
					if c.listings[n] != 12*c.hours {
						t.Errorf("cluster %d was listed %d times of %d", n, c.listings[n], 12*c.hours)
					}
				}
				p99 := c.percentile(99)
				t.Logf("behind the schedule: p50 %v, p99 %v, at most %v", c.percentile(50), p99, c.percentile(100))
				if p99 >= x.p99 {
					t.Errorf("one of a hundred listings begins %v after its tick or later, want less than %v", p99, x.p99)
				}
			})
		})
	}
}
