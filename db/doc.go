// Package db has the words of the archive, which remembers every import job of
// every cluster after the services have forgotten them: what a job, a change and a
// run are, what is known of a cluster, and what a store does with them. It has no
// SQL and opens nothing.
//
// A [Store] loads and applies, and decides nothing. What it loads is [Known],
// the little that must be remembered of each job to decide what a listing
// changes; what it applies are batches of [Change], each whole or not at all.
// Package store implements it in SQL, package sqlite opens the file, and dbtest
// holds what every store must do.
//
// # The schema, in prose
//
// A cluster has runs, and a run is one attempt to list it: its row is opened
// before the service is asked anything, and closed whatever happens. A
// cluster has jobs, numbered in the order of their first sighting, one row
// each, as they are now; and a job has transitions, one row for each time it
// appeared, moved to another state, was renamed, was gone or returned. Jobs
// are updated in place, except for what they are and when they were first
// seen, which a trigger holds; transitions are only ever appended, and leave
// only with their job. Both are written in the same transaction. An unchanged
// job is not written at all, or a listing of a million of them would be a
// million writes every five minutes.
//
// The same transaction updates the sums that reports start from: jobs by state,
// by day and by collection, what completed jobs loaded, and a histogram of how
// long jobs took. A changed job is removed from them with its old contribution
// and added with its new one (sums.go of package store), so that no kind of change
// needs a rule of its own. Totals of all that ever happened are columns of the
// cluster's row, which every run writes anyway. They never decrease, and
// archive_totals_pruned says how much of each has no row any more.
//
// The tables (archive_…) may change with a migration. People and other
// programs read the views, whose columns are only ever added to. CHECKs and
// foreign keys refuse nonsense row by row; what must hold between rows is
// asked by queries/check, which Verify of package sqlite runs.
//
// # Times
//
// A column that ends in _ms holds milliseconds since 1970, which are small,
// exact and quick to compare. Its twin that ends in _at is computed from it
// and spells the time as SQLite's own date functions do, so that
//
//	WHERE first_seen_at > datetime('now', '-1 day')
//
// is right and, where the twin is indexed, quick. time.Time itself never goes to
// the driver: it would store Go's own spelling, which no SQL function reads.
//
// No list says when something happened. A transition happened after
// not_before, when things were still known to be otherwise, and no later than
// observed_at, when a page that showed it had been received. A job has the
// same two bounds for its appearance and for its present state; from their
// differences come min_seconds and max_seconds. not_before is NULL for what
// the first listing had.
//
// Time never runs backwards within a cluster. newest_ms is its latest time; a
// run that begins while the clock says less begins at that time.
//
// # Last sightings
//
// The start of the newest complete listing is a sighting of every job that it
// had, without a write to any of them. So the last sighting of a job with
// no misses is that start, or what its row says where that is later. Once a
// complete listing lacks a job, its row must say when it was last seen, since
// the listing no longer does: a miss writes it down.
//
// # Gone jobs
//
// A complete listing without a job is a miss; after enough of them in a row, and the
// service's word that it does not know the job, the job is gone: gone_at is set, the
// row stays. What was open then is lost, and
// how it ended is unknown. A job that is listed again has returned, which
// clears gone_at. Absence is concluded only in the transaction that closes a run
// whose listing was whole, so that half of a conclusion is never stored.
//
// # Details
//
// What a service says of a job that it is asked for alone is a row of
// archive_details, and of its files rows of archive_files: the newest answer
// that said something new. The view jobs shows them beside what was listed,
// and listed words come first. A job is settled, or fully described, when asking again
// would bring nothing. The index archive_jobs_unsettled has the others, so that
// finding them costs as much as there are.
//
// The service's own times never replace ours. They narrow min_seconds and
// max_seconds in the view jobs where they lie within our bounds, and are ignored
// where they contradict them, because then the service has another clock. The
// histogram in the view durations uses our bounds alone: a pruned job keeps
// those, and loses its details, so that the histogram can still be proved. The
// view loads uses the narrowed times, so a pruned job leaves it.
//
// # Pruned jobs
//
// A prune deletes a job's history and details, and marks its row as pruned. The
// row keeps what decides whether the job is new and whether it changed; the
// public views leave it out, and sums go on counting it. A prune moves no
// generation: a change finds out by itself whether its job is pruned. Changes that
// are no history leave it so. History brings it back as it was first seen, and the
// row keeps the number of the prune that deleted the history before. What a prune
// deleted is a row in archive_prunes.
//
// # Gaps
//
// A stretch between two conclusive runs, complete or quick, that lasted more than
// twice what the schedule promised is a gap: jobs may have come and gone within.
// It is stored when it ends. An open gap follows from the end of the newest
// conclusive run and the present time, so it shows also while no process runs.
// Quick runs that relied on an order which the list turns out not to have do not
// count as conclusive any more.
//
// # Generation
//
// Two processes may archive the same cluster. Each commit names the
// generation of the archive that it was decided on, and moves it on; the one
// that comes second gets [ErrConflict], with nothing stored. Closing a run that
// concludes nothing can't conflict.
//
// # Notices
//
// Package notify keeps three tables of its own in the archive, and writes them
// through transactions of the store: the log of notices, a row with its cursor into
// the transitions and the state of the receiver, and what was last said of each
// cluster.
package db
