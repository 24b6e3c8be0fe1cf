-- Gone and returned take turns
-- A job returns only after it was gone, and is not gone twice without returning. What it did first after a prune
-- follows on transitions that are deleted.

WITH told AS (
    SELECT id, cluster, seq, kind, lag(kind) OVER (PARTITION BY cluster, seq ORDER BY id) AS kind_before
    FROM archive_transitions
    WHERE kind IN ('appeared', 'gone', 'returned')
),
wrong AS (
    SELECT * FROM told
    WHERE (kind = 'returned') <> (kind_before IS 'gone')
)
SELECT c.name AS cluster, j.job_id, w.id, w.kind, w.kind_before
FROM wrong AS w
JOIN archive_clusters AS c ON c.id = w.cluster
JOIN archive_jobs AS j ON j.cluster = w.cluster AND j.seq = w.seq
WHERE NOT (j.prune IS NOT NULL AND w.kind_before IS NULL);
