-- A pruned job has no more than its row
-- Its history and its details are deleted, and each prune counts at least as many jobs as name it.

SELECT c.name AS cluster, j.job_id, 'has history' AS what
FROM archive_jobs AS j
JOIN archive_clusters AS c ON c.id = j.cluster
WHERE j.pruned AND EXISTS (SELECT * FROM archive_transitions AS t WHERE t.cluster = j.cluster AND t.seq = j.seq)
UNION ALL
SELECT c.name, j.job_id, 'has details'
FROM archive_jobs AS j
JOIN archive_clusters AS c ON c.id = j.cluster
WHERE j.pruned AND EXISTS (SELECT * FROM archive_details AS d WHERE d.cluster = j.cluster AND d.seq = j.seq)
UNION ALL
SELECT c.name, 'prune ' || r.id, 'took ' || r.jobs || ' jobs, not ' || count(*)
FROM archive_prunes AS r
JOIN archive_clusters AS c ON c.id = r.cluster
JOIN archive_jobs AS j ON j.prune = r.id
GROUP BY r.id
HAVING count(*) > r.jobs OR count(*) > count(iif(j.cluster = r.cluster, 1, NULL));
