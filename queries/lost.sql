-- Lost
-- Jobs that went away unfinished, newest first: how they ended is unknown.
--
-- :cluster          only this cluster
-- :collection       only this collection
-- :since            only those whose absence was confirmed at this time or later
-- :until            only those whose absence was confirmed before this time
-- :limit      50    how many; 0: all
--
-- cluster        text   the cluster
-- job_id         text   the job's id
-- collection     text?  the target collection
-- state          text   the state it was last seen in
-- first_seen_at  time   when a listing first had it
-- last_seen_at   time   the newest listing known to have had it
-- gone_at        time   when its absence was confirmed

-- One branch without filters and one with; the values decide which one gives rows.
-- The filtered jobs may be few among all that were lost, so the second branch
-- reads only the days that have some by the sums.
WITH wanted AS (
    -- One pair of bounds a day. With a second pair for the whole span, SQLite may search that span once for each day.
    SELECT max(utc_day, coalesce(:since, '')) AS lower, min(date(utc_day, '+1 day'), coalesce(:until, '9')) AS upper,
        sum(whole) OVER (ORDER BY utc_day DESC) - whole AS newer
    FROM (
        -- A day that :until cuts may have its lost jobs after the cut, so it counts as none.
        SELECT utc_day, iif(date(utc_day, '+1 day') <= coalesce(:until, '9'), sum(lost), 0) AS whole
        FROM days
        WHERE (:cluster IS NOT NULL OR :collection IS NOT NULL)
          AND lost > 0
          AND utc_day >= coalesce(substr(:since, 1, 10), '') AND utc_day < coalesce(:until, '9')
          AND (:cluster IS NULL OR cluster = :cluster)
          AND (:collection IS NULL OR collection = :collection)
        GROUP BY utc_day
    )
)
SELECT * FROM (
    SELECT cluster, job_id, collection, state, first_seen_at, last_seen_at, gone_at
    FROM jobs
    WHERE :cluster IS NULL AND :collection IS NULL
      -- SQLite uses the partial index of unfinished jobs only if the condition is spelled as in its WHERE.
      AND state <> 'completed' AND state <> 'failed' AND state <> 'cancelled'
      AND gone_at >= coalesce(:since, '') AND gone_at < coalesce(:until, '9')
    ORDER BY gone_at DESC, cluster, job_id
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
UNION ALL
SELECT * FROM (
    SELECT cluster, job_id, collection, state, first_seen_at, last_seen_at, gone_at
    FROM wanted
    CROSS JOIN jobs ON gone_at >= lower AND gone_at < upper
    WHERE (:limit = 0 OR newer < coalesce(:limit, 50))
      AND state <> 'completed' AND state <> 'failed' AND state <> 'cancelled'
      AND (:cluster IS NULL OR cluster = :cluster)
      AND (:collection IS NULL OR collection = :collection)
    ORDER BY gone_at DESC, cluster, job_id
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
ORDER BY gone_at DESC, cluster, job_id;
