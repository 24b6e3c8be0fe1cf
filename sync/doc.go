// Package sync keeps an archive in step with its clusters. [Engine.Sync] makes
// one run for one cluster: it reads the cluster's listing, decides what that
// changes, and stores it. The package does no HTTP and no SQL; package remote
// reads pages, package db stores changes, package timetable says when to run.
//
// Begin reading with run.go, which is a run from start to end, and then decide.go,
// where everything that can go wrong about a job is decided.
//
//	engine.go    the engine, its clusters and what it remembers between runs
//	schedule.go  the runs of each cluster as a task of a timetable
//	run.go       one run: read, decide, store in batches
//	decide.go    what one page changes; no I/O
//	absence.go   which jobs a whole listing lacks, and what that means; no I/O
//	confirm.go   asks the service about those jobs
//	finish.go    closes the run, whatever happened
//	quick.go     a listing that may end early; order.go proves that it may
//	describe.go  asks for jobs by themselves, once the run is closed
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
//  3. It makes sure that [db.Known], the compact memory of what the archive holds,
//     is current. Known stays in memory between runs; the archive's generation
//     says whether another process has written since.
//  4. It reads the listing page by page from its [Lister]. While one page is
//     decided and stored, the next one may be on its way, if it will be needed in
//     any case. A cancelled run still archives a page that is on its way and
//     arrives within seconds.
//  5. listing.page compares each page with Known and gives changes. Batches of
//     changes go to [db.Store], each in a transaction of its own, never while a
//     request is under way in it. Known moves while deciding, so a batch that
//     can't be stored costs Known as well: it is loaded again.
//  6. At the end the listing says whether it was disturbed: whether the list moved
//     while it was read. A disturbed listing is read again, three times in all.
//  7. Only a complete, undisturbed listing without rejects says anything about the
//     jobs that it lacks. The service confirms their absence, job by job or by a
//     witness (absence.go). Then jobs are missed, and after enough listings gone.
//  8. These changes, the end of the run and the cluster's newest complete listing
//     are one transaction, so a crash can't store half of a conclusion.
//  9. After the run is closed, the service is asked for the jobs of which more may
//     be learned, one after the other: an ended job until one answer has come, an
//     open job each time. That stops after a minute, or before the cluster's next
//     run is due, and changes nothing about how the run has ended. An answer that
//     shows another state than the listing did moves the job; it says nothing of
//     whether the job is still listed.
//
// # Times
//
// No service says when something happened. The engine knows that a job was as
// before when it asked for one page, and otherwise when a later page had been
// received. Every change carries these two bounds. Times of asking are rounded
// down to the millisecond, times of receiving are rounded up, and neither runs
// back behind what the archive already holds, whatever the clock does.
//
// # Two processes
//
// A `sync` by hand may run beside the service. Each commit names the generation
// that it was decided on. The archive refuses the second one; its run then loads
// Known again, decides its pages once more, with care for news that is older than
// the archive's (listing.oldNews), and reads the listing again.
//
// A prune beside a run conflicts with nothing. It changes nothing that a decision
// uses, and each change finds out by itself whether its job is pruned.
package sync
