package e2e_test

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/robfig/cron/v3"

	"importarchive/db"
	"importarchive/longtest"
	"importarchive/sync"
	"importarchive/sync/remote"
	"importarchive/sync/remote/simulator"
)

// TestADayOfSchedule runs the service for a day, in a plain run for ten hours,
// over some clusters: one hangs,
// one panics, one has a schedule of its own, one is refused for three hours.
// None of them costs another a run.
func TestADayOfSchedule(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes long with the race detector")
	}
	hours, number := longtest.Size(10, 24), longtest.Size(6, 10)
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		clusters := make([]simulator.Cluster, number)
		for i := range clusters {
			clusters[i] = simulator.Cluster{
				ID: fmt.Sprintf("in01-day%d", i), Dialect: "zilliz-v1", Since: began.Add(-time.Hour),
				Every: 20 * time.Minute, RunFor: 10 * time.Minute, KeepFor: 2 * time.Hour, FailShare: 0.2,
			}
		}
		world := simulator.New(1, time.Now, clusters...)
		world.Script(
			simulator.Fault{Kind: simulator.Slow, Delay: 300 * time.Millisecond},
			simulator.Fault{Kind: simulator.Hang, Cluster: "in01-day1", From: began.Add(time.Hour)},
			simulator.Fault{Kind: simulator.Refused, Cluster: "in01-day2", From: began.Add(6 * time.Hour), Until: began.Add(9 * time.Hour)},
		)
		a := newArchive(t)
		e := a.engine(world, 5*time.Minute, clusters...)
		panicking := &panickingLister{Lister: e.Clusters[3].Remote}
		e.Clusters[3].Remote = panicking
		hourly, err := cron.ParseStandard("30 * * * *")
		if err != nil {
			t.Fatal(err)
		}
		e.Clusters[4].Schedule = hourly

		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			e.Run(ctx, true)
			close(stopped)
		}()
		time.Sleep(time.Duration(hours)*time.Hour + time.Minute)
		stop()
		<-stopped

		for i := range clusters {
			want := 12*hours + 1 // one at the start
			if i == 4 {
				want = hours + 1
			}
			a.Expect(t, fmt.Sprint(want), "SELECT count(*) FROM runs WHERE cluster = '"+clusters[i].ID+"'")
		}
		a.Expect(t, "0", "SELECT count(*) FROM runs WHERE finished_at IS NULL")
		a.Expect(t, fmt.Sprint(number), "SELECT count(*) FROM runs WHERE triggered_by = 'start'")
		a.Expect(t, "0", "SELECT count(*) FROM runs WHERE outcome <> 'complete' AND cluster NOT IN ('in01-day1', 'in01-day2', 'in01-day3')")
		a.Expect(t, "unavailable", "SELECT DISTINCT error_kind FROM runs WHERE cluster IN ('in01-day1', 'in01-day2') AND outcome <> 'complete'")
		a.Expect(t, "1", "SELECT count(*) FROM gaps WHERE cluster = 'in01-day2' AND ended_at IS NOT NULL")
		a.Expect(t, fmt.Sprint(panicking.panics), "SELECT count(*) FROM runs WHERE cluster = 'in01-day3' AND error LIKE 'panic: %'")
		if panicking.panics == 0 {
			t.Error("there was no panic")
		}
		a.Verify(t)
	})
}

// panickingLister panics on every seventh listing.
type panickingLister struct {
	sync.Lister
	calls, panics int
}

func (l *panickingLister) Pages(ctx context.Context, surely func() bool) iter.Seq2[remote.Page, error] {
	if l.calls++; l.calls%7 == 0 {
		l.panics++
		panic("out of coffee")
	}
	return l.Lister.Pages(ctx, surely)
}

// TestStoppingClosesEveryRun stops the service in the middle of its listings.
func TestStoppingClosesEveryRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := simulator.Cluster{ID: "in01-stop", Dialect: "zilliz-v2", Jobs: 1000}
		world := simulator.New(1, time.Now, c)
		world.Script(simulator.Fault{Kind: simulator.Slow, Delay: time.Second})
		a := newArchive(t)
		e := a.engine(world, time.Hour, c)
		ctx, stop := context.WithTimeout(t.Context(), 29500*time.Millisecond)
		defer stop()
		e.Run(ctx, true)
		a.Expect(t, "interrupted cancelled", "SELECT outcome || ' ' || error_kind FROM runs")
		a.Expect(t, "290", "SELECT count(*) FROM jobs")
		a.Verify(t)
	})
}

// TestTwoProcessesOnOneArchive lets two engines with stores of their own sync
// the same lively cluster side by side: no job and no transition doubles.
func TestTwoProcessesOnOneArchive(t *testing.T) {
	t.Parallel()
	rounds := longtest.Size(40, 150)
	if testing.Short() {
		rounds = 15
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c := simulator.Cluster{
			ID: "in01-two", Dialect: "zilliz-v2", Since: began.Add(-time.Hour), Every: 60 * time.Second, RunFor: 5 * time.Minute,
			KeepFor: 40 * time.Minute, FailShare: 0.2, ReturnShare: 0.2, LostShare: 0.1,
		}
		world := simulator.New(1, time.Now, c)
		world.Script(simulator.Fault{Kind: simulator.Slow, Delay: 900 * time.Millisecond, Every: 2}, simulator.Fault{Kind: simulator.Slow, Delay: 400 * time.Millisecond})
		one := newArchive(t)
		two := &archive{one.Beside(t)}
		done := make(chan error)
		for i, a := range []*archive{one, two} {
			e := a.engine(world, time.Minute, c)
			e.Clusters[0].Details = true
			go func() {
				var err error
				for range rounds {
					if _, failed := e.SyncAll(t.Context(), db.ByHand, e.Clusters); failed != nil {
						err = failed
					}
					time.Sleep(time.Duration(7+6*i) * time.Second)
				}
				done <- err
			}()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		e := evidenceOf(world, &c)
		one.compareWithShown(t, e)
		one.compareWithTruth(t, e)
		one.Verify(t)
		t.Log("runs:", one.Rows(t, "SELECT outcome, error, count(*) FROM runs GROUP BY 1, 2"))
	})
}
