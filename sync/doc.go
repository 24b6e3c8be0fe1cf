// Package sync keeps an archive in step with its clusters. [Engine.Sync] makes
// one run for one cluster: it reads the cluster's listing, decides what that
// changes, and stores it. The package does no HTTP and no SQL; package remote
// reads pages, package db stores changes, package timetable says when to run.
//
// Begin reading with run.go, which is a run from start to end, and then decide.go,
// which decides everything that can go wrong about a job.
//
//	engine.go    the engine, its clusters and what it remembers between runs
//	schedule.go  the runs of each cluster as a task of a timetable
//	run.go       one run: read, decide, store in batches
//	decide.go    what one page changes; no I/O
//	absence.go   which jobs a whole listing lacks, and what that means; no I/O
//	confirm.go   queries the service for those jobs
//	finish.go    closes the run, whatever happened
//	quick.go     a listing that may end early; order.go proves that it may
//	describe.go  queries single jobs after the run is closed
//	queue.go     in which order
//	state.go     the services' words for states
//
// # What a run does, in order
//
//  1. It waits for one of Parallel slots, which it holds until the listing is
//     closed. A cluster whose last run got no page takes a slot of another set, so
//     that a service that hangs delays no other (engine.go).
//  2. It opens a row in the archive before its first request. A killed process
//     leaves that row open, and the next one to hold the archive's lock closes it
//     as interrupted.
//  3. It makes sure that [db.Known], the compact copy of the archive's state, is
//     current. Known stays in memory between runs; the archive's generation shows
//     whether another process has written since.
//  4. It reads the listing page by page from its [Lister]. While it decides and stores
//     one page, the next one may be on its way, if the run needs it in any case. A
//     cancelled run still archives a page that is on its way and arrives within
//     seconds.
//  5. listing.page compares each page with Known and returns changes. The run commits
//     batches of changes to [db.Store], each in one transaction; no transaction waits
//     for a request. Deciding updates Known, so after a batch that can't be stored the
//     run loads Known again.
//  6. At the end the listing reports whether it was disturbed: whether the list moved
//     meanwhile. The run reads a disturbed listing again, three times in all.
//  7. Only a complete, undisturbed listing without rejects allows conclusions about
//     the jobs that it lacks. The service confirms their absence, job by job or by a
//     witness (absence.go). Such a job is missed, and after enough listings gone.
//  8. These changes, the end of the run and the cluster's newest complete listing
//     are one transaction, so a crash can't store half of a conclusion.
//  9. After the run is closed, it queries the jobs that are not fully described, one
//     after the other: a finished job until there is one answer, an open job each
//     time. That stops after a minute, or before the cluster's next run is due, and
//     does not change the outcome of the run. An answer that shows another state than
//     the listing moves the job. It does not show whether the job is still listed.
//
// # Times
//
// No service says when a change happened. The engine knows that a job was unchanged at
// the request for one page, and changed when a later page was received. Every change
// has these two bounds. The engine rounds times of requests down to the millisecond
// and times of receipt up. Neither is earlier than the archive's newest time,
// whatever the clock does.
//
// # Two processes
//
// A `sync` by hand may run beside the service. Each commit names the generation on
// which it was decided. The archive refuses the second one; its run then loads Known
// again, decides its pages again, ignores news that is older than the archive's
// (listing.oldNews), and reads the listing again.
//
// A prune beside a run conflicts with nothing. It changes nothing that a decision
// uses, and each change reads whether its job is pruned.
package sync
