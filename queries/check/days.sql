-- The sums by day agree with the jobs
-- The sums by day, cluster and collection agree with the rows.

SELECT day, cluster, collection, what, sum(jobs) AS difference
FROM (
    SELECT substr(first_seen_at, 1, 10) AS day, cluster, coalesce(collection, 0) AS collection, 'appeared' AS what, 1 AS jobs FROM archive_jobs
    UNION ALL
    SELECT substr(last_state_at, 1, 10), cluster, coalesce(collection, 0), state, 1 FROM archive_jobs
    WHERE state IN ('completed', 'failed', 'cancelled')
    UNION ALL
    SELECT substr(gone_at, 1, 10), cluster, coalesce(collection, 0), 'lost', 1 FROM archive_jobs
    WHERE state NOT IN ('completed', 'failed', 'cancelled') AND gone_at IS NOT NULL
    UNION ALL
    SELECT day, cluster, collection, 'appeared', -appeared FROM archive_days
    UNION ALL
    SELECT day, cluster, collection, 'completed', -completed FROM archive_days
    UNION ALL
    SELECT day, cluster, collection, 'failed', -failed FROM archive_days
    UNION ALL
    SELECT day, cluster, collection, 'cancelled', -cancelled FROM archive_days
    UNION ALL
    SELECT day, cluster, collection, 'lost', -lost FROM archive_days
)
GROUP BY day, cluster, collection, what
HAVING sum(jobs) <> 0;
