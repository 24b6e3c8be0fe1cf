-- Gaps are gaps
-- Each lasted longer than twice what was expected, no two begin or end together, and each was ended by a complete listing.

-- They may overlap: one that a clock a year ahead made has those in it that were
-- recorded by the right clock afterwards.
SELECT c.name AS cluster, g.started_at, g.ended_at, g.expected_s, g.begin_together, g.end_together
FROM (
    SELECT *, count(*) OVER (PARTITION BY cluster, started_ms) AS begin_together, count(*) OVER (PARTITION BY cluster, ended_ms) AS end_together
    FROM archive_gaps
) AS g
JOIN archive_clusters AS c ON c.id = g.cluster
WHERE (g.ended_ms - g.started_ms) / 1000.0 <= 2 * g.expected_s
   OR g.begin_together > 1
   OR g.end_together > 1
   OR c.complete_started_ms IS NULL
   OR g.ended_ms > c.complete_started_ms;
