-- Timeline
-- Every transition of one job, oldest first: each happened after not_before and no later than observed_at.
--
-- :job        the job's id
-- :cluster    only on this cluster

SELECT id, cluster, job_id, collection, kind, from_state, to_state, from_raw_state, to_raw_state, not_before, observed_at, run_id
FROM transitions
WHERE job_id = :job AND (:cluster IS NULL OR cluster = :cluster)
ORDER BY cluster, id;
