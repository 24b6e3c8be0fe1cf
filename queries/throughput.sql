-- Throughput
-- How many rows and bytes a second each collection's imports loaded, between two bounds.
--
-- The report divides the rows of all completed jobs by the time that they took from appearing to finishing, waiting
-- included. That time is known between two bounds, and so is the result, rounded outwards. The report leaves out jobs
-- whose service gave neither rows nor bytes, pruned jobs, and jobs that may have taken more than ten years. A number of
-- rows or bytes above 10^15 counts as not given; the view jobs shows it.
--
-- :days       7     jobs first seen in the last so many days, today included
-- :since            jobs first seen at this time or later, instead of :days
-- :until            only jobs first seen before this time
-- :cluster          only this cluster
-- :collection       only this collection
--
-- cluster               text      the cluster
-- collection            text?     the target collection
-- jobs                  integer   completed jobs that were measured
-- loaded_rows           integer?  rows that they loaded, or where the service gives only that, rows to load; without numbers above 10^15; NULL where it gave none
-- min_rows_per_second   real?     they loaded at least so many rows a second …
-- max_rows_per_second   real?     … and at most so many; NULL where they may have taken no time at all
-- loaded_bytes          integer?  the size of their files; without numbers above 10^15; NULL where the service gave none
-- min_bytes_per_second  real?     they loaded at least so many bytes a second …
-- max_bytes_per_second  real?     … and at most so many; NULL where they may have taken no time at all

-- Whole days are read as sums, and days that the window cuts as jobs. A sum of
-- many days may exceed what sum() can hold, which would fail; total() does not.
WITH span AS MATERIALIZED (
    SELECT since, until, date(since, iif(substr(since, 12) > '00:00:00.000', '+1 day', '+0 days')) AS first_day, coalesce(date(:until), '9') AS end_day
    FROM (
        SELECT
            coalesce(:since, date(coalesce(:until, date('now', '+1 day')), '-' || coalesce(:days, 7) || ' days')) AS since,
            coalesce(:until, '9') AS until
    )
),
cut (since, until) AS (
    SELECT since, min(first_day, until) FROM span
    UNION ALL
    SELECT max(first_day, end_day), until FROM span
),
parts AS (
    SELECT cluster, collection, jobs, loaded_rows, rows_min_seconds, rows_max_seconds, loaded_bytes, bytes_min_seconds, bytes_max_seconds
    FROM span
    CROSS JOIN loads ON loads.utc_day >= first_day AND loads.utc_day < end_day
    WHERE (:cluster IS NULL OR cluster = :cluster)
      AND (:collection IS NULL OR collection = :collection)
    UNION ALL
    SELECT cluster, collection, 1, rows, rows_min_ms / 1000.0, rows_max_ms / 1000.0, bytes, bytes_min_ms / 1000.0, bytes_max_ms / 1000.0
    FROM cut
    CROSS JOIN archive_loaded AS loaded ON loaded.first_seen_at >= cut.since AND loaded.first_seen_at < cut.until
    WHERE (:cluster IS NULL OR cluster = :cluster)
      AND (:collection IS NULL OR collection = :collection)
)
SELECT cluster, collection, jobs,
    CAST(loaded_rows AS INTEGER) AS loaded_rows,
    max(0, round(loaded_rows / nullif(rows_max_seconds, 0) - 0.0005, 3)) AS min_rows_per_second,
    round(loaded_rows / nullif(rows_min_seconds, 0) + 0.0005, 3) AS max_rows_per_second,
    CAST(loaded_bytes AS INTEGER) AS loaded_bytes,
    max(0, round(loaded_bytes / nullif(bytes_max_seconds, 0) - 0.0005, 3)) AS min_bytes_per_second,
    round(loaded_bytes / nullif(bytes_min_seconds, 0) + 0.0005, 3) AS max_bytes_per_second
FROM (
    -- Rows and bytes may be known of different jobs, so each has seconds of its own.
    SELECT cluster, collection, sum(jobs) AS jobs,
        iif(count(loaded_rows) > 0, total(loaded_rows), NULL) AS loaded_rows, total(rows_max_seconds) AS rows_max_seconds, total(rows_min_seconds) AS rows_min_seconds,
        iif(count(loaded_bytes) > 0, total(loaded_bytes), NULL) AS loaded_bytes, total(bytes_max_seconds) AS bytes_max_seconds, total(bytes_min_seconds) AS bytes_min_seconds
    FROM parts
    GROUP BY cluster, collection
)
ORDER BY cluster, collection;
