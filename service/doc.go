// Package service is the background service, the command `run`: it syncs
// clusters on their schedules, and does beside that what the settings ask for.
//
// # Where to begin
//
//	service.go   start and stop: [Service.Run] from the archive's lock to the last line of the log
//	reload.go    what new settings change
//	watch.go     notices that the settings file has changed
//	engine.go    the engine that syncs, built from the settings
//	tasks.go     all tasks of the settings; what export, backup and prune do
//	task.go      what these three log and count
//	notices.go   notices as a task
//	pages.go     the HTTP server, and what its handlers read
//	health.go    what /healthz, /readyz and /metrics read
//	systemd.go   what systemd hears of us
//
// # One timetable
//
// Everything on a schedule is a task of one [timetable.Timetable]: the runs of each
// cluster, export, backup, prune, notices, systemd's watchdog. All have the
// same guarantees: one at a time, and a panic ends neither the service nor the
// schedule. The watchdog is a task on purpose: where the timetable is stuck,
// systemd hears nothing and starts the service again.
//
// # Reload
//
// What depends on the settings is built from one immutable [config.Config] and
// never changes: logger, engine, tasks, handler. A reload builds all of it anew
// and hands the new tasks to the timetable and the new handler to the server.
// Settings with a problem are refused before anything is built. A run that is
// under way meanwhile finishes on its old settings, as does a request for a page. A
// tick of the same cluster is skipped until the run has finished. What stays is the
// lock of the archive, the open archive, what the engine remembers of clusters
// ([sync.Memories]), counters, and the listener as long as its address stays.
//
// # What it is not
//
// It reads no flags; package cli does. Of the environment, go-systemd reads
// $NOTIFY_SOCKET and $WATCHDOG_USEC. It decides nothing about jobs; package
// sync does.
package service
