// Package sync keeps an archive in step with its clusters.
//
// # One run, from tick to commit
//
// A [Timetable] calls [Engine.Sync] for one cluster (see schedule.go). The call
// waits for one of Parallel slots, which it holds until its listing is closed;
// a cluster whose last run got no page uses a slot of another set (see
// engine.go). It opens a run in the archive before it asks the service
// anything: a run that is killed leaves its open row behind, and the process
// that opens the archive next closes it as interrupted.
//
// The engine then makes sure that it knows the cluster: [db.Known], the compact
// memory of what the archive holds, is kept between runs and loaded again only
// when the archive's generation says that somebody else has written.
//
// Pages come from a [Lister] (package remote, which has paging, retries and pace).
// While one is decided and stored, the next is fetched if it will surely be
// wanted, and a page that was asked for is taken: a run that is cancelled still
// archives the page that is on its way, if that comes within some seconds.
// Each goes through listing.page in diff.go, which compares it with what is
// known and gives back changes. That comparison does no I/O; all that can be
// got wrong about a job is decided there, and tested there. Batches of changes
// go to the [db.Store], each in a transaction of its own, never while a
// request is under way in it. Known is moved on while deciding, so when a
// batch can't be stored it is thrown away and loaded again.
//
// When the service has nothing more to show, the listing says whether it was
// disturbed. A disturbed one is read again, three times in all. Only a listing
// that was complete and undisturbed, with no record rejected, is allowed to
// conclude anything from what it did not have: listing.absences marks jobs as
// missed, and those missed often enough as gone. Those changes, the closing of
// the run, and the cluster's newest complete listing are one transaction, so
// that no crash can leave half of a conclusion.
//
// # Details
//
// A list says little of a job. When a run is closed, complete or partial, it asks
// the service for those jobs of which more may be learned (describe.go), one
// after the other: for what has ended until that was told, for what is open each
// time. It holds no slot meanwhile, stops after a minute or before the cluster's
// next run is due, and what the service answers changes nothing about how the run
// has ended. An answer that shows a job in another state than its listing is
// news of it like any, decided in turned and stored with its details; but it is
// no listing, and says nothing of whether the job is still in there.
//
// # Times
//
// Nobody tells us when something happened, only that it had not when a page
// was asked for, and had when a later one was received. Every change carries
// these two bounds. Pages that were asked for are rounded down to the
// millisecond, pages received are rounded up, and neither runs back behind what
// the archive already holds, whatever the clock does.
//
// # Two processes
//
// A `sync` by hand may run beside the service. Each commit names the generation
// it was decided on; the one that comes second is refused, loads what is known
// now, decides its pages again with care for news that is older than the
// archive's (listing.oldNews), and reads the listing again.
//
// A prune beside a run conflicts with nothing. It changes nothing that is
// decided on, and a change finds out by itself whether its job is pruned.
package sync
