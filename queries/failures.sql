-- Failures
-- Jobs that failed, newest first, with the service's reason where it gave one.
--
-- :cluster          only this cluster
-- :collection       only this collection
-- :since            only those first seen failed at this time or later
-- :until            only those first seen failed before this time
-- :limit      50    how many; 0: all
--
-- cluster        text      the cluster
-- job_id         text      the job's id
-- collection     text?     the target collection
-- last_state_at  time      when a listing first had it as failed
-- reason         text?     the service's explanation, where it gives one

-- One branch for each index, because SQLite plans before it knows the values. A
-- branch whose first condition is false costs nothing.
WITH bounds AS (
    -- A job's state_recency is at most a day before last_state_at. The second is more than what julianday() rounds.
    SELECT (coalesce(julianday(:since), 2440587.5) - 2440587.5) * 86400000 - 86401000 AS lower,
        (coalesce(julianday(:until), 9e9) - 2440587.5) * 86400000 + 1000 AS upper
)
SELECT cluster, job_id, collection, last_state_at, reason
FROM (
SELECT * FROM (
    SELECT cluster, job_id, collection, last_state_at, reason, state_recency, nth
    FROM jobs
    WHERE :cluster IS NULL AND :collection IS NULL
      AND state = 'failed'
      AND state_recency >= (SELECT lower FROM bounds) AND state_recency < (SELECT upper FROM bounds)
      AND (:since IS NULL OR last_state_at >= :since) AND (:until IS NULL OR last_state_at < :until)
    ORDER BY state_recency DESC, nth, cluster
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
UNION ALL
SELECT * FROM (
    SELECT cluster, job_id, collection, last_state_at, reason, state_recency, nth
    FROM jobs
    WHERE :collection IS NULL
      AND cluster = :cluster AND state = 'failed'
      AND state_recency >= (SELECT lower FROM bounds) AND state_recency < (SELECT upper FROM bounds)
      AND (:since IS NULL OR last_state_at >= :since) AND (:until IS NULL OR last_state_at < :until)
    ORDER BY state_recency DESC, nth, cluster
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
UNION ALL
SELECT * FROM (
    SELECT cluster, job_id, collection, last_state_at, reason, state_recency, nth
    FROM jobs
    WHERE (:cluster IS NULL OR cluster = :cluster)
      AND collection = :collection AND state = 'failed'
      AND state_recency >= (SELECT lower FROM bounds) AND state_recency < (SELECT upper FROM bounds)
      AND (:since IS NULL OR last_state_at >= :since) AND (:until IS NULL OR last_state_at < :until)
    ORDER BY state_recency DESC, nth, cluster
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
)
ORDER BY state_recency DESC, nth, cluster;
