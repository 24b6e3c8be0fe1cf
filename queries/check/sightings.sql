-- No job was last seen before its newest transition
-- A millisecond is allowed: history is never an empty interval, even where the clock stood still.

SELECT c.name AS cluster, j.job_id, j.first_seen_ms, j.state_seen_ms, j.asked_ms, j.seen_ms, j.gone_ms
FROM archive_jobs AS j
JOIN archive_clusters AS c ON c.id = j.cluster
WHERE j.state_seen_ms > j.seen_ms + 1 OR j.gone_ms <= j.asked_ms;
