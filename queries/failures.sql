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
SELECT * FROM (
    SELECT cluster, job_id, collection, last_state_at, reason
    FROM jobs
    WHERE :cluster IS NULL AND :collection IS NULL
      AND state = 'failed'
      AND last_state_at >= coalesce(:since, '') AND last_state_at < coalesce(:until, '9')
    ORDER BY last_state_at DESC, cluster, job_id
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
UNION ALL
SELECT * FROM (
    SELECT cluster, job_id, collection, last_state_at, reason
    FROM jobs
    WHERE :collection IS NULL
      AND cluster = :cluster AND state = 'failed'
      AND last_state_at >= coalesce(:since, '') AND last_state_at < coalesce(:until, '9')
    ORDER BY last_state_at DESC, cluster, job_id
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
UNION ALL
SELECT * FROM (
    SELECT cluster, job_id, collection, last_state_at, reason
    FROM jobs
    WHERE (:cluster IS NULL OR cluster = :cluster)
      AND collection = :collection AND state = 'failed'
      AND last_state_at >= coalesce(:since, '') AND last_state_at < coalesce(:until, '9')
    ORDER BY last_state_at DESC, cluster, job_id
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
ORDER BY last_state_at DESC, cluster, job_id;
