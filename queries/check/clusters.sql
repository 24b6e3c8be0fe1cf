-- The counters of a cluster are ahead of its rows
-- No row has a time later than the cluster's newest one or a number that is still free, and a cluster with jobs has a generation.

WITH newest AS (
    SELECT cluster, max(max(seen_ms, first_seen_ms, state_seen_ms, coalesce(gone_ms, 0), coalesce(described_ms, 0))) AS ms FROM archive_jobs GROUP BY cluster
    UNION ALL
    SELECT cluster, max(observed_ms) FROM archive_transitions GROUP BY cluster
    UNION ALL
    SELECT cluster, max(max(started_ms, coalesce(finished_ms, 0))) FROM archive_runs GROUP BY cluster
    UNION ALL
    SELECT cluster, max(seen_ms) FROM archive_rejects GROUP BY cluster
)
SELECT c.name AS cluster, c.newest_ms, c.newest_row_ms, c.next_seq, c.newest_seq, c.generation
FROM (
    SELECT *,
        (SELECT max(ms) FROM newest WHERE newest.cluster = archive_clusters.id) AS newest_row_ms,
        (SELECT max(seq) FROM archive_jobs WHERE archive_jobs.cluster = archive_clusters.id) AS newest_seq
    FROM archive_clusters
) AS c
WHERE c.newest_row_ms > c.newest_ms
   OR c.newest_seq >= c.next_seq
   OR c.generation = 0 AND (c.newest_seq IS NOT NULL OR c.complete_finished_ms IS NOT NULL);
