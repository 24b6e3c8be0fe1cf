-- Finished runs are closed properly
-- Only an interrupted run may lack its numbers, and a cluster's last outcome is that of one of its runs.

SELECT c.name AS cluster, c.last_outcome, r.id AS run, r.outcome, r.pages, r.listed
FROM archive_runs AS r
JOIN archive_clusters AS c ON c.id = r.cluster
WHERE r.outcome <> 'interrupted' AND (r.pages IS NULL OR r.requests IS NULL OR r.retries IS NULL OR r.listed IS NULL)
UNION ALL
SELECT c.name, c.last_outcome, NULL, NULL, NULL, NULL
FROM archive_clusters AS c
WHERE coalesce(c.last_outcome, '') NOT IN (
    SELECT r.outcome FROM archive_runs AS r WHERE r.cluster = c.id AND r.outcome IS NOT NULL
    UNION ALL
    SELECT '' WHERE NOT EXISTS (SELECT * FROM archive_runs AS r WHERE r.cluster = c.id AND r.outcome IS NOT NULL)
);
