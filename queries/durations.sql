-- Durations
-- How long imports took, from appearing to finishing, a collection: the median, the 95th percentile and the longest.
--
-- Nobody tells us when a job appeared or finished, only between which looks. So each number is a pair: the true one is
-- at least the first and at most the second. Both are rounded outwards, to 10, 12, 14 … 28, 30, 35 … 95 of their decade.
-- Percentiles are of the nearest rank. Jobs that were there when we first looked are left out: nobody knows how long they
-- had been.
--
-- :days       7          the last so many days, today included, by the day on which a look showed that it had finished
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

WITH cells AS MATERIALIZED (
    SELECT cluster, collection, min_seconds, max_seconds, sum(jobs) AS jobs
    FROM durations
    WHERE day >= coalesce(substr(:since, 1, 10),
            date(coalesce(substr(:until, 1, 10), date('now', '+1 day')), '-' || coalesce(:days, 7) || ' days'))
      AND day < iif(substr(:until, 12) > '00:00:00.000', :until, coalesce(substr(:until, 1, 10), '9'))
      AND (:cluster IS NULL OR cluster = :cluster)
      AND (:collection IS NULL OR collection = :collection)
      AND state = coalesce(:state, 'completed')
    GROUP BY 1, 2, 3, 4
),
bounds AS (
    SELECT cluster, collection, 'min' AS side, min_seconds AS seconds, sum(jobs) AS jobs FROM cells GROUP BY 1, 2, 4
    UNION ALL
    SELECT cluster, collection, 'max', max_seconds, sum(jobs) FROM cells GROUP BY 1, 2, 4
),
ranked AS (
    SELECT cluster, collection, side, seconds,
        sum(jobs) OVER (PARTITION BY cluster, collection, side ORDER BY seconds) AS rank,
        sum(jobs) OVER (PARTITION BY cluster, collection, side) AS jobs
    FROM bounds
)
SELECT cluster, collection, max(jobs) AS jobs,
    min(iif(side = 'min' AND 100 * rank >= 50 * jobs, seconds, NULL)) AS p50_min_seconds,
    min(iif(side = 'max' AND 100 * rank >= 50 * jobs, seconds, NULL)) AS p50_max_seconds,
    min(iif(side = 'min' AND 100 * rank >= 95 * jobs, seconds, NULL)) AS p95_min_seconds,
    min(iif(side = 'max' AND 100 * rank >= 95 * jobs, seconds, NULL)) AS p95_max_seconds,
    max(iif(side = 'min', seconds, NULL)) AS max_min_seconds,
    max(iif(side = 'max', seconds, NULL)) AS max_max_seconds
FROM ranked
GROUP BY cluster, collection
ORDER BY cluster, collection;
