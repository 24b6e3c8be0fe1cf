-- Jobs
-- One row a job: what it is, its state, and between when what happened.
--
-- :changed_since              only what changed at this time or later
--
-- cluster            text      the cluster; with job_id the key
-- job_id             text      the job's id, exactly as the service sent it
-- collection         text?     the target collection
-- state              text      pending, running, completed, failed, cancelled, unknown for a word that this version doesn't know, or lost: it went away unfinished
-- raw_state          text?     the service's own word for the state
-- first_seen_at      time      when a listing first had the job; never changes again
-- last_state_at      time      when a listing first had it in its present state
-- last_seen_at       time      the newest listing known to have had it
-- gone_at            time?     when its absence was confirmed; NULL while it is listed
-- outcome            text      completed, failed, cancelled, open while listed and not finished, or lost: it went away unfinished
-- progress           real?     0 to 100, where the service gives it
-- reason             text?     the service's explanation, where it gives one
-- min_seconds        real?     it took at least this long from appearing to finishing, or from created_at to completed_at where they fit; NULL while it has not finished
-- max_seconds        real?     it took at most this long; NULL where that is unknown
-- extra              text?     the fields of the record that have no column here, as JSON
-- state_not_before   time?     the present state began after this; NULL: the first run saw the job in it
-- changed_at         time      when this row last changed, but for last_seen_at, which moves with every complete listing
-- history_pruned_at  time?     when its earlier transitions were pruned, by the retention settings; NULL: it has all of them
-- file_name          text?     the file that it loads; this and the columns below come from the service's answer about the single job
-- file_size          integer?  how large it is, in bytes
-- total_rows         integer?  how many rows there are to load
-- imported_rows      integer?  how many are loaded
-- created_at         time?     when it was created, by the service's own clock
-- completed_at       time?     when it ended, by the service's own clock
-- progress_raw       text?     its progress as the service sent it, also where that is no valid progress
-- described_at       time?     when an answer about the single job last said something new
-- details_extra      text?     the rest of that description, as JSON
-- missed_since_at    time?     when the first of the complete listings in a row that lack it was read; NULL while the newest one has it
-- last_state         text      the state that it was last seen in: as state, but never lost
-- recency            integer   when the listing that first had it began, in milliseconds since 1970; at most a day before first_seen_at. ORDER BY recency DESC, nth: newest first
-- nth                integer   its number among the jobs of its cluster, in the order in which listings first had them

SELECT cluster, job_id, collection, state, raw_state, first_seen_at, last_state_at, last_seen_at, gone_at, outcome,
    progress, reason, min_seconds, max_seconds, extra, state_not_before, changed_at, history_pruned_at,
    file_name, file_size, total_rows, imported_rows, created_at, completed_at, progress_raw, described_at, details_extra, missed_since_at, last_state,
    recency, nth
FROM jobs
WHERE changed_at >= coalesce(:changed_since, '')
ORDER BY changed_at, cluster, job_id;
