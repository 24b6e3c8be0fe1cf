-- Throughput
-- How many rows and bytes a second each collection's imports loaded, between two bounds.
--
-- All rows of the jobs that completed are divided by all the time that these took from appearing to finishing, waiting
-- included. That time is known between two bounds, and so is what comes out, rounded outwards. Jobs of which the service told neither rows
-- nor bytes are left out, and so are pruned ones, and those of which nobody can say how long they took at most.
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
-- rows                  integer?  rows that they loaded, or where the service tells only that, that there were to load; NULL where it told none
-- min_rows_per_second   real?     they loaded at least so many rows a second …
-- max_rows_per_second   real?     … and at most so many; NULL where they may have taken no time at all
-- bytes                 integer?  the size of their files; NULL where the service told none
-- min_bytes_per_second  real?     they loaded at least so many bytes a second …
-- max_bytes_per_second  real?     … and at most so many; NULL where they may have taken no time at all

-- Rows and bytes may be known of different jobs, so each has seconds of its
-- own. What a service tells may be more than sum() can hold, which fails then.
SELECT cluster, collection, jobs,
    CAST(rows AS INTEGER) AS rows,
    max(0, round(rows / nullif(rows_max_seconds, 0) - 0.0005, 3)) AS min_rows_per_second,
    round(rows / nullif(rows_min_seconds, 0) + 0.0005, 3) AS max_rows_per_second,
    CAST(bytes AS INTEGER) AS bytes,
    max(0, round(bytes / nullif(bytes_max_seconds, 0) - 0.0005, 3)) AS min_bytes_per_second,
    round(bytes / nullif(bytes_min_seconds, 0) + 0.0005, 3) AS max_bytes_per_second
FROM (
    SELECT cluster, collection, count(*) AS jobs,
        iif(count(coalesce(imported_rows, total_rows)) > 0, total(coalesce(imported_rows, total_rows)), NULL) AS rows,
        total(max_seconds) FILTER (WHERE coalesce(imported_rows, total_rows) IS NOT NULL) AS rows_max_seconds,
        total(min_seconds) FILTER (WHERE coalesce(imported_rows, total_rows) IS NOT NULL) AS rows_min_seconds,
        iif(count(file_size) > 0, total(file_size), NULL) AS bytes,
        total(max_seconds) FILTER (WHERE file_size IS NOT NULL) AS bytes_max_seconds,
        total(min_seconds) FILTER (WHERE file_size IS NOT NULL) AS bytes_min_seconds
    FROM jobs
    WHERE state = 'completed' AND max_seconds IS NOT NULL
      AND (coalesce(imported_rows, total_rows) IS NOT NULL OR file_size IS NOT NULL)
      AND first_seen_at >= coalesce(:since, date(coalesce(:until, date('now', '+1 day')), '-' || coalesce(:days, 7) || ' days'))
      AND first_seen_at < coalesce(:until, '9')
      AND (:cluster IS NULL OR cluster = :cluster)
      AND (:collection IS NULL OR collection = :collection)
    GROUP BY cluster, collection
)
ORDER BY cluster, collection;
