-- The counts of absences add up
-- A run confirms and denies no more absences than it queried, has no more unconfirmed ones than gone jobs, and leaves
-- none undecided if it is complete.

SELECT c.name AS cluster, r.id AS run, r.outcome, r.absences_asked, r.absences_confirmed, r.absences_denied,
    r.absences_undecided, r.absences_unconfirmed, r.gone
FROM archive_runs AS r
JOIN archive_clusters AS c ON c.id = r.cluster
WHERE r.absences_confirmed + r.absences_denied > r.absences_asked
   OR r.absences_unconfirmed > r.gone
   OR r.absences_undecided > 0 AND r.outcome IN ('complete', 'quick');
