-- Overview
-- Each cluster at a glance: what is listed, how its jobs ended, how fresh that is.
--
-- :cluster    only this cluster
--
-- cluster             text      the cluster
-- listed              integer   jobs in its list, as far as we know
-- open_jobs           integer   those of them that have not finished
-- completed           integer   jobs that completed, listed or gone
-- failed              integer   jobs that failed
-- cancelled           integer   jobs that were cancelled
-- lost                integer   jobs that went away unfinished: how they ended is unknown
-- success_percent     real?     completed ones among those that completed or failed; NULL while there are none
-- freshness           text      fresh; stale when the newest conclusive run is older than twice the schedule; never without one; pages of the service say off or not synced of a cluster that is not synced
-- age_seconds         real?     how long ago the newest conclusive run ended
-- last_conclusive_at  time?     when the newest conclusive run (complete or quick) ended
-- last_complete_at    time?     when the newest complete listing ended
-- last_outcome        text?     how the newest run ended: complete, quick, partial, failed or interrupted
-- failures            integer   runs in a row that were not conclusive
-- rejects             integer   records of the newest whole listing that could not be archived

SELECT cluster, listed, open_jobs, completed, failed, cancelled, lost,
    round(100.0 * completed / nullif(completed + failed, 0), 1) AS success_percent,
    CASE
        WHEN age_seconds IS NULL THEN 'never'
        WHEN age_seconds > 2 * expected_seconds THEN 'stale'
        ELSE 'fresh'
    END AS freshness,
    round(age_seconds, 1) AS age_seconds,
    last_conclusive_at, last_complete_at, last_outcome, failures, rejects
FROM (
    SELECT
        c.name AS cluster, c.listed, c.open_jobs,
        coalesce(o.completed, 0) AS completed,
        coalesce(o.failed, 0) AS failed,
        coalesce(o.cancelled, 0) AS cancelled,
        coalesce(o.lost, 0) AS lost,
        max(0.0, (julianday('now') - julianday(c.last_conclusive_at)) * 86400) AS age_seconds,
        c.expected_seconds, c.last_conclusive_at, c.last_complete_at, c.last_outcome, c.failures, c.rejects
    FROM clusters AS c
    LEFT JOIN outcomes AS o ON o.cluster = c.name
    WHERE :cluster IS NULL OR c.name = :cluster
)
ORDER BY cluster;
