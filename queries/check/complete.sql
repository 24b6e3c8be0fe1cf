-- The newest complete listing is that of a run
-- A cluster's row has the newest complete run if and only if there is one, and likewise the newest conclusive run, unless a later run found the list in another order.

SELECT c.name AS cluster, c.complete_started_ms, c.complete_finished_ms, max(r.finished_ms) AS newest_complete_ms
FROM archive_clusters AS c
LEFT JOIN archive_runs AS r ON r.cluster = c.id AND r.outcome = 'complete'
GROUP BY c.id
HAVING c.complete_finished_ms IS NOT max(r.finished_ms)
    OR NOT EXISTS (
        SELECT * FROM archive_runs AS n
        WHERE n.cluster = c.id AND n.outcome = 'complete'
          AND n.finished_ms = c.complete_finished_ms AND n.started_ms <= c.complete_started_ms
    ) AND c.complete_finished_ms IS NOT NULL
    OR (c.complete_expected_s IS NULL) <> (c.complete_finished_ms IS NULL)
UNION ALL
SELECT c.name, c.complete_started_ms, c.conclusive_ms, max(r.finished_ms)
FROM archive_clusters AS c
LEFT JOIN archive_runs AS r ON r.cluster = c.id AND r.outcome IN ('complete', 'quick')
GROUP BY c.id
HAVING c.conclusive_ms IS NOT max(r.finished_ms)
   AND NOT (c.conclusive_ms IS c.complete_finished_ms AND c.newest_first = 0);
