// Package metrics serves /metrics in the format of Prometheus.
//
// Most values come from the archive. Each scrape reads them in one transaction
// (archive.go), so they survive a restart and agree with `importarchive status`.
// Only what the archive doesn't store is counted in memory: the requests to the
// services (traffic.go) and the scheduled tasks (tasks.go).
//
// Labels are names of clusters and words of fixed sets. Jobs and collections are
// never labels, because their number has no bound. If the archive can't be read,
// its metrics are absent and archive_readable is 0.
//
// Begin with [Handler]. To add a metric of the archive, add a field to metrics, its
// name and help to newMetrics, and send its value in archive.go. The names are public:
// alerts and dashboards in docs depend on them.
package metrics

import (
	"context"
	"database/sql"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"importarchive/db"
	"importarchive/status"
)

// Source is what the metrics are read from.
type Source struct {
	Archive *sql.DB // read-only connections
	Path    string  // of the archive's file
	Version string  // of the program

	// Status reads the state of clusters in the transaction of the scrape.
	Status func(context.Context, *sql.Tx) (*status.Status, error)

	// Written returns the error of the last write to the archive; nil for none.
	Written func() error

	// Free returns the free bytes of the archive's file system.
	Free func() (uint64, error)

	Traffic *Traffic
	Tasks   *Tasks
}

// Handler serves scrapes, also while the archive can't be read.
func Handler(s *Source) http.Handler {
	all := prometheus.NewRegistry()
	all.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&archiveCollector{s, newMetrics()},
		s.Traffic.requests, s.Traffic.retries, s.Traffic.waits, s.Tasks.runs, s.Tasks.last,
	)
	return promhttp.HandlerFor(all, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: scrapes,
	})
}

// scrapes is how many may run at once. Each costs memory, and there are rarely more
// than two servers that scrape.
const scrapes = 4

// metric is a metric that is read from the archive.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func gauge(name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc(namespace+name, help, labels, nil), prometheus.GaugeValue}
}

func counter(name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc(namespace+name, help, labels, nil), prometheus.CounterValue}
}

const namespace = "importarchive_"

// metrics are all metrics that are read from the archive.
type metrics struct {
	build, readable, writable, size, log, free, schema, clockBehind, underWay metric

	enabled, fresh, lastConclusive, lastComplete, expected, openGap, failures metric

	jobs, runs, pages, requests, retries, transitions, rejected, rejects, gaps, gapSeconds metric
}

func newMetrics() *metrics {
	return &metrics{
		build:       gauge("build_info", "Always 1; the labels have the version of the program and of Go.", "version", "goversion"),
		readable:    gauge("archive_readable", "Whether the archive could be read for this scrape; if not, the metrics that come from it are absent."),
		writable:    gauge("archive_writable", "Whether the service's last write to the archive succeeded."),
		size:        gauge("archive_bytes", "Size of the archive's file."),
		log:         gauge("archive_wal_bytes", "Size of the write-ahead log beside the archive."),
		free:        gauge("archive_free_bytes", "Free bytes on the archive's file system."),
		schema:      gauge("archive_schema_version", "Version of the archive's schema."),
		clockBehind: gauge("clock_behind_seconds", "By how much the newest time in the archive is ahead of this machine's clock; 0 if it is not."),
		underWay:    gauge("runs_under_way", "Clusters with a run that has not ended."),

		enabled:        gauge("cluster_enabled", "Whether the settings let the cluster be synced. With 0 it has no gauge of freshness, gaps and failures. Clusters of the settings only.", "cluster"),
		fresh:          gauge("cluster_fresh", "Whether the newest conclusive run (complete or quick) is no older than twice the schedule; 0 also if there is none. Clusters of the settings only.", "cluster"),
		lastConclusive: gauge("cluster_last_conclusive_timestamp_seconds", "When the newest conclusive run (complete or quick) ended; absent if there is none. Freshness counts from it.", "cluster"),
		lastComplete:   gauge("cluster_last_complete_timestamp_seconds", "When the newest complete listing ended; absent if there is none. Only a complete one shows that a job is gone.", "cluster"),
		expected:       gauge("cluster_expected_seconds", "Seconds from one run to the next, by the schedule. Clusters of the settings only.", "cluster"),
		openGap:        gauge("cluster_open_gap_seconds", "How long the open gap has lasted; 0 if there is none. Clusters of the settings only.", "cluster"),
		failures:       gauge("cluster_failures_in_a_row", "Runs in a row that were not conclusive (complete or quick), without those that were stopped. Clusters of the settings only.", "cluster"),

		jobs:        gauge("jobs", "Archived jobs, by their state, and whether the service still lists them. A job that went away unfinished has the state lost.", "cluster", "state", "presence"),
		runs:        counter("runs_total", "Runs that have ended since the cluster was first archived.", "cluster", "outcome"),
		pages:       counter("run_pages_total", "Pages that these runs read.", "cluster"),
		requests:    counter("run_requests_total", "Requests that these runs made.", "cluster"),
		retries:     counter("run_retries_total", "Requests of these runs that repeated an earlier one.", "cluster"),
		transitions: counter("transitions_total", "Transitions of jobs since the cluster was first archived.", "cluster", "kind"),
		rejected:    gauge("cluster_rejects", "Records of the newest whole listing that could not be archived, as they have no usable id.", "cluster"),
		rejects:     counter("rejects_total", "Records that could not be archived as jobs, counted by each run.", "cluster"),
		gaps:        counter("gaps_total", "Gaps that have ended: stretches without a conclusive run (complete or quick) longer than twice the schedule.", "cluster"),
		gapSeconds:  counter("gap_seconds_total", "The total length of these gaps.", "cluster"),
	}
}

// scrape sends the values of one scrape.
type scrape struct {
	*metrics
	into chan<- prometheus.Metric
}

func (s scrape) is(m metric, value float64, labels ...string) {
	s.into <- prometheus.MustNewConstMetric(m.desc, m.kind, value, labels...)
}

func (s scrape) whether(m metric, yes bool, labels ...string) {
	value := 0.0
	if yes {
		value = 1
	}
	s.is(m, value, labels...)
}

// at sends a time of the archive; nothing where there is none.
func (s scrape) at(m metric, text *string, labels ...string) {
	if text == nil {
		return
	}
	if at, err := time.Parse(db.TimeFormat, *text); err == nil {
		s.is(m, float64(at.UnixMilli())/1000, labels...)
	}
}

func (s scrape) buildInfo(version string) { s.is(s.build, 1, validName(version), runtime.Version()) }
