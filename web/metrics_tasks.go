package web

import "github.com/prometheus/client_golang/prometheus"

// Tasks counts what the service does beside the syncs, on schedules of its
// own, while the process lives: a backup that fails night after night must be
// seen by somebody who does not read logs.
type Tasks struct {
	runs *prometheus.CounterVec
	last *prometheus.GaugeVec
}

// NewTasks gives a Tasks that has seen nothing.
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

// Scheduled makes a task's counters be there from the beginning: a rate needs
// two values.
func (t *Tasks) Scheduled(task string) {
	for _, outcome := range []string{"done", "failed"} {
		t.runs.WithLabelValues(task, outcome)
	}
}

// Done counts a task that was done at this time, in seconds since 1970.
func (t *Tasks) Done(task string, at float64) {
	t.runs.WithLabelValues(task, "done").Inc()
	t.last.WithLabelValues(task).Set(at)
}

// Failed counts a task that failed.
func (t *Tasks) Failed(task string) { t.runs.WithLabelValues(task, "failed").Inc() }
