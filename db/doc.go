// Package db has the words of the archive, which remembers every import job of
// every cluster after the services have forgotten them: what a job, a change and a
// run are, what is known of a cluster, and what a store does with them. It has no
// SQL and opens nothing.
//
// A [Store] loads and applies, and decides nothing. It loads [Known], the little
// that the engine must remember of each job to decide what a listing changes. It
// applies batches of [Change], each whole or not at all.
// Package store implements it in SQL, package sqlite opens the file, and dbtest
// holds what every store must do.
//
// # The schema, in prose
//
// A cluster has runs. A run is one attempt to list it: Begin inserts its row before
// the first request, and Finish closes it whatever happens. A cluster has jobs, one
// row each, numbered in the order of their first sighting. A job has transitions,
// one row for each time it appeared, moved to another state, was renamed, was gone
// or returned. The store updates a job's row in place, except for its identity and
// its first sighting, which a trigger protects. It only appends transitions, and
// only a prune deletes them. One transaction writes both. An unchanged job costs no
// write: otherwise a listing of a million jobs would be a million writes every five
// minutes.
//
// The same transaction updates the sums that reports start from: jobs by state,
// by day and by collection, what completed jobs loaded, and a histogram of how
// long jobs took. A changed job is removed from them with its old contribution
// and added with its new one (sums.go of package store), so that no kind of change
// needs its own rule. The totals of all time are columns of the cluster's row, which
// every run writes anyway. They never decrease, and archive_totals_pruned has how
// much of each total has no row any more.
//
// The tables (archive_…) may change with a migration. People and other
// programs read the views, which may get new columns but lose none. CHECKs and
// foreign keys refuse a wrong row. The queries of queries/check find what is wrong
// between rows; Verify of package sqlite runs them.
//
// # Times
//
// A column that ends in _ms holds milliseconds since 1970, which are small,
// exact and quick to compare. A generated column that ends in _at spells the same
// time as SQLite's own date functions do, so that
//
//	WHERE first_seen_at > datetime('now', '-1 day')
//
// is right and, if the _at column has an index, quick. time.Time itself never goes to
// the driver: it would store Go's own spelling, which no SQL function reads.
//
// No list says when a transition happened. It happened after not_before, the
// latest time at which the job is known to have been as before, and no later than
// observed_at, the time at which the page that showed it was received. A job has the
// same two bounds for its appearance and for its present state; min_seconds and
// max_seconds are their differences. not_before is NULL for a job of the very first
// listing.
//
// Time never runs backwards within a cluster. newest_ms is its latest time. If the
// clock shows an earlier time, a run begins at newest_ms.
//
// # Last sightings
//
// The start of the newest complete listing is a sighting of every job in it, without
// a write to any of them. So the last sighting of a job without misses is that
// start, or the time in its row if that is later. When a complete listing lacks a
// job, its start is no sighting of that job: the miss writes the last sighting to
// the job's row.
//
// # Gone jobs
//
// A complete listing without a job is a miss. After enough misses in a row, and a
// confirmation by the service, the job is gone: it gets a gone_at, and its row
// stays. A job that was open then is lost: how it ended is unknown. A job that is
// listed again has returned, which clears gone_at. The store writes absences only in
// the transaction that closes the run, so that half of a conclusion is never stored.
//
// # Details
//
// The service's answer about a single job is a row of archive_details, and its
// files are rows of archive_files: the newest answer that said something new. The
// view jobs shows them beside the listed columns, and prefers the listed values. A
// job is fully described (column settled) when another query would bring nothing
// new. The index archive_jobs_unsettled has only the other jobs, so the store finds
// them without a scan.
//
// The service's own times never replace ours. They narrow min_seconds and
// max_seconds in the view jobs where they lie within our bounds. The view ignores
// them where they contradict the bounds, because then the service's clock is wrong
// or ours was. The histogram in the view durations uses our bounds alone: a pruned
// job keeps those and loses its details, so an invariant can still prove the
// histogram. The view loads uses the narrowed times, so a pruned job leaves it.
//
// # Pruned jobs
//
// A prune deletes a job's history and details, and marks its row as pruned. The
// row keeps what decides whether the job is new and whether it changed; the
// public views leave it out, and the sums still count it. A prune does not move the
// generation: each change reads whether its job is pruned. A change that is no
// history leaves the job pruned. A transition brings the job back to the views with
// its first sighting, and the row keeps the number of the prune that deleted its
// earlier history. archive_prunes has a row for what each prune deleted.
//
// # Gaps
//
// A stretch between two conclusive runs, complete or quick, that lasted more than
// twice what the schedule promised is a gap: jobs may have come and gone within.
// The store writes it when it ends. The view computes an open gap from the end of the
// newest conclusive run and the present time, so it shows also while no process
// runs. If a later listing shows that the list is not newest first, the quick runs
// that relied on that order no longer count as conclusive.
//
// # Generation
//
// Two processes may archive the same cluster. Each commit names the generation of the
// archive on which it was decided, and increments it. The second of two commits gets
// [ErrConflict] and stores nothing. The close of a run that concludes nothing can't
// conflict.
//
// # Notices
//
// Package notify has three tables in the archive, and writes them through
// transactions of the store: the log of notices, one row with its cursor into the
// transitions and the state of the receiver, and the newest notice about each
// cluster.
package db
