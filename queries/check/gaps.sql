-- Gaps are gaps
-- Each lasted longer than twice what was expected, they don't overlap, and each was ended by a complete listing.

SELECT c.name AS cluster, g.started_at, g.ended_at, g.expected_s, g.ended_before_ms
FROM (
    SELECT *, lag(ended_ms) OVER (PARTITION BY cluster ORDER BY started_ms) AS ended_before_ms FROM archive_gaps
) AS g
JOIN archive_clusters AS c ON c.id = g.cluster
WHERE (g.ended_ms - g.started_ms) / 1000.0 <= 2 * g.expected_s
   OR g.started_ms < g.ended_before_ms
   OR c.complete_started_ms IS NULL
   OR g.ended_ms > c.complete_started_ms;
