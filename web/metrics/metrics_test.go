package metrics_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	_ "importarchive/longtest"
	"importarchive/status"
	"importarchive/web/metrics"
)

// lived returns the source of an archive in which something of everything has
// happened. Its clusters stand as the arguments say.
func lived(t testing.TB, clusters ...status.Cluster) *metrics.Source {
	t.Helper()
	path := dbtest.Fresh(t)
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	dbtest.Live(t, st)
	for i := range clusters {
		if every := 600.0; clusters[i].StaleAfterSeconds == nil {
			clusters[i].StaleAfterSeconds = &every
		}
	}
	return &metrics.Source{
		Archive: st.Reader, Path: path, Version: "v1.2.3", Traffic: metrics.NewTraffic(), Tasks: metrics.NewTasks(),
		Status: func(context.Context, *sql.Tx) (*status.Status, error) {
			return &status.Status{Clusters: clusters}, nil
		},
		Written: func() error { return nil },
		Free:    func() (uint64, error) { return 5 << 30, nil },
	}
}

func get(h http.Handler) (code int, body string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	return w.Code, w.Body.String()
}

func pointer[T any](v T) *T { return &v }

// scraped returns what a scrape shows, by name and labels as in
// name{label="value"}.
func scraped(t testing.TB, s *metrics.Source) map[string]float64 {
	t.Helper()
	status, body := get(metrics.Handler(s))
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for name, family := range families {
		for _, m := range family.Metric {
			values[name+labels(m)] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return values
}

func labels(m *dto.Metric) string {
	var all []string
	for _, l := range m.Label {
		all = append(all, l.GetName()+"="+l.GetValue())
	}
	if all == nil {
		return ""
	}
	return "{" + strings.Join(all, ",") + "}"
}

func shows(t *testing.T, got map[string]float64, want map[string]float64) {
	t.Helper()
	for name, value := range want {
		if is, ok := got[name]; !ok || is != value {
			t.Errorf("%s is %v (there: %v), want %v", name, is, ok, value)
		}
	}
}

func absent(t *testing.T, got map[string]float64, names ...string) {
	t.Helper()
	for name := range got {
		for _, n := range names {
			if strings.HasPrefix(name, n) {
				t.Errorf("%s is there", name)
			}
		}
	}
}

func TestMetricsShowWhatTheArchiveHolds(t *testing.T) {
	at, quick := "2026-05-01 12:00:00.250", "2026-05-01 12:10:00.500"
	s := lived(t,
		status.Cluster{
			Name: "a", InSettings: true, Freshness: pointer("stale"), StaleAfterSeconds: pointer(600.0),
			OpenGapSeconds: 1234.5, Failures: 3, Rejects: 2, LastConclusiveAt: &quick, LastCompleteAt: &at,
		},
		status.Cluster{Name: "b", LastCompleteAt: &at, RunningSince: &at},
		status.Cluster{Name: "c", InSettings: true, Freshness: pointer("never"), StaleAfterSeconds: pointer(120.0)},
	)
	got := scraped(t, s)
	shows(t, got, map[string]float64{
		"importarchive_archive_readable":       1,
		"importarchive_archive_writable":       1,
		"importarchive_archive_free_bytes":     5 << 30,
		"importarchive_archive_schema_version": 1,
		"importarchive_clock_behind_seconds":   0,
		"importarchive_runs_under_way":         1,

		"importarchive_cluster_fresh{cluster=a}":                             0,
		"importarchive_cluster_fresh{cluster=c}":                             0,
		"importarchive_cluster_expected_seconds{cluster=a}":                  300,
		"importarchive_cluster_open_gap_seconds{cluster=a}":                  1234.5,
		"importarchive_cluster_failures_in_a_row{cluster=a}":                 3,
		"importarchive_cluster_rejects{cluster=a}":                           2,
		"importarchive_cluster_rejects{cluster=b}":                           0,
		"importarchive_cluster_last_conclusive_timestamp_seconds{cluster=a}": 1777637400.5,
		"importarchive_cluster_last_complete_timestamp_seconds{cluster=a}":   1777636800.25,
		"importarchive_cluster_last_complete_timestamp_seconds{cluster=b}":   1777636800.25,

		"importarchive_jobs{cluster=a,presence=gone,state=lost}":        1,
		"importarchive_jobs{cluster=a,presence=gone,state=completed}":   1,
		"importarchive_jobs{cluster=a,presence=listed,state=running}":   0,
		"importarchive_jobs{cluster=a,presence=listed,state=cancelled}": 1,
		"importarchive_jobs{cluster=b,presence=listed,state=running}":   2,
		"importarchive_runs_total{cluster=a,outcome=complete}":          7,
		"importarchive_runs_total{cluster=a,outcome=interrupted}":       1,
		"importarchive_runs_total{cluster=b,outcome=failed}":            0,
		"importarchive_run_pages_total{cluster=a}":                      8,
		"importarchive_run_requests_total{cluster=a}":                   8,
		"importarchive_run_retries_total{cluster=a}":                    0,
		"importarchive_transitions_total{cluster=a,kind=gone}":          3,
		"importarchive_transitions_total{cluster=b,kind=appeared}":      2,
		"importarchive_rejects_total{cluster=a}":                        1,
		"importarchive_gaps_total{cluster=a}":                           1,
		"importarchive_gap_seconds_total{cluster=a}":                    3900,
	})
	absent(t, got,
		"importarchive_cluster_fresh{cluster=b}", "importarchive_cluster_expected_seconds{cluster=b}",
		"importarchive_cluster_failures_in_a_row{cluster=b}", "importarchive_cluster_last_complete_timestamp_seconds{cluster=c}",
		"importarchive_cluster_last_conclusive_timestamp_seconds{cluster=c}")
	if got["importarchive_archive_bytes"]+got["importarchive_archive_wal_bytes"] < 100_000 || got["go_goroutines"] < 1 {
		t.Error("sizes or the process are missing:", got)
	}
	build := ""
	for name := range got {
		if strings.HasPrefix(name, "importarchive_build_info{goversion=go") && strings.HasSuffix(name, ",version=v1.2.3}") {
			build = name
		}
	}
	if got[build] != 1 {
		t.Error("no build_info names the version")
	}
}

func TestMetricsAreNamedAsPrometheusWantsThem(t *testing.T) {
	s := lived(t, status.Cluster{Name: "a", InSettings: true, Freshness: pointer("fresh"), LastConclusiveAt: pointer("1970-01-01 00:00:02.000"), LastCompleteAt: pointer("1970-01-01 00:00:01.000")})
	s.Traffic.Cluster("a").Asked(200, "", true)
	_, body := get(metrics.Handler(s))
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	if n := strings.Count(body, "# HELP importarchive_"); n != 29 {
		t.Errorf("there are %d metrics to check", n)
	}
}

// Whatever a cluster is called, a scrape goes through and keeps its name.
func TestMetricsTakeEveryName(t *testing.T) {
	var clusters []status.Cluster
	for _, name := range []string{`say "hi"`, "two\nlines", `back\slash`, "商品向量", "{a=\"b\"}", " ", "\xff\xfe"} {
		clusters = append(clusters, status.Cluster{Name: name, InSettings: true, Freshness: pointer("fresh")})
	}
	s := lived(t, clusters...)
	for _, cl := range clusters {
		s.Traffic.Cluster(cl.Name).Asked(200, "", false)
	}
	got := scraped(t, s)
	for _, cl := range clusters {
		name := strings.ToValidUTF8(cl.Name, "\ufffd")
		shows(t, got, map[string]float64{
			"importarchive_cluster_fresh{cluster=" + name + "}":                                    1,
			"importarchive_remote_requests_total{cluster=" + name + ",error_kind=none,status=200}": 1,
		})
	}
}

func TestAnArchiveThatCantBeReadIsAMetric(t *testing.T) {
	broken := func(context.Context, *sql.Tx) (*status.Status, error) {
		return nil, errors.New("the disk gave nothing")
	}
	for name, harm := range map[string]func(*metrics.Source){
		"closed":          func(s *metrics.Source) { _ = s.Archive.Close() },
		"broken half way": func(s *metrics.Source) { s.Status = broken },
		"without a schema": func(s *metrics.Source) {
			s.Archive, _ = sql.Open("sqlite", ":memory:")
			t.Cleanup(func() { s.Archive.Close() })
		},
		"moved away": func(s *metrics.Source) { _ = s.Archive.Close(); s.Path += ".away" },
	} {
		t.Run(name, func(t *testing.T) {
			s := lived(t, status.Cluster{Name: "a", InSettings: true, Freshness: pointer("fresh")})
			s.Traffic.Cluster("a").Asked(0, "unavailable", false)
			s.Written = func() error { return errors.New("the disk is full") }
			harm(s)
			got := scraped(t, s)
			shows(t, got, map[string]float64{
				"importarchive_archive_readable": 0,
				"importarchive_archive_writable": 0,
				"importarchive_remote_requests_total{cluster=a,error_kind=unavailable,status=none}": 1,
			})
			absent(t, got, "importarchive_cluster_", "importarchive_jobs", "importarchive_runs_", "importarchive_clock")
			if got["go_goroutines"] < 1 {
				t.Error("nothing of the process is shown")
			}
		})
	}
}

func TestTrafficIsCountedFromManyGoroutines(t *testing.T) {
	s := lived(t)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			c := s.Traffic.Cluster("a")
			for range 50 {
				c.Asked(200, "", false)
				c.Asked(503, "unavailable", true)
				c.Waited("retry", 500*time.Millisecond)
			}
			if n < 3 { // more at once are refused
				scraped(t, s)
			}
		})
	}
	all.Wait()
	shows(t, scraped(t, s), map[string]float64{
		"importarchive_remote_requests_total{cluster=a,error_kind=none,status=200}":        400,
		"importarchive_remote_requests_total{cluster=a,error_kind=unavailable,status=503}": 400,
		"importarchive_remote_retries_total{cluster=a}":                                    400,
		"importarchive_remote_wait_seconds_total{cluster=a,reason=retry}":                  200,
		"importarchive_remote_wait_seconds_total{cluster=a,reason=pace}":                   0,
	})
}
