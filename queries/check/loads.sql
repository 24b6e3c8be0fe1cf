-- The sums of loads agree with the jobs
-- What completed jobs loaded, and the bounds of how long they took, agree with the rows by the day, cluster and collection.

SELECT day, cluster, collection, sum(jobs) AS jobs_difference,
    sum(rows_jobs) AS rows_jobs_difference, sum(rows) AS rows_difference,
    sum(rows_min_ms) AS rows_min_ms_difference, sum(rows_max_ms) AS rows_max_ms_difference,
    sum(bytes_jobs) AS bytes_jobs_difference, sum(bytes) AS bytes_difference,
    sum(bytes_min_ms) AS bytes_min_ms_difference, sum(bytes_max_ms) AS bytes_max_ms_difference
FROM (
    SELECT day, cluster, collection, 1 AS jobs,
        rows IS NOT NULL AS rows_jobs, coalesce(rows, 0) AS rows, rows_min_ms, rows_max_ms,
        bytes IS NOT NULL AS bytes_jobs, coalesce(bytes, 0) AS bytes, bytes_min_ms, bytes_max_ms
    FROM archive_loaded
    UNION ALL
    SELECT d.day, c.name, n.text, -d.load_jobs,
        -d.rows_jobs, -d.rows, -d.rows_min_ms, -d.rows_max_ms,
        -d.bytes_jobs, -d.bytes, -d.bytes_min_ms, -d.bytes_max_ms
    FROM archive_days AS d
    JOIN archive_clusters AS c ON c.id = d.cluster
    LEFT JOIN archive_texts AS n ON n.id = d.collection
)
GROUP BY day, cluster, collection
HAVING sum(jobs) <> 0
    OR sum(rows_jobs) <> 0 OR sum(rows) <> 0 OR sum(rows_min_ms) <> 0 OR sum(rows_max_ms) <> 0
    OR sum(bytes_jobs) <> 0 OR sum(bytes) <> 0 OR sum(bytes_min_ms) <> 0 OR sum(bytes_max_ms) <> 0;
