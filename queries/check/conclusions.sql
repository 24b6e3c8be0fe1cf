-- Only whole listings conclude absence
-- A run with gone jobs is complete, or partial because other absences stayed undecided.

SELECT c.name AS cluster, r.id AS run, r.started_at, r.outcome, count(*) AS gone
FROM archive_transitions AS t
JOIN archive_runs AS r ON r.id = t.run
JOIN archive_clusters AS c ON c.id = r.cluster
WHERE t.kind = 'gone' AND r.outcome IS NOT 'complete' AND NOT (r.outcome IS 'partial' AND r.absences_undecided > 0)
GROUP BY r.id;
