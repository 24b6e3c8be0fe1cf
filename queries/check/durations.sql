-- Durations are counted as they are
-- The histogram of how long jobs took agrees with the rows, each bound rounded outwards.

WITH took AS (
    SELECT state, substr(last_state_at, 1, 10) AS day, cluster, coalesce(collection, 0) AS collection,
        max(0, coalesce(state_after_ms, 0) - first_seen_ms) AS least,
        state_seen_ms - appeared_after_ms AS most
    FROM (
        SELECT state, last_state_at, cluster, collection, first_seen_ms, state_after_ms, state_seen_ms, appeared_after_ms FROM archive_jobs
        UNION ALL
        SELECT state, last_state_at, cluster, collection, first_seen_ms, state_after_ms, state_seen_ms, appeared_after_ms FROM archive_pruned
    )
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
)
SELECT state, day, cluster, collection, least_ms, most_ms, sum(jobs) AS difference
FROM (
    SELECT state, day, cluster, collection, least / down * down AS least_ms, (most + up - 1) / up * up AS most_ms, 1 AS jobs FROM steps
    UNION ALL
    SELECT state, day, cluster, collection, least_ms, most_ms, -jobs FROM archive_durations
)
GROUP BY state, day, cluster, collection, least_ms, most_ms
HAVING sum(jobs) <> 0;
