-- What was asked of absences adds up
-- No more jobs are confirmed or denied than were asked for, no more gone unconfirmed than gone, and a complete run
-- leaves none undecided.

SELECT c.name AS cluster, r.id AS run, r.outcome, r.absences_asked, r.absences_confirmed, r.absences_denied,
    r.absences_undecided, r.absences_unconfirmed, r.gone
FROM archive_runs AS r
JOIN archive_clusters AS c ON c.id = r.cluster
WHERE r.absences_confirmed + r.absences_denied > r.absences_asked
   OR r.absences_unconfirmed > r.gone
   OR r.absences_undecided > 0 AND r.outcome IN ('complete', 'quick');
