-- Jobs
-- All jobs, newest first: what each is, and how it stands.
--
-- :cluster           only this cluster
-- :collection        only this collection
-- :state             only jobs in this state: pending, running, completed, failed, cancelled, unknown, open or lost
-- :since             only those that appeared at this time or later
-- :until             only those that appeared before this time
-- :limit      50     how many; 0: all
--
-- cluster        text   the cluster
-- job_id         text   the job's id
-- collection     text?  the target collection
-- state          text   pending, running, completed, failed, cancelled, lost, or unknown for a word that this version doesn't know
-- first_seen_at  time   when a listing first had it
-- last_state_at  time   when a listing first had it in its present state
-- last_seen_at   time   the newest listing known to have had it
-- reason         text?  the service's explanation, where it gives one

-- There are six ways to find the jobs, one for each index, because SQLite plans
-- before it knows the values. In a branch of another way the comparison is with
-- NULL, so it ends before its first row. Where a collection or a cluster has few
-- jobs, sorting them all is faster than finding them among the newest of all.
WITH way AS (
    SELECT CASE
        WHEN :collection IS NOT NULL AND coalesce((SELECT sum(jobs) FROM collections WHERE collection = :collection), 0) < 5000 THEN 'collection'
        WHEN :state = 'failed' THEN 'failed'
        WHEN :state = 'cancelled' THEN 'cancelled'
        WHEN :state <> 'completed' THEN 'unfinished'
        WHEN :cluster IS NOT NULL AND coalesce((SELECT archived FROM clusters WHERE name = :cluster), 0) < 5000 THEN 'cluster'
        ELSE 'newest'
    END AS taken,
    -- A job's recency is at most a day before first_seen_at. The second is more than what julianday() rounds.
    (coalesce(julianday(:since), 2440587.5) - 2440587.5) * 86400000 - 86401000 AS lower,
    (coalesce(julianday(:until), 9e9) - 2440587.5) * 86400000 + 1000 AS upper
)
SELECT cluster, job_id, collection, state, first_seen_at, last_state_at, last_seen_at, reason
FROM (
SELECT * FROM (
    SELECT cluster, job_id, collection, state, first_seen_at, last_state_at, last_seen_at, reason, recency, nth
    FROM jobs
    WHERE recency >= (SELECT lower FROM way WHERE taken = 'newest') AND recency < (SELECT upper FROM way)
      AND (:since IS NULL OR first_seen_at >= :since) AND (:until IS NULL OR first_seen_at < :until)
      AND (:cluster IS NULL OR cluster = :cluster)
      AND (:collection IS NULL OR collection = :collection)
      AND (:state IS NULL OR outcome = :state OR outcome = 'open' AND state = :state)
    ORDER BY recency DESC, nth, cluster
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
UNION ALL
SELECT * FROM (
    SELECT cluster, job_id, collection, state, first_seen_at, last_state_at, last_seen_at, reason, recency, nth
    FROM jobs
    WHERE recency >= (SELECT lower FROM way WHERE taken = 'failed') AND recency < (SELECT upper FROM way)
      AND (:since IS NULL OR first_seen_at >= :since) AND (:until IS NULL OR first_seen_at < :until)
      AND state = 'failed'
      AND (:cluster IS NULL OR cluster = :cluster)
      AND (:collection IS NULL OR collection = :collection)
      AND (:state IS NULL OR outcome = :state OR outcome = 'open' AND state = :state)
    ORDER BY recency DESC, nth, cluster
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
UNION ALL
SELECT * FROM (
    SELECT cluster, job_id, collection, state, first_seen_at, last_state_at, last_seen_at, reason, recency, nth
    FROM jobs
    WHERE recency >= (SELECT lower FROM way WHERE taken = 'cancelled') AND recency < (SELECT upper FROM way)
      AND (:since IS NULL OR first_seen_at >= :since) AND (:until IS NULL OR first_seen_at < :until)
      AND state = 'cancelled'
      AND (:cluster IS NULL OR cluster = :cluster)
      AND (:collection IS NULL OR collection = :collection)
      AND (:state IS NULL OR outcome = :state OR outcome = 'open' AND state = :state)
    ORDER BY recency DESC, nth, cluster
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
UNION ALL
SELECT * FROM (
    SELECT cluster, job_id, collection, state, first_seen_at, last_state_at, last_seen_at, reason, recency, nth
    FROM jobs
    WHERE recency >= (SELECT lower FROM way WHERE taken = 'unfinished') AND recency < (SELECT upper FROM way)
      AND (:since IS NULL OR first_seen_at >= :since) AND (:until IS NULL OR first_seen_at < :until)
      -- SQLite uses the partial index of unfinished jobs only if the condition is spelled as in its WHERE.
      AND state <> 'completed' AND state <> 'failed' AND state <> 'cancelled'
      AND (:cluster IS NULL OR cluster = :cluster)
      AND (:collection IS NULL OR collection = :collection)
      AND (:state IS NULL OR outcome = :state OR outcome = 'open' AND state = :state)
    ORDER BY recency DESC, nth, cluster
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
UNION ALL
SELECT * FROM (
    SELECT cluster, job_id, collection, state, first_seen_at, last_state_at, last_seen_at, reason, recency, nth
    FROM jobs
    WHERE cluster = (SELECT :cluster FROM way WHERE taken = 'cluster')
      AND (:collection IS NULL OR collection = :collection)
      AND first_seen_at >= coalesce(:since, '') AND first_seen_at < coalesce(:until, '9')
      AND (:state IS NULL OR outcome = :state OR outcome = 'open' AND state = :state)
    ORDER BY recency DESC, nth, cluster
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
UNION ALL
SELECT * FROM (
    SELECT cluster, job_id, collection, state, first_seen_at, last_state_at, last_seen_at, reason, recency, nth
    FROM jobs
    WHERE collection = (SELECT :collection FROM way WHERE taken = 'collection')
      AND (:cluster IS NULL OR cluster = :cluster)
      AND first_seen_at >= coalesce(:since, '') AND first_seen_at < coalesce(:until, '9')
      AND (:state IS NULL OR outcome = :state OR outcome = 'open' AND state = :state)
    ORDER BY recency DESC, nth, cluster
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
)
ORDER BY recency DESC, nth, cluster;
