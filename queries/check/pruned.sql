-- A job is pruned or has a row, never both
-- No id of a cluster stands for two jobs, no history is left of a pruned one, and no prune took fewer jobs than are missing.

SELECT c.name AS cluster, p.job_id, 'has a row' AS what
FROM archive_pruned AS p
JOIN archive_clusters AS c ON c.id = p.cluster
WHERE EXISTS (SELECT * FROM archive_jobs AS j WHERE j.job_id = p.job_id AND j.cluster = p.cluster)
   OR EXISTS (SELECT * FROM archive_jobs AS j WHERE j.cluster = p.cluster AND j.seq = p.seq)
UNION ALL
SELECT c.name, p.job_id, 'is pruned twice'
FROM archive_pruned AS p
JOIN archive_clusters AS c ON c.id = p.cluster
GROUP BY p.cluster, p.job_id
HAVING count(*) > 1
UNION ALL
SELECT c.name, p.job_id, 'has history'
FROM archive_pruned AS p
JOIN archive_clusters AS c ON c.id = p.cluster
WHERE EXISTS (SELECT * FROM archive_transitions AS t WHERE t.cluster = p.cluster AND t.seq = p.seq)
UNION ALL
SELECT c.name, 'prune ' || r.id, 'took ' || r.jobs || ' jobs, not ' || count(*)
FROM archive_prunes AS r
JOIN archive_clusters AS c ON c.id = r.cluster
JOIN (SELECT cluster, prune FROM archive_pruned UNION ALL SELECT cluster, prune FROM archive_jobs WHERE prune IS NOT NULL) AS j ON j.prune = r.id
GROUP BY r.id
HAVING count(*) > r.jobs OR count(*) > count(iif(j.cluster = r.cluster, 1, NULL));
