-- Failures
-- Jobs that failed, newest first, with the service's reason where it gave one.
--
-- :cluster          only this cluster
-- :limit      50    how many

SELECT cluster, job_id, collection, last_state_at, reason
FROM jobs
WHERE state = 'failed' AND (:cluster IS NULL OR cluster = :cluster)
ORDER BY last_state_at DESC
LIMIT coalesce(:limit, 50);
