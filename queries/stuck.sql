-- Stuck
-- Jobs that have been open for long: listed, and not finished. The oldest first.
--
-- :hours      24    open for longer than this
-- :cluster          only this cluster
-- :collection       only this collection
--
-- cluster        text      the cluster
-- job_id         text      the job's id
-- collection     text?     the target collection
-- state          text      pending, running, or unknown for a word that this version doesn't know
-- progress       real?     0 to 100, where the service gives it
-- first_seen_at  time      when a listing first had it
-- last_state_at  time      when a listing first had it in its present state
-- last_seen_at   time      the newest listing that had it: after this it may have finished
-- hours          real      since it was first seen; it may have been there before

SELECT cluster, job_id, collection, state, progress, first_seen_at, last_state_at, last_seen_at,
    CAST((julianday('now') - julianday(first_seen_at)) * 240 AS INTEGER) / 10.0 AS hours
FROM jobs
-- SQLite uses the partial index of unfinished jobs only if the condition is spelled as in its WHERE.
WHERE state <> 'completed' AND state <> 'failed' AND state <> 'cancelled' AND gone_at IS NULL
  -- A job's recency is never later than first_seen_at. The second is more than what julianday() rounds.
  AND recency < (julianday('now', '-' || coalesce(:hours, 24) || ' hours') - 2440587.5) * 86400000 + 1000
  AND +first_seen_at < strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || coalesce(:hours, 24) || ' hours')
  AND (:cluster IS NULL OR cluster = :cluster)
  AND (:collection IS NULL OR collection = :collection)
ORDER BY recency, nth DESC, cluster;
