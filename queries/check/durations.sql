-- The histogram of durations agrees with the jobs
-- The histogram of how long jobs took agrees with the rows by the day, each bound rounded outwards, and its months with their days.

WITH took AS (
    SELECT state, substr(last_state_at, 1, 10) AS day, cluster, coalesce(collection, 0) AS collection,
        max(0, coalesce(state_after_ms, 0) - first_seen_ms) AS least,
        state_seen_ms - appeared_after_ms AS most
    FROM archive_jobs
    WHERE state IN ('completed', 'failed', 'cancelled') AND appeared_after_ms IS NOT NULL
),
digits AS (
    -- The unit of a number's second digit: 1 for 7 and 42, 10 for 123.
    SELECT *,
        CAST(substr('100000000000000', 1, max(1, length(least) - 1)) AS INTEGER) AS least_unit,
        CAST(substr('100000000000000', 1, max(1, length(most) - 1)) AS INTEGER) AS most_unit
    FROM took
),
steps AS (
    SELECT *,
        least_unit * iif(least < 30 * least_unit, 2, 5) AS down,
        most_unit * iif(most < 30 * most_unit, 2, 5) AS up
    FROM digits
),
rounded AS MATERIALIZED (
    SELECT cluster, collection, day, state, least / down * down AS least_ms, (most + up - 1) / up * up AS most_ms, count(*) AS jobs
    FROM steps
    GROUP BY cluster, collection, day, state, least_ms, most_ms
)
SELECT cluster, collection, period, state, bound_ms, sum(min_of) AS min_difference, sum(max_of) AS max_difference
FROM (
    SELECT cluster, collection, day AS period, state, least_ms AS bound_ms, jobs AS min_of, 0 AS max_of FROM rounded
    UNION ALL
    SELECT cluster, collection, day, state, most_ms, 0, jobs FROM rounded
    UNION ALL
    SELECT cluster, collection, substr(period, 1, 7), state, bound_ms, min_of, max_of
    FROM archive_durations
    WHERE length(period) = 10
    UNION ALL
    SELECT cluster, collection, period, state, bound_ms, -min_of, -max_of FROM archive_durations
)
GROUP BY cluster, collection, period, state, bound_ms
HAVING sum(min_of) <> 0 OR sum(max_of) <> 0;
