-- Gaps
-- Times without a conclusive run: jobs that came and went within may be missing. Newest first.
--
-- :cluster          only this cluster
-- :since            only gaps that lasted beyond this time
-- :until            only gaps that began before this time
-- :limit      50    how many; 0: all
--
-- cluster           text      the cluster
-- started_at        time      when the newest conclusive run before it ended
-- ended_at          time?     when the next complete listing began; NULL while the gap is open
-- seconds           real      how long it lasted, or lasts
-- expected_seconds  real      how long it would have been by the schedule

SELECT cluster, started_at, ended_at, seconds, expected_seconds
FROM gaps
WHERE (:cluster IS NULL OR cluster = :cluster)
  AND (:since IS NULL OR ended_at IS NULL OR ended_at > :since)
  AND (:until IS NULL OR started_at < :until)
ORDER BY started_at DESC, cluster
LIMIT iif(:limit = 0, -1, coalesce(:limit, 50));
