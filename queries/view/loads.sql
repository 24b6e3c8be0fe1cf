-- Loads
-- What completed jobs loaded and how long they took, by the day (UTC) on which a run first saw them.
--
-- utc_day            day       the day
-- cluster            text      the cluster
-- collection         text?     the target collection
-- jobs               integer   completed jobs whose service gave rows or bytes, and that took ten years at most; without pruned ones
-- loaded_rows        integer?  rows that they loaded, or where the service gives only that, rows to load; without numbers above 10^15, which the view jobs shows; NULL where it gave none
-- rows_min_seconds   real?     how long the jobs with known rows took together, at least …
-- rows_max_seconds   real?     … and at most
-- loaded_bytes       integer?  the size of their files; without numbers above 10^15; NULL where the service gave none
-- bytes_min_seconds  real?     how long the jobs with known bytes took together, at least …
-- bytes_max_seconds  real?     … and at most

SELECT utc_day, cluster, collection, jobs, loaded_rows, rows_min_seconds, rows_max_seconds, loaded_bytes, bytes_min_seconds, bytes_max_seconds
FROM loads
ORDER BY utc_day, cluster, collection;
