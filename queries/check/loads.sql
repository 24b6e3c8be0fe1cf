-- Loads are summed as they are
-- What completed jobs loaded, and the bounds of how long they took to it, agree with the rows by the day, cluster and collection.

WITH told AS (
    SELECT substr(first_seen_at, 1, 10) AS day, cluster, collection,
        coalesce(imported_rows, total_rows) AS rows, file_size AS bytes,
        CAST(round(min_seconds * 1000) AS INTEGER) AS min_ms, CAST(round(max_seconds * 1000) AS INTEGER) AS max_ms
    FROM jobs
    WHERE state = 'completed' AND max_seconds <= 315576000
),
both AS (
    SELECT day, cluster, collection, 1 AS jobs,
        rows IS NOT NULL AS rows_jobs, coalesce(rows / 1000000000, 0) AS rows_billions, coalesce(rows % 1000000000, 0) AS rows_rest,
        iif(rows IS NULL, 0, min_ms) AS rows_min_ms, iif(rows IS NULL, 0, max_ms) AS rows_max_ms,
        bytes IS NOT NULL AS bytes_jobs, coalesce(bytes / 1000000000, 0) AS bytes_billions, coalesce(bytes % 1000000000, 0) AS bytes_rest,
        iif(bytes IS NULL, 0, min_ms) AS bytes_min_ms, iif(bytes IS NULL, 0, max_ms) AS bytes_max_ms
    FROM told
    WHERE rows IS NOT NULL OR bytes IS NOT NULL
    UNION ALL
    SELECT l.day, c.name, n.text, -l.jobs,
        -l.rows_jobs, -l.rows_billions, -l.rows_rest, -l.rows_min_ms, -l.rows_max_ms,
        -l.bytes_jobs, -l.bytes_billions, -l.bytes_rest, -l.bytes_min_ms, -l.bytes_max_ms
    FROM archive_loads AS l
    JOIN archive_clusters AS c ON c.id = l.cluster
    LEFT JOIN archive_texts AS n ON n.id = l.collection
)
SELECT day, cluster, collection, sum(jobs) AS jobs_difference,
    sum(rows_jobs) AS rows_jobs_difference, sum(rows_billions) AS rows_billions_difference, sum(rows_rest) AS rows_rest_difference,
    sum(rows_min_ms) AS rows_min_ms_difference, sum(rows_max_ms) AS rows_max_ms_difference,
    sum(bytes_jobs) AS bytes_jobs_difference, sum(bytes_billions) AS bytes_billions_difference, sum(bytes_rest) AS bytes_rest_difference,
    sum(bytes_min_ms) AS bytes_min_ms_difference, sum(bytes_max_ms) AS bytes_max_ms_difference
FROM both
GROUP BY day, cluster, collection
HAVING sum(jobs) <> 0
    OR sum(rows_jobs) <> 0 OR sum(rows_billions) <> 0 OR sum(rows_rest) <> 0 OR sum(rows_min_ms) <> 0 OR sum(rows_max_ms) <> 0
    OR sum(bytes_jobs) <> 0 OR sum(bytes_billions) <> 0 OR sum(bytes_rest) <> 0 OR sum(bytes_min_ms) <> 0 OR sum(bytes_max_ms) <> 0;
