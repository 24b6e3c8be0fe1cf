package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Traffic counts the requests to all services since the process started. The archive
// stores how many requests each run made, but not how each ended and how long it
// waited.
type Traffic struct {
	requests, retries, waits *prometheus.CounterVec
}

// NewTraffic returns counters without any value.
func NewTraffic() *Traffic {
	vector := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: namespace + name, Help: help}, labels)
	}
	return &Traffic{
		requests: vector("remote_requests_total",
			"Requests since the service started, by HTTP status (none: there was no response) and kind of failure (none: it succeeded).",
			"cluster", "status", "error_kind"),
		retries: vector("remote_retries_total", "Requests since the service started that repeated an earlier one.", "cluster"),
		waits: vector("remote_wait_seconds_total",
			"Seconds waited since the service started: for the pace of all requests to one host with one key, or before a retry.", "cluster", "reason"),
	}
}

// Cluster returns the counters of one cluster.
func (t *Traffic) Cluster(name string) *ClusterTraffic {
	name = validName(name)
	c := &ClusterTraffic{cluster: name, requests: t.requests, retries: t.retries.WithLabelValues(name), waits: t.waits}
	for _, reason := range []string{"pace", "retry"} {
		c.waits.WithLabelValues(name, reason) // 0 before the first: a rate needs two values
	}
	return c
}

// ClusterTraffic counts the requests of one cluster. It is safe for concurrent use.
type ClusterTraffic struct {
	cluster         string
	requests, waits *prometheus.CounterVec
	retries         prometheus.Counter
}

// Asked counts a request: the HTTP status of its response, 0 for none, the kind of
// failure, "" for none, and whether it repeats an earlier one.
func (c *ClusterTraffic) Asked(status int, kind string, again bool) {
	code := "none"
	if status != 0 {
		code = strconv.Itoa(status)
	}
	if kind == "" {
		kind = "none"
	}
	c.requests.WithLabelValues(c.cluster, code, kind).Inc()
	if again {
		c.retries.Inc()
	}
}

// Waited adds seconds of waiting for a reason.
func (c *ClusterTraffic) Waited(reason string, took time.Duration) {
	c.waits.WithLabelValues(c.cluster, reason).Add(took.Seconds())
}
