package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	gosync "sync"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"importarchive/config"
	"importarchive/db"
	"importarchive/db/sqlite"
	"importarchive/queries"
	"importarchive/report"
	"importarchive/secret"
	"importarchive/service"
	"importarchive/sync"
	"importarchive/sync/remote"
	"importarchive/sync/remote/simulator"
)

const (
	demoPath  = "demo.db"
	demoDays  = 3
	demoEvery = 10 * time.Minute
)

// demoCluster has the settings of a demo cluster.
type demoCluster struct{ name, api, id, base string }

var demoClusters = [...]demoCluster{
	{"prod-search", "zilliz-v1", "in01-d3m0a1b2c3d4e5f", "https://controller.api.demo.invalid"},
	{"prod-clicks", "zilliz-v2", "in01-d3m0f6e5d4c3b2a", "https://api.demo.invalid"},
	{"lab-milvus", "milvus-v2", "", "http://milvus.demo"},
}

func (p *program) demoCommand() *cobra.Command {
	var keepRunning bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Try the whole program against a simulated service; needs no account and no settings",
		Long: `Simulate three clusters for three days within some seconds, with some faults. The real
engine archives their jobs into ` + demoPath + ` in this folder, and the page ` + demoPagePath + ` shows
them. The files of an earlier demo are replaced; other files of these names are kept.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return p.demo(c.Context(), keepRunning) },
	}
	c.Flags().BoolVar(&keepRunning, "keep-running", false, "continue in real time, with a sync every ten seconds, until stopped")
	return c
}

func (p *program) demo(ctx context.Context, keepRunning bool) (err error) {
	if err := removeDemo(ctx); err != nil {
		return err
	}
	clock := &demoClock{now: p.Now().Add(-demoDays * 24 * time.Hour).Truncate(time.Minute)}
	st, err := sqlite.Open(ctx, demoPath, sqlite.Options{Now: clock.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	world := demoWorld(clock.now, clock.Now)
	e := demoEngine(st, world, clock.Now, demoEvery)
	fmt.Fprintf(p.Stderr, "%d days of three simulated clusters, synced every %v, into %s\n", demoDays, demoEvery, demoPath)
	if err := p.fastForward(ctx, e, clock); err != nil {
		return err
	}
	if err := p.writeDemoPage(ctx, st); err != nil {
		return err
	}
	if err := p.showDemo(ctx, st); err != nil || !keepRunning {
		return err
	}
	fmt.Fprintln(p.Stderr, "\nThe demo continues in real time; stop it with Ctrl-C.")
	clock.becomeReal(p.Now)
	e = demoEngine(st, world, clock.Now, 10*time.Second)
	log := config.Log{Level: "info", Format: "auto"}
	if err := p.overlayLog(&log); err != nil {
		return err
	}
	e.Log = p.logger(p.Stderr, log)
	site, err := p.demoSite(st, e.Log).Handler()
	if err != nil {
		return err
	}
	listener, err := demoListen(ctx)
	if err != nil {
		return err
	}
	var pages gosync.WaitGroup
	pages.Go(func() { service.Serve(ctx, listener, site, e.Log) })
	e.Run(ctx, true)
	pages.Wait()
	return nil
}

// removeDemo removes the archive of an earlier demo. Any other archive of that
// name is an error.
func removeDemo(ctx context.Context) error {
	reader, err := sqlite.OpenReader(ctx, demoPath)
	if errors.Is(err, sqlite.ErrMissing) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w (the demo wants to write there: run it in another folder)", err)
	}
	// The demo's clusters have addresses that no real service can have.
	var stranger sql.NullString
	err = reader.QueryRowContext(ctx, `SELECT max(base_url) FROM clusters WHERE base_url NOT IN (?, ?, ?)`,
		demoClusters[0].base, demoClusters[1].base, demoClusters[2].base).Scan(&stranger)
	if err := errors.Join(err, reader.Close()); err != nil {
		return err
	}
	if stranger.Valid {
		return fmt.Errorf("%s is an archive of %s, not a demo: run the demo in another folder", demoPath, stranger.String)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(demoPath + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// fastForward syncs until the demo's clock has reached the present. In the second
// night it leaves out four hours, which become a gap.
func (p *program) fastForward(ctx context.Context, e *sync.Engine, clock *demoClock) error {
	screen := newScreen(p.Stderr, p.StderrTerminal)
	defer screen.clear()
	began, end := clock.now, p.Now()
	for at := began; at.Before(end); at = at.Add(demoEvery) {
		if since := at.Sub(began); since > 26*time.Hour && since < 30*time.Hour {
			continue
		}
		clock.set(at)
		if _, err := e.SyncAll(ctx, db.ByDemo, e.Clusters); err != nil {
			return err
		}
		done := int(30 * at.Sub(began) / end.Sub(began))
		screen.line(fmt.Sprintf("%s %s", at.Format("Mon 15:04"), bar(done, 30)))
	}
	return nil
}

func bar(done, of int) string {
	b := make([]rune, of)
	for i := range b {
		b[i] = '░'
		if i < done {
			b[i] = '█'
		}
	}
	return string(b)
}

func (p *program) showDemo(ctx context.Context, st *sqlite.Archive) error {
	for _, show := range []struct {
		title, report string
		values        map[string]any
		columns       []string
	}{
		{
			"What there is", "overview", nil,
			[]string{"cluster", "listed", "open_jobs", "completed", "failed", "cancelled", "lost", "success_percent", "freshness"},
		},
		{
			"The newest failures", "failures",
			map[string]any{"limit": 5},
			[]string{"cluster", "job_id", "collection", "last_state_at", "reason"},
		},
		{
			"Gaps: times without a conclusive run", "gaps", nil,
			[]string{"cluster", "started_at", "ended_at", "seconds", "expected_seconds"},
		},
	} {
		table, err := report.Query(ctx, st.Reader, queries.Report(show.report).SQL, show.values)
		if err != nil {
			return err
		}
		fmt.Fprintln(p.Stdout, "\n"+p.painted(report.Bold, show.title))
		if err := p.write(tableFormat, table.Pick(show.columns...)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(p.Stdout, `
%s
  open %[3]s in a browser
  sqlite3 -box %[2]s "SELECT job_id, collection, state, first_seen_at FROM jobs WHERE outcome = 'lost' LIMIT 5"
  sqlite3 -box %[2]s "SELECT kind, from_state, to_state, not_before, observed_at FROM transitions ORDER BY id DESC LIMIT 10"
  sqlite3 -box %[2]s "SELECT cluster, outcome, error_kind, count(*) FROM runs GROUP BY 1, 2, 3"
`, p.painted(report.Bold, "Worth trying"), demoPath, demoPagePath)
	return err
}

// demoWorld returns the simulated service, with its faults.
func demoWorld(began time.Time, now func() time.Time) *simulator.World {
	since := began.Add(-6 * time.Hour)
	at := func(hours float64) time.Time { return began.Add(time.Duration(hours * float64(time.Hour))) }
	world := simulator.New(1, now,
		simulator.Cluster{
			ID: "in01-d3m0a1b2c3d4e5f", Dialect: "zilliz-v1", Collections: []string{"products", "reviews", "sellers"},
			Since: since, Every: 7 * time.Minute, RunFor: 25 * time.Minute, KeepFor: 24 * time.Hour, FailShare: 0.06, RenameShare: 0.01,
		},
		simulator.Cluster{
			ID: "in01-d3m0f6e5d4c3b2a", Dialect: "zilliz-v2", Collections: []string{"clicks", "sessions"},
			Since: since, Every: 12 * time.Minute, RunFor: 40 * time.Minute, KeepFor: 12 * time.Hour, FailShare: 0.1,
			CancelShare: 0.05, LostShare: 0.03, ReturnShare: 0.02,
		},
		simulator.Cluster{
			ID: "milvus.demo", Dialect: "milvus-v2", Collections: []string{"papers", "figures"},
			Since: since, Every: 20 * time.Minute, RunFor: time.Hour, KeepFor: 3 * time.Hour, FailShare: 0.2, NeverEndsShare: 0.02,
		},
	)
	world.Script(
		simulator.Fault{Kind: simulator.HTTPStatus, Status: 503, Cluster: "in01-d3m0f6e5d4c3b2a", From: at(9), Until: at(12.5)},
		simulator.Fault{Kind: simulator.HTTPStatus, Status: 401, Cluster: "in01-d3m0a1b2c3d4e5f", From: at(50), Until: at(51.2)},
		simulator.Fault{Kind: simulator.HTTPStatus, Status: 429, RetryAfter: time.Minute, Share: 0.002},
		simulator.Fault{Kind: simulator.Cut, Share: 0.002},
		simulator.Fault{Kind: simulator.HTML, Share: 0.002},
		simulator.Fault{Kind: simulator.Shifted, By: 2, FromPage: 2, Share: 0.02},
	)
	return world
}

func demoEngine(st db.Store, world *simulator.World, now func() time.Time, every time.Duration) *sync.Engine {
	e := &sync.Engine{Store: st, Parallel: 3, Now: now, Log: zerolog.Nop()}
	for _, cl := range demoClusters {
		dialect, _ := remote.DialectNamed(cl.api)
		target := remote.Target{
			Dialect: dialect, BaseURL: cl.base, ClusterID: cl.id, PageSize: 100, Timeout: 5 * time.Second,
			// No retries: they would wait in real time, and the demo's time runs faster.
			Key: func() (remote.Secret, error) { return secret.New("key-of-the-demo"), nil },
		}
		e.Clusters = append(e.Clusters, sync.Cluster{
			Name: cl.name, API: cl.api, ClusterID: cl.id, BaseURL: cl.base, Schedule: cron.Every(every), GoneAfter: 2, Details: true,
			Remote: remote.NewClient(target, world.Transport(), nil, now),
		})
	}
	return e
}

// demoClock is the demo's time. It is set before each sync and advances a little
// at each reading, so that requests seem to take time.
type demoClock struct {
	mu   gosync.Mutex
	now  time.Time
	real func() time.Time // once the demo has caught up
}

func (c *demoClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.real != nil {
		return c.real()
	}
	c.now = c.now.Add(11 * time.Millisecond)
	return c.now
}

func (c *demoClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func (c *demoClock) becomeReal(real func() time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.real = real
}
