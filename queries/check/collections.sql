-- The sums by collection agree with the jobs
-- The sums by cluster and collection agree with the rows, and the last activity with the history that was not pruned.

SELECT cluster, collection, what, sum(n) AS difference
FROM (
    SELECT cluster, coalesce(collection, 0) AS collection,
        CASE WHEN state IN ('completed', 'failed', 'cancelled') THEN state WHEN gone_ms IS NULL THEN 'open' ELSE 'lost' END AS what,
        1 AS n
    FROM archive_jobs
    UNION ALL
    SELECT cluster, collection, 'open', -open FROM archive_collections
    UNION ALL
    SELECT cluster, collection, 'completed', -completed FROM archive_collections
    UNION ALL
    SELECT cluster, collection, 'failed', -failed FROM archive_collections
    UNION ALL
    SELECT cluster, collection, 'cancelled', -cancelled FROM archive_collections
    UNION ALL
    SELECT cluster, collection, 'lost', -lost FROM archive_collections
)
GROUP BY cluster, collection, what
HAVING sum(n) <> 0
UNION ALL
SELECT cluster, collection, 'last activity', sum(n)
FROM (
    SELECT * FROM (SELECT cluster, coalesce(collection, 0) AS collection, max(observed_ms) AS n FROM archive_transitions GROUP BY 1, 2)
    UNION ALL
    SELECT cluster, collection, -active_ms FROM archive_collections
) AS a
GROUP BY cluster, collection
HAVING sum(n) > 0
    OR sum(n) < 0 AND NOT EXISTS (SELECT * FROM archive_prunes AS p WHERE p.cluster = a.cluster AND p.transitions > 0);
