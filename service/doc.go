// Package service is the background service, the command `run`: it syncs clusters on
// their schedules, and exports, backs up, prunes, notifies and serves pages by the
// settings.
//
// # Where to begin
//
//	service.go   start and stop: [Service.Run] from the archive's lock to the last line of the log
//	reload.go    applies new settings
//	watch.go     notices that the settings file has changed
//	engine.go    the engine that syncs, built from the settings
//	task.go      what export, backup and prune have in common: a log line and a count
//	tasks.go     the work of these three, and the list of all tasks
//	notices.go   notices as a task
//	pages.go     the HTTP server, and the sources of its handlers
//	health.go    the sources of /healthz, /readyz and /metrics
//	systemd.go   notifications to systemd
//
// # One timetable
//
// Everything on a schedule is a task of one [timetable.Timetable]: the runs of each
// cluster, export, backup, prune, notices, systemd's watchdog. All have the
// same guarantees: one at a time, and a panic ends neither the service nor the
// schedule. The watchdog is a task on purpose: when the timetable is stuck, systemd
// gets no signal and restarts the service.
//
// # Reload
//
// Logger, engine, tasks and handler depend on the settings. The service builds them
// from one immutable [config.Config], and they never change. A reload checks the new
// settings, builds all of these anew, and hands the new tasks to the timetable and the
// new handler to the server. A run or a request under way finishes on its old
// settings, and the timetable skips ticks of the same cluster until the run has
// ended. The lock of the archive, the open archive, the engine's memory of clusters
// ([sync.Memories]) and the counters stay, and so does the listener if its address is
// the same.
//
// # Stop and kill
//
// When the context of [Service.Run] ends, at SIGTERM, no run begins any more. A run
// under way has some seconds to archive the page that is on its way and to close its
// row. Pages stop at the same time, and the archive closes last. A killed service
// leaves the rows of its runs open; [sqlite.Open] of the next process that has the
// archive to itself closes them as interrupted.
//
// # What it is not
//
// It reads no flags; package cli does. Of the environment, go-systemd reads
// $NOTIFY_SOCKET and $WATCHDOG_USEC. It decides nothing about jobs; package
// sync does.
package service
