package bench_test

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	gosync "sync"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/db/sqlite"
	"importarchive/secret"
	"importarchive/sync"
	"importarchive/sync/remote"
	"importarchive/sync/remote/simulator"
)

var (
	crowd = flag.Int("clusters", 500, "how many clusters keep a schedule")
	tick  = flag.Duration("tick", 20*time.Second, "their schedule, in whole seconds")
)

// BenchmarkLateness runs the service over five hundred clusters, with the
// default cap and in real time, and says how far behind their schedule their
// listings begin. Then it does so again with one cluster that hangs, for two
// fifths of the schedule as two minutes are of five, and one that always
// fails. Read the ratio: the machine is shared.
func BenchmarkLateness(b *testing.B) {
	well := lateness(b)
	ill := lateness(b,
		simulator.Fault{Kind: simulator.Hang, Cluster: clusterID(0)},
		simulator.Fault{Kind: simulator.HTTPStatus, Status: 503, Cluster: clusterID(1)})
	for _, p := range []int{50, 99} {
		alone, beside := percentile(well, p), percentile(ill, p)
		b.ReportMetric(alone.Seconds(), fmt.Sprintf("s-p%d-alone", p))
		b.ReportMetric(beside.Seconds(), fmt.Sprintf("s-p%d-beside", p))
		b.ReportMetric(beside.Seconds()/alone.Seconds(), fmt.Sprintf("p%d-ratio", p))
	}
	b.ReportMetric(0, "ns/op") // the loop that the testing package times is not what is measured
}

func clusterID(n int) string { return fmt.Sprintf("in01-%d", n) }

// lateness lives four ticks, and returns how late each listing of a well cluster began,
// in order.
func lateness(b *testing.B, faults ...simulator.Fault) []time.Duration {
	const ticks = 4
	clusters := make([]simulator.Cluster, *crowd)
	for n := range clusters {
		clusters[n] = simulator.Cluster{ID: clusterID(n), Dialect: "zilliz-v2", Jobs: 20, Unrecorded: true}
	}
	world := simulator.New(1, time.Now, clusters...)
	world.Script(append(faults, simulator.Fault{Kind: simulator.Slow, Delay: 10 * time.Millisecond})...)
	st, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "archive.db"), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()

	watch := &watch{began: time.Now().Truncate(time.Second).Add(time.Second)}
	e := &sync.Engine{Store: st, Parallel: 64, Now: time.Now, Log: zerolog.Nop()}
	dialect, _ := remote.DialectNamed("zilliz-v2")
	for n := range clusters {
		client := remote.NewClient(remote.Target{
			Dialect: dialect, BaseURL: "https://service.example", ClusterID: clusterID(n), PageSize: 100,
			Timeout: *tick / 10, RetryFor: *tick * 2 / 5,
			Key: func() (remote.Secret, error) { return secret.New("key-of-the-crowd"), nil },
		}, world.Transport(), nil, time.Now)
		e.Clusters = append(e.Clusters, sync.Cluster{
			Name: clusterID(n), API: "zilliz-v2", ClusterID: clusterID(n), BaseURL: "https://service.example",
			Schedule: cron.Every(*tick), GoneAfter: 2, Remote: &watched{Lister: client, watch: watch, well: n > 1},
		})
	}
	time.Sleep(time.Until(watch.began)) // cron counts from whole seconds
	ctx, stop := context.WithTimeout(b.Context(), (ticks+1)**tick-time.Second)
	defer stop()
	e.Run(ctx, false)
	if missed := ticks*(*crowd-2) - len(watch.late); missed > 0 {
		b.Logf("%d listings of %d were skipped: the machine is too slow for this many clusters and this schedule", missed, ticks*(*crowd-2))
	}
	slices.Sort(watch.late)
	return watch.late
}

func percentile(sorted []time.Duration, p int) time.Duration { return sorted[(len(sorted)-1)*p/100] }

// watch writes down how long after its tick each listing began.
type watch struct {
	began time.Time
	mu    gosync.Mutex
	late  []time.Duration
}

type watched struct {
	sync.Lister
	watch *watch
	well  bool
}

func (l *watched) Pages(ctx context.Context, surely func() bool) iter.Seq2[remote.Page, error] {
	if l.well {
		l.watch.mu.Lock()
		l.watch.late = append(l.watch.late, time.Since(l.watch.began)%*tick)
		l.watch.mu.Unlock()
	}
	return l.Lister.Pages(ctx, surely)
}
