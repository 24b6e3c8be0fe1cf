package metrics

import "github.com/prometheus/client_golang/prometheus"

// Tasks counts the runs of exports, backups and prunes since the process started, so
// that an alert can watch for a backup that fails every night.
type Tasks struct {
	runs *prometheus.CounterVec
	last *prometheus.GaugeVec
}

// NewTasks returns counters without any value.
func NewTasks() *Tasks {
	return &Tasks{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: namespace + "task_runs_total", Help: "Exports, backups and prunes since the service started, by how they ended: done or failed.",
		}, []string{"task", "outcome"}),
		last: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: namespace + "task_last_done_timestamp_seconds", Help: "When the task was last done since the service started; absent before.",
		}, []string{"task"}),
	}
}

// Scheduled sets a task's counters to 0: a rate needs two values.
func (t *Tasks) Scheduled(task string) {
	for _, outcome := range []string{"done", "failed"} {
		t.runs.WithLabelValues(task, outcome)
	}
}

// Done counts a task that succeeded at this time, in seconds since 1970.
func (t *Tasks) Done(task string, at float64) {
	t.runs.WithLabelValues(task, "done").Inc()
	t.last.WithLabelValues(task).Set(at)
}

// Failed counts a task that failed.
func (t *Tasks) Failed(task string) { t.runs.WithLabelValues(task, "failed").Inc() }
