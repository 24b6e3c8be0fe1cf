-- Every job is as present as its history says
-- A job has a gone_at if and only if its history ends gone, at the same time. A pruned job has no history. A job that came
-- back after a prune without a transition of its presence is listed: a gone job comes back by a return.

SELECT c.name AS cluster, j.job_id, j.gone_at, t.id, t.kind, t.observed_at
FROM archive_jobs AS j
JOIN archive_clusters AS c ON c.id = j.cluster
LEFT JOIN archive_transitions AS t ON t.id = (
    SELECT h.id FROM archive_transitions AS h
    WHERE h.cluster = j.cluster AND h.seq = j.seq AND h.kind IN ('appeared', 'gone', 'returned')
    ORDER BY h.id DESC LIMIT 1
)
WHERE NOT j.pruned AND j.gone_ms IS NOT iif(t.kind = 'gone', t.observed_ms, NULL);
