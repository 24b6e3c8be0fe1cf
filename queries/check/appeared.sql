-- Every job appeared once
-- Its history has one appearance, between the same two moments as its row, or none where that was pruned.

SELECT c.name AS cluster, j.job_id, j.first_seen_ms, count(t.id) AS appearances, min(t.observed_ms) AS appeared_ms
FROM archive_jobs AS j
JOIN archive_clusters AS c ON c.id = j.cluster
LEFT JOIN archive_transitions AS t ON t.cluster = j.cluster AND t.seq = j.seq AND t.kind = 'appeared'
GROUP BY j.cluster, j.seq
HAVING count(t.id) <> (j.prune IS NULL)
    OR min(t.observed_ms) <> j.first_seen_ms
    OR j.prune IS NULL AND min(t.not_before_ms) IS NOT j.appeared_after_ms;
