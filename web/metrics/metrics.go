// Package metrics gives what Prometheus scrapes.
//
// Most values are read from the archive at each scrape, in one transaction
// (archive.go), so that they are the same after a restart and agree with
// `importarchive status`. Only what the archive does not store is counted in
// memory: each request of the clients (traffic.go) and the scheduled tasks
// (tasks.go).
package metrics

import (
	"context"
	"database/sql"
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"importarchive/status"
)

// Source is what the metrics come from.
type Source struct {
	Archive *sql.DB // connections that only read
	Path    string  // of the archive's file
	Version string  // of the program

	// Status reads how the clusters stand, within the transaction in which all
	// other values of a scrape are read.
	Status func(context.Context, *sql.Tx) (*status.Status, error)

	// Written says why the archive did not take the last write; nil when it did.
	Written func() error

	// Free gives the bytes that can still be written beside the archive.
	Free func() (uint64, error)

	Traffic *Traffic
	Tasks   *Tasks
}

// Handler answers a scrape. It answers also when the archive can't be read: a
// metric says so then, and those that come from the archive are absent.
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

// scrapes is how many may go on at once. A reader blocks no writer, but each
// costs memory, and seldom do more than two servers scrape.
const scrapes = 4

// metric is one that is read from the archive.
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

// metrics are those that are read from the archive. Their only labels are the
// cluster and words of a fixed set: jobs and collections have no upper bound.
type metrics struct {
	build, readable, writable, size, log, free, schema, clockBehind, underWay metric

	fresh, lastComplete, expected, openGap, failures metric

	jobs, runs, pages, requests, retries, transitions, rejects, gaps, gapSeconds metric
}

func newMetrics() *metrics {
	return &metrics{
		build:       gauge("build_info", "Always 1; which program this is stands in the labels.", "version", "goversion"),
		readable:    gauge("archive_readable", "Whether the archive could be read for this scrape; if it could not, all that stands in it is absent."),
		writable:    gauge("archive_writable", "Whether the archive took what the service last wrote to it."),
		size:        gauge("archive_bytes", "Size of the archive's file."),
		log:         gauge("archive_wal_bytes", "Size of the write-ahead log beside the archive."),
		free:        gauge("archive_free_bytes", "What can still be written to the file system that the archive is on."),
		schema:      gauge("archive_schema_version", "Version of the archive's schema."),
		clockBehind: gauge("clock_behind_seconds", "By how much the newest time in the archive is ahead of this machine's clock; 0 when it is not."),
		underWay:    gauge("runs_under_way", "Clusters that have a run which is not closed."),

		fresh:        gauge("cluster_fresh", "Whether the newest complete listing is no older than twice the schedule; 0 also when there never was one. Clusters of the settings only.", "cluster"),
		lastComplete: gauge("cluster_last_complete_timestamp_seconds", "When the newest complete listing ended; absent when there never was one.", "cluster"),
		expected:     gauge("cluster_expected_seconds", "Seconds from one look to the next, by the schedule. Clusters of the settings only.", "cluster"),
		openGap:      gauge("cluster_open_gap_seconds", "How long the gap that is open has lasted; 0 when none is. Clusters of the settings only.", "cluster"),
		failures:     gauge("cluster_failures_in_a_row", "Runs in a row that were not complete, those left out that were stopped. Clusters of the settings only.", "cluster"),

		jobs:        gauge("jobs", "Archived jobs, by the state that they were last seen in, and whether they are still listed or gone.", "cluster", "state", "presence"),
		runs:        counter("runs_total", "Runs that have ended, since the cluster was first archived.", "cluster", "outcome"),
		pages:       counter("run_pages_total", "Pages that those runs read.", "cluster"),
		requests:    counter("run_requests_total", "Requests that those runs made.", "cluster"),
		retries:     counter("run_retries_total", "Requests of those runs that asked for a page again.", "cluster"),
		transitions: counter("transitions_total", "Transitions of jobs, since the cluster was first archived.", "cluster", "kind"),
		rejects:     counter("rejects_total", "Records that could not be archived as jobs, each counted once however often it is listed.", "cluster"),
		gaps:        counter("gaps_total", "Gaps that have ended: stretches between two complete listings longer than twice the schedule.", "cluster"),
		gapSeconds:  counter("gap_seconds_total", "How long those gaps lasted together.", "cluster"),
	}
}

func (m *metrics) all() []metric {
	return []metric{
		m.build, m.readable, m.writable, m.size, m.log, m.free, m.schema, m.clockBehind, m.underWay,
		m.fresh, m.lastComplete, m.expected, m.openGap, m.failures,
		m.jobs, m.runs, m.pages, m.requests, m.retries, m.transitions, m.rejects, m.gaps, m.gapSeconds,
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

func (s scrape) buildInfo(version string) { s.is(s.build, 1, validName(version), runtime.Version()) }
