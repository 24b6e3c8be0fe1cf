-- Only complete listings conclude absence
-- A run in which jobs are gone is complete.

SELECT c.name AS cluster, r.id AS run, r.started_at, r.outcome, count(*) AS gone
FROM archive_transitions AS t
JOIN archive_runs AS r ON r.id = t.run
JOIN archive_clusters AS c ON c.id = r.cluster
WHERE t.kind = 'gone' AND r.outcome IS NOT 'complete'
GROUP BY r.id;
