-- A job that is missed says since when
-- It has a missed_since_at if and only if the newest complete listings lack it.

SELECT c.name AS cluster, j.job_id, j.misses, j.missed_ms
FROM (
    SELECT cluster, job_id, misses, missed_ms FROM archive_jobs
    UNION ALL
    SELECT cluster, job_id, misses, missed_ms FROM archive_pruned
) AS j
JOIN archive_clusters AS c ON c.id = j.cluster
WHERE (j.missed_ms IS NULL) <> (j.misses = 0);
