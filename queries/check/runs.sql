-- Time never runs backwards from run to run
-- A run does not begin before the run before it began, and what it wrote is of its own cluster.

SELECT c.name AS cluster, r.id AS run, r.started_at, r.started_before_ms, NULL AS transition
FROM (
    SELECT *, lag(started_ms) OVER (PARTITION BY cluster ORDER BY id) AS started_before_ms FROM archive_runs
) AS r
JOIN archive_clusters AS c ON c.id = r.cluster
WHERE r.started_ms < r.started_before_ms
UNION ALL
SELECT c.name, r.id, r.started_at, NULL, t.id
FROM archive_transitions AS t
JOIN archive_runs AS r ON r.id = t.run
JOIN archive_clusters AS c ON c.id = r.cluster
WHERE t.cluster <> r.cluster OR t.observed_ms < r.started_ms;
