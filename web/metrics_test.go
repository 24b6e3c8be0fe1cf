package web_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"importarchive/web"
)

// scraped gives what a scrape shows, by name and labels as in
// name{label="value"}.
func scraped(t testing.TB, s *web.Source) map[string]float64 {
	t.Helper()
	status, body := get(web.Metrics(s))
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
	at := time.Date(2026, 5, 1, 12, 0, 0, 25e7, time.UTC)
	s := lived(t,
		web.Cluster{Name: "a", InSettings: true, Freshness: "stale", Expected: 300, OpenGap: 1234.5, Failures: 3, LastComplete: at},
		web.Cluster{Name: "b", LastComplete: at, Running: true},
		web.Cluster{Name: "c", InSettings: true, Freshness: "never", Expected: 60, Failures: 0},
	)
	s.Free = func() (uint64, error) { return 5 << 30, nil }
	got := scraped(t, s)
	shows(t, got, map[string]float64{
		"importarchive_archive_readable":       1,
		"importarchive_archive_writable":       1,
		"importarchive_archive_free_bytes":     5 << 30,
		"importarchive_archive_schema_version": 1,
		"importarchive_clock_behind_seconds":   0,
		"importarchive_runs_under_way":         1,

		"importarchive_cluster_fresh{cluster=a}":                           0,
		"importarchive_cluster_fresh{cluster=c}":                           0,
		"importarchive_cluster_expected_seconds{cluster=a}":                300,
		"importarchive_cluster_open_gap_seconds{cluster=a}":                1234.5,
		"importarchive_cluster_failures_in_a_row{cluster=a}":               3,
		"importarchive_cluster_last_complete_timestamp_seconds{cluster=a}": 1777636800.25,
		"importarchive_cluster_last_complete_timestamp_seconds{cluster=b}": 1777636800.25,

		"importarchive_jobs{cluster=a,presence=gone,state=running}":     1,
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
		"importarchive_cluster_failures_in_a_row{cluster=b}", "importarchive_cluster_last_complete_timestamp_seconds{cluster=c}")
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
	s := lived(t, web.Cluster{Name: "a", InSettings: true, Freshness: "fresh", LastComplete: time.Unix(1, 0)})
	s.Free = func() (uint64, error) { return 1, nil }
	s.Traffic.Cluster("a").Asked(200, "", true)
	_, body := get(web.Metrics(s))
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	if n := strings.Count(body, "# HELP importarchive_"); n != 26 {
		t.Errorf("%d metrics are there to be looked at", n)
	}
}

// Whatever a cluster is called, a scrape goes through and keeps its name.
func TestMetricsTakeEveryName(t *testing.T) {
	var clusters []web.Cluster
	for _, name := range []string{`say "hi"`, "two\nlines", `back\slash`, "商品向量", "{a=\"b\"}", " ", "\xff\xfe"} {
		clusters = append(clusters, web.Cluster{Name: name, InSettings: true, Freshness: "fresh"})
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
	broken := func(context.Context, *sql.Tx) (*web.Standing, error) { return nil, errors.New("the disk gave nothing") }
	for name, harm := range map[string]func(*web.Source){
		"closed":          func(s *web.Source) { _ = s.Archive.Close() },
		"broken half way": func(s *web.Source) { s.Standing = broken },
		"without a schema": func(s *web.Source) {
			s.Archive, _ = sql.Open("sqlite", ":memory:")
			t.Cleanup(func() { s.Archive.Close() })
		},
		"moved away": func(s *web.Source) { _ = s.Archive.Close(); s.Path += ".away" },
	} {
		t.Run(name, func(t *testing.T) {
			s := lived(t, web.Cluster{Name: "a", InSettings: true, Freshness: "fresh"})
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
