-- Runs count what they did
-- The numbers of a run that has finished are those of its transitions, with those that were pruned.

SELECT c.name AS cluster, r.id AS run, r.started_at,
    r.appeared, r.pruned_appeared, coalesce(t.appeared, 0) AS appeared_in_history,
    r.moved, r.pruned_moved, coalesce(t.moved, 0) AS moved_in_history,
    r.gone, r.pruned_gone, coalesce(t.gone, 0) AS gone_in_history,
    r.returned, r.pruned_returned, coalesce(t.returned, 0) AS returned_in_history
FROM archive_runs AS r
JOIN archive_clusters AS c ON c.id = r.cluster
LEFT JOIN (
    SELECT run,
        sum(kind = 'appeared') AS appeared,
        sum(kind = 'moved') AS moved,
        sum(kind = 'gone') AS gone,
        sum(kind = 'returned') AS returned
    FROM archive_transitions
    GROUP BY run
) AS t ON t.run = r.id
WHERE r.finished_ms IS NOT NULL
  AND (r.appeared, r.moved, r.gone, r.returned)
   <> (r.pruned_appeared + coalesce(t.appeared, 0), r.pruned_moved + coalesce(t.moved, 0),
       r.pruned_gone + coalesce(t.gone, 0), r.pruned_returned + coalesce(t.returned, 0));
