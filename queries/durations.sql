-- Durations
-- How long imports took, from appearing to finishing, a collection: the median, the 95th percentile and the longest.
--
-- A job appears and finishes somewhere between two listings, so each number is a pair: the true one is at least the first
-- and at most the second. Both are rounded outwards, to 10, 12, 14 … 28, 30, 35 … 95 of their decade. Percentiles are of
-- the nearest rank. Jobs that the first listing had are left out, because how long they had been there is unknown.
--
-- :days       7          the last so many days, today included, by the day on which a run first saw the job finished
-- :since                 from this day on, instead of :days
-- :until                 only days that began before this time
-- :cluster               only this cluster
-- :collection            only this collection
-- :state      completed  how they ended: completed, failed or cancelled
--
-- cluster          text      the cluster
-- collection       text?     the target collection
-- jobs             integer   jobs that were measured
-- p50_min_seconds  real      the median is at least this …
-- p50_max_seconds  real      … and the median is at most this
-- p95_min_seconds  real      the 95th percentile is at least this …
-- p95_max_seconds  real      … and at most this
-- max_min_seconds  real      the longest took at least this long …
-- max_max_seconds  real      … and at most this long

-- The window is read as whole months and the days at its ends. A text that begins
-- with a period is greater than the period, and less than the period with a
-- colon, which follows 9.
WITH RECURSIVE around AS MATERIALIZED (
    -- Days without jobs may be included, which makes more months whole.
    SELECT
        coalesce((
            SELECT day FROM days
            WHERE day < coalesce(substr(:since, 1, 10),
                date(coalesce(substr(:until, 1, 10), date('now', '+1 day')), '-' || coalesce(:days, 7) || ' days'))
            ORDER BY day DESC LIMIT 1), '0') AS before,
        coalesce((
            SELECT day FROM days
            WHERE day >= iif(substr(:until, 12) > '00:00:00.000', :until, coalesce(substr(:until, 1, 10), '9'))
            ORDER BY day LIMIT 1), '9') AS after
),
periods (period) AS (
    SELECT before FROM around
    UNION ALL
    SELECT (
        SELECT CASE
            WHEN substr(day, 1, 7) > before AND substr(day, 1, 7) || ':' < after THEN substr(day, 1, 7)
            WHEN day < after THEN day
          END
        FROM days
        WHERE day > period || ':'
        ORDER BY day LIMIT 1)
    FROM periods, around
    WHERE period IS NOT NULL
),
cells AS (
    SELECT cluster, collection, seconds, sum(min_of) AS min_of, sum(max_of) AS max_of
    FROM around
    CROSS JOIN periods ON periods.period > before
    CROSS JOIN archive_durations_by_period AS durations ON durations.period = periods.period
    WHERE (:cluster IS NULL OR cluster = :cluster)
      AND (:collection IS NULL OR collection = :collection)
      AND state = coalesce(:state, 'completed')
    GROUP BY cluster, collection, seconds
),
ranked AS (
    SELECT cluster, collection, seconds, min_of, max_of,
        sum(min_of) OVER shorter AS min_rank,
        sum(max_of) OVER shorter AS max_rank,
        sum(min_of) OVER (PARTITION BY cluster, collection) AS jobs
    FROM cells
    WINDOW shorter AS (PARTITION BY cluster, collection ORDER BY seconds)
)
SELECT cluster, collection, max(jobs) AS jobs,
    min(iif(100 * min_rank >= 50 * jobs, seconds, NULL)) AS p50_min_seconds,
    min(iif(100 * max_rank >= 50 * jobs, seconds, NULL)) AS p50_max_seconds,
    min(iif(100 * min_rank >= 95 * jobs, seconds, NULL)) AS p95_min_seconds,
    min(iif(100 * max_rank >= 95 * jobs, seconds, NULL)) AS p95_max_seconds,
    max(iif(min_of > 0, seconds, NULL)) AS max_min_seconds,
    max(iif(max_of > 0, seconds, NULL)) AS max_max_seconds
FROM ranked
GROUP BY cluster, collection
ORDER BY cluster, collection;
