-- A run counts the rejects that it stored
-- The archive keeps samples of what a run counts, and a few of a cluster in all.

SELECT c.name AS cluster, r.id AS run, r.started_at, count(*) AS rejects
FROM archive_rejects AS j
JOIN archive_runs AS r ON r.id = j.run
JOIN archive_clusters AS c ON c.id = r.cluster
GROUP BY r.id
HAVING count(*) > r.rejected AND r.outcome <> 'interrupted' OR max(j.cluster <> r.cluster)
UNION ALL
SELECT c.name, NULL, NULL, count(*)
FROM archive_rejects AS j
JOIN archive_clusters AS c ON c.id = j.cluster
GROUP BY c.id
HAVING count(*) > 100;
