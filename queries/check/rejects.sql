-- A listing with rejects is not complete
-- The run that first saw a reject did not conclude anything.

SELECT c.name AS cluster, r.id AS run, r.started_at, count(*) AS rejects
FROM archive_rejects AS j
JOIN archive_runs AS r ON r.id = j.run
JOIN archive_clusters AS c ON c.id = r.cluster
WHERE r.outcome IN ('complete', 'quick') OR j.cluster <> r.cluster
GROUP BY r.id;
