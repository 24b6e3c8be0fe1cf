package cli

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/service"
	"importarchive/status"
	"importarchive/sync/remote/simulator"
	"importarchive/web/health"
	"importarchive/web/metrics"
)

// watched is what the service would show of an archive at a time.
type watched struct {
	readyz, metrics http.Handler
	archive         *sql.DB
	traffic         *metrics.Traffic
}

func watch(t testing.TB, archive, settings string, now time.Time) watched {
	t.Helper()
	st, err := sqlite.Open(t.Context(), archive, sqlite.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg, err := config.Load(settings, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	return watchStore(cfg, st.Reader, func() time.Time { return now }, metrics.NewTraffic())
}

func watchStore(cfg *config.Config, archive *sql.DB, now func() time.Time, traffic *metrics.Traffic) watched {
	tasks := metrics.NewTasks()
	tasks.Scheduled("backup")
	written := func() error { return nil }
	r := &status.Reader{Archive: archive, Config: cfg, Now: now}
	_, readyz := health.Handlers(&health.Source{Archive: archive, Status: r.Read, Written: written}, func(*http.Request) bool { return true })
	return watched{readyz, metrics.Handler(&metrics.Source{
		Archive: archive, Path: cfg.Archive.Path, Version: version(), Status: r.ReadIn, Written: written, Traffic: traffic, Tasks: tasks,
		Free: func() (uint64, error) { return 1 << 30, nil },
	}), archive, traffic}
}

func fetch(t testing.TB, h http.Handler) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// families returns what a scrape shows.
func families(t testing.TB, w watched) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	all, err := parser.TextToMetricFamilies(strings.NewReader(fetch(t, w.metrics)))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// value returns the sum of a metric's values that have these labels, and how
// many they are.
func value(all map[string]*dto.MetricFamily, name string, labels ...string) (sum float64, n int) {
	for _, m := range all["importarchive_"+name].GetMetric() {
		has := 0
		for _, l := range m.Label {
			if slices.Contains(labels, l.GetName()+"="+l.GetValue()) {
				has++
			}
		}
		if has == len(labels) {
			sum, n = sum+m.GetGauge().GetValue()+m.GetCounter().GetValue(), n+1
		}
	}
	return sum, n
}

type readyAnswer struct {
	Ready    bool
	Behind   *float64 `json:"clock_behind_seconds"`
	Clusters int
	Degraded []degradedAnswer
}

type degradedAnswer struct {
	Cluster  string
	Reasons  []string
	Failures int64
}

// Status, readyz and metrics come from one judgement of one archive: whatever the
// clock shows, none of them contradicts another.
func TestStatusReadyzAndMetricsAgree(t *testing.T) {
	t.Parallel()
	clusters := []string{"prod", "staging", "later"}
	for _, now := range []time.Time{noon, noon.Add(20 * time.Minute), noon.Add(50 * time.Hour), noon.Add(-time.Hour)} {
		t.Run(now.Format(time.DateTime), func(t *testing.T) {
			archive := newArchive(t, func(st *sqlite.Archive) { tellTwoClusters(t, st); tellOneThatWasDropped(t, st) })
			settings := settingsFor(t, archive, clusters...)
			var said status.Status
			r := outside{now: now}.call(t, "--config", settings, "status", "--json")
			if err := json.Unmarshal([]byte(r.stdout), &said); err != nil {
				t.Fatal(err, r.stderr)
			}
			s := watch(t, archive, settings, now)
			shown := families(t, s)
			var ready readyAnswer
			if err := json.Unmarshal([]byte(fetch(t, s.readyz)), &ready); err != nil || !ready.Ready || ready.Clusters != len(clusters) {
				t.Fatal(err, ready)
			}
			wantBehind := 0.0
			if said.ClockBehindSeconds != nil {
				wantBehind = *said.ClockBehindSeconds
			}
			behind, _ := value(shown, "clock_behind_seconds")
			if behind != wantBehind || (ready.Behind != nil) != (behind > 0) || ready.Behind != nil && *ready.Behind != behind {
				t.Errorf("the clock is behind by %v, by status %v, by readyz %v", behind, wantBehind, ready.Behind)
			}
			stale := 0
			for i := range said.Clusters {
				cl := &said.Clusters[i]
				agrees(t, cl, said.Gaps, shown)
				at := slices.IndexFunc(ready.Degraded, func(d degradedAnswer) bool { return d.Cluster == cl.Name })
				if wanted := cl.NotFresh() || cl.InSettings && cl.Failures > 1; wanted != (at >= 0) {
					t.Errorf("%s: status says %+v, readyz %+v", cl.Name, cl, ready.Degraded)
				}
				if at >= 0 && (cl.NotFresh() != slices.Contains(ready.Degraded[at].Reasons, *cl.Freshness) || ready.Degraded[at].Failures != cl.Failures) {
					t.Errorf("%s: status says %+v, readyz %+v", cl.Name, cl, ready.Degraded[at])
				}
				if cl.NotFresh() {
					stale++
				}
			}
			fresh, n := value(shown, "cluster_fresh")
			if n != len(clusters) || int(fresh) != n-stale || said.Stale != (stale > 0) {
				t.Errorf("%v of %d clusters are fresh, and status says that %d are not", fresh, n, stale)
			}
		})
	}
}

// agrees compares what status says of a cluster with what a scrape shows.
func agrees(t *testing.T, cl *status.Cluster, gaps []status.Gap, shown map[string]*dto.MetricFamily) {
	t.Helper()
	of := "cluster=" + cl.Name
	is := func(want float64, name string, labels ...string) {
		t.Helper()
		if got, n := value(shown, name, append(labels, of)...); n == 0 || math.Abs(got-want) > 1e-6 {
			t.Errorf("%s: %s%v is %v (%d of them), and %v by status", cl.Name, name, labels, got, n, want)
		}
	}
	not := func(name string) {
		t.Helper()
		if _, n := value(shown, name, of); n > 0 {
			t.Errorf("%s: there is a %s", cl.Name, name)
		}
	}
	judged := []string{"cluster_fresh", "cluster_expected_seconds", "cluster_open_gap_seconds", "cluster_failures_in_a_row"}
	if cl.InSettings {
		fresh, open := 0.0, 0.0
		if !cl.NotFresh() {
			fresh = 1
		}
		for _, g := range gaps {
			if g.Cluster == cl.Name && g.EndedAt == nil {
				open = g.Seconds
			}
		}
		for i, want := range []float64{fresh, *cl.StaleAfterSeconds / 2, open, float64(cl.Failures)} {
			is(want, judged[i])
		}
	} else {
		for _, name := range judged {
			not(name)
		}
	}
	for name, last := range map[string]*string{"conclusive": cl.LastConclusiveAt, "complete": cl.LastCompleteAt} {
		name = "cluster_last_" + name + "_timestamp_seconds"
		if last == nil {
			not(name)
			continue
		}
		at, err := time.Parse(db.TimeFormat, *last)
		if err != nil {
			t.Fatal(err)
		}
		is(float64(at.UnixMilli())/1000, name)
	}
	if cl.Archived == 0 {
		return
	}
	is(float64(cl.Archived), "jobs")
	is(float64(cl.Listed), "jobs", "presence=listed")
	is(float64(cl.Jobs.Completed), "jobs", "state=completed")
	is(float64(cl.Jobs.Failed), "jobs", "state=failed")
	is(float64(cl.Jobs.Cancelled), "jobs", "state=cancelled")
	is(float64(cl.Jobs.Lost), "jobs", "state=lost", "presence=gone")
	for state, n := range map[string]int64{"pending": cl.Jobs.Pending, "running": cl.Jobs.Running, "unknown": cl.Jobs.Unknown} {
		is(float64(n), "jobs", "state="+state)
	}
}

// tellOneThatWasDropped writes a cluster that is stale, fails and is no longer in
// the settings.
func tellOneThatWasDropped(t *testing.T, st *sqlite.Archive) {
	s := newStory(t, st, "dropped")
	s.lists(9*time.Hour, db.Job{ID: "x", State: db.Running, RawState: "ImportRunning"})
	s.fails(8*time.Hour, "auth", "page 1: auth: HTTP 401")
	s.fails(7*time.Hour, "auth", "page 1: auth: HTTP 401")
}

// What counts for ever agrees with the rows, as long as none was pruned.
func TestMetricsCountTheRowsOfTheArchive(t *testing.T) {
	archive := filepath.Join(t.TempDir(), "archive.db")
	st, err := sqlite.Open(t.Context(), archive, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Live(t, st)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	s := watch(t, archive, settingsFor(t, archive, "a", "b"), noon)
	shown := families(t, s)
	for query, metric := range map[string][]string{
		`SELECT count(*) FROM runs WHERE cluster = 'a' AND outcome = 'complete'`:       {"runs_total", "cluster=a", "outcome=complete"},
		`SELECT count(*) FROM runs WHERE outcome IS NOT NULL`:                          {"runs_total"},
		`SELECT sum(pages) FROM runs`:                                                  {"run_pages_total"},
		`SELECT sum(requests) FROM runs WHERE cluster = 'b'`:                           {"run_requests_total", "cluster=b"},
		`SELECT sum(retries) FROM runs`:                                                {"run_retries_total"},
		`SELECT count(*) FROM transitions WHERE kind = 'gone'`:                         {"transitions_total", "kind=gone"},
		`SELECT count(*) FROM transitions WHERE cluster = 'b'`:                         {"transitions_total", "cluster=b"},
		`SELECT count(*) FROM rejects`:                                                 {"rejects_total"},
		`SELECT count(*) FROM gaps WHERE ended_at IS NOT NULL`:                         {"gaps_total"},
		`SELECT sum(seconds) FROM gaps WHERE ended_at IS NOT NULL AND cluster = 'a'`:   {"gap_seconds_total", "cluster=a"},
		`SELECT count(*) FROM jobs WHERE gone_at IS NOT NULL`:                          {"jobs", "presence=gone"},
		`SELECT count(*) FROM jobs WHERE cluster = 'a' AND state = 'running'`:          {"jobs", "cluster=a", "state=running"},
		`SELECT count(*) FROM jobs WHERE state = 'lost'`:                               {"jobs", "state=lost"},
		`SELECT user_version FROM pragma_user_version`:                                 {"archive_schema_version"},
		`SELECT page_count * page_size FROM pragma_page_count() JOIN pragma_page_size`: {"archive_bytes"},
	} {
		var want float64
		if err := s.archive.QueryRow(query).Scan(&want); err != nil {
			t.Fatal(query, err)
		}
		if got, n := value(shown, metric[0], metric[1:]...); n == 0 || got != want {
			t.Errorf("%v is %v, and %v by %s", metric, got, want, query)
		}
	}
}

// BenchmarkScrape asks for the metrics of up to 500 clusters, also when each
// has had thousands of runs.
func BenchmarkScrape(b *testing.B) {
	for _, x := range []struct{ clusters, runs int }{{50, 0}, {500, 0}, {500, 2000}} {
		b.Run(fmt.Sprintf("clusters=%d/runs=%d", x.clusters, x.clusters*x.runs), func(b *testing.B) {
			archive := filepath.Join(b.TempDir(), "archive.db")
			st, err := sqlite.Open(b.Context(), archive, sqlite.Options{})
			if err != nil {
				b.Fatal(err)
			}
			var names []string
			for n := range x.clusters {
				names = append(names, fmt.Sprintf("cluster-%03d", n))
				dbtest.Tell(b, st, names[n]).Lists(dbtest.Listed("a", db.Running), dbtest.Listed("b", db.Completed))
			}
			if err := st.Close(); err != nil {
				b.Fatal(err)
			}
			older(b, archive, x.runs)
			h := watch(b, archive, settingsFor(b, archive, names...), noon).metrics
			bytes := 0
			for b.Loop() {
				bytes = len(fetch(b, h))
			}
			b.ReportMetric(float64(bytes), "bytes")
		})
	}
}

// older gives each cluster of an archive this many runs more, by no way that
// would keep its invariants.
func older(b *testing.B, archive string, runs int) {
	b.Helper()
	file, err := sql.Open("sqlite", archive)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Exec(`WITH RECURSIVE run (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM run WHERE n < ?1)
		INSERT INTO archive_runs (cluster, trigger, started_ms, finished_ms, outcome, expected_s)
		SELECT c.id, 'schedule', n * 300000, n * 300000 + 1000, 'complete', 300 FROM run, archive_clusters AS c WHERE ?1 > 0`, runs); err != nil {
		b.Fatal(err)
	}
}

// What the observers count while runs go on is what the archive keeps of
// those runs, and the waits are as long as the clock says.
func TestTrafficCountsTheRequestsOfTheRuns(t *testing.T) {
	folder, settings := t.TempDir(), settingsFor(t, "archive.db", "prod", "staging")
	text, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "retry_for = '0s'", "retry_for = '10m'\nrate = 2", 1))
	cfg, err := config.Parse("config.toml", text, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		world := simulator.New(1, time.Now,
			simulator.Cluster{ID: "in01-prod", Dialect: "zilliz-v1", Jobs: 700},
			simulator.Cluster{ID: "in01-staging", Dialect: "zilliz-v1", Jobs: 300})
		world.Script(
			simulator.Fault{Kind: simulator.HTTPStatus, Status: 503, Share: 0.2},
			simulator.Fault{Kind: simulator.HTTPStatus, Status: 401, Cluster: "in01-staging", From: time.Now().Add(time.Hour)})
		st, err := sqlite.Open(t.Context(), filepath.Join(folder, "archive.db"), sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		counts := metrics.NewTraffic()
		e := service.NewEngine(cfg, st, counts, world.Transport(), time.Now, zerolog.Nop())
		began := time.Now()
		for range 4 {
			if _, err := e.SyncAll(t.Context(), db.BySchedule, e.Clusters); err != nil {
				t.Fatal(err)
			}
			time.Sleep(25 * time.Minute)
		}
		shown := families(t, watchStore(cfg, st.Reader, time.Now, counts))
		for _, of := range []string{"cluster=prod", "cluster=staging"} {
			for _, what := range []string{"requests_total", "retries_total"} {
				stored, _ := value(shown, "run_"+what, of)
				if what == "requests_total" {
					stored += describes(t, st, strings.TrimPrefix(of, "cluster="))
					// A run whose time for asking is over gives up the question under way, and counts it as none.
					givenUp, _ := value(shown, "remote_requests_total", of, "error_kind=cancelled")
					stored += givenUp
				}
				if counted, _ := value(shown, "remote_"+what, of); counted != stored || stored == 0 {
					t.Errorf("%s: %v %s are counted, %v stored", of, counted, what, stored)
				}
			}
			if n, _ := value(shown, "remote_requests_total", of, "status=503", "error_kind=unavailable"); n == 0 {
				t.Errorf("%s: no failure is counted", of)
			}
			for _, reason := range []string{"reason=pace", "reason=retry"} {
				if waited, _ := value(shown, "remote_wait_seconds_total", of, reason); waited <= 0 || waited > time.Since(began).Seconds() {
					t.Errorf("%s: waited %v seconds, %s", of, waited, reason)
				}
			}
		}
		if n, _ := value(shown, "remote_requests_total", "cluster=staging", "error_kind=auth"); n != 1 {
			t.Errorf("the key was refused %v times, not once", n)
		}
		if ok, n := value(shown, "archive_writable"); ok != 1 || n != 1 {
			t.Error("the archive is not called writable")
		}
	})
}

// describes returns how many single jobs of a cluster the runs queried. The requests
// that a run counts are only those of its listing.
func describes(t *testing.T, st *sqlite.Archive, cluster string) (n float64) {
	err := st.Reader.QueryRowContext(t.Context(), `SELECT total(described + describe_failed) FROM runs WHERE cluster = ?`, cluster).Scan(&n)
	if err != nil || n == 0 {
		t.Errorf("%s: %v jobs were asked for: %v", cluster, n, err)
	}
	return n
}
