-- Gaps
-- Every stretch without a conclusive run that lasted longer than twice the schedule: jobs may be missing.
--
-- :changed_since    only those that ended at this time or later, or that are open
--
-- cluster           text   the cluster
-- started_at        time   when the newest conclusive run before it ended
-- ended_at          time?  when the next complete listing began; NULL while the gap is open
-- seconds           real   how long it lasted, or lasts
-- expected_seconds  real   how long it would have been by the schedule

SELECT cluster, started_at, ended_at, seconds, expected_seconds
FROM gaps
WHERE :changed_since IS NULL OR ended_at IS NULL OR ended_at >= :changed_since
ORDER BY started_at, cluster;
