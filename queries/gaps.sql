-- Gaps
-- When the archive was not looking: jobs that lived and were forgotten within may be missing.
--
-- :cluster          only this cluster
-- :limit      50    how many, newest first

SELECT cluster, started_at, ended_at, seconds, expected_seconds
FROM gaps
WHERE :cluster IS NULL OR cluster = :cluster
ORDER BY started_at DESC
LIMIT coalesce(:limit, 50);
