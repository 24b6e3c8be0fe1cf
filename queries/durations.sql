-- Durations
-- How long imports took, from appearing to finishing, by collection: the median, the 95th percentile and the longest.
--
-- A job appears and finishes somewhere between two listings, so each number is a pair: the true one is at least the first
-- and at most the second. Both are rounded outwards, to 10, 12, 14 … 28, 30, 35 … 95 of their decade. Percentiles are of
-- the nearest rank. The report leaves out jobs that the first listing had, because how long they had been there is unknown.
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

-- The window is read as whole months and the days at its ends. Months are in no
-- public view, so the report reads the tables. A text that begins with a period is
-- greater than the period, and less than the period with a colon, which follows 9.
WITH RECURSIVE around AS MATERIALIZED (
    -- Days without jobs may be included, which makes more months whole.
    SELECT
        coalesce((
            SELECT utc_day FROM days
            WHERE utc_day < coalesce(substr(:since, 1, 10),
                date(coalesce(substr(:until, 1, 10), date('now', '+1 day')), '-' || coalesce(:days, 7) || ' days'))
            ORDER BY utc_day DESC LIMIT 1), '0') AS before,
        coalesce((
            SELECT utc_day FROM days
            WHERE utc_day >= iif(substr(:until, 12) > '00:00:00.000', :until, coalesce(substr(:until, 1, 10), '9'))
            ORDER BY utc_day LIMIT 1), '9') AS after
),
periods (period) AS (
    SELECT before FROM around
    UNION ALL
    SELECT (
        SELECT CASE
            WHEN substr(utc_day, 1, 7) > before AND substr(utc_day, 1, 7) || ':' < after THEN substr(utc_day, 1, 7)
            WHEN utc_day < after THEN utc_day
          END
        FROM days
        WHERE utc_day > period || ':'
        ORDER BY utc_day LIMIT 1)
    FROM periods, around
    WHERE period IS NOT NULL
),
cells AS (
    -- By numbers, which sort faster than names.
    SELECT d.cluster, d.collection, d.bound_ms, sum(d.min_of) AS min_of, sum(d.max_of) AS max_of
    FROM archive_collections AS s
    CROSS JOIN around
    CROSS JOIN periods ON periods.period > before
    CROSS JOIN archive_durations AS d ON d.cluster = s.cluster AND d.collection = s.collection
        AND d.period = periods.period AND d.state = coalesce(:state, 'completed')
    WHERE (:cluster IS NULL OR s.cluster = (SELECT id FROM archive_clusters WHERE name = :cluster))
      AND (:collection IS NULL OR s.collection = (SELECT id FROM archive_texts WHERE text = :collection))
    GROUP BY d.cluster, d.collection, d.bound_ms
    HAVING sum(d.min_of) + sum(d.max_of) > 0
),
ranked AS (
    SELECT c.name AS cluster, n.text AS collection, bound_ms / 1000.0 AS seconds, min_of, max_of,
        sum(min_of) OVER shorter AS min_rank,
        sum(max_of) OVER shorter AS max_rank,
        sum(min_of) OVER (PARTITION BY cells.cluster, cells.collection) AS jobs
    FROM cells
    JOIN archive_clusters AS c ON c.id = cells.cluster
    LEFT JOIN archive_texts AS n ON n.id = cells.collection
    WINDOW shorter AS (PARTITION BY cells.cluster, cells.collection ORDER BY bound_ms)
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
