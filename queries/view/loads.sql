-- Loads
-- What completed jobs loaded and how long they took, by the day (UTC) on which a run first saw them.
--
-- day                day       the day
-- cluster            text      the cluster
-- collection         text?     the target collection
-- jobs               integer   completed jobs whose service gave rows or bytes, and that took ten years at most; without pruned ones
-- rows               integer?  rows that they loaded, or where the service gives only that, rows to load; without numbers above 10^15, which the view jobs shows; NULL where it gave none
-- rows_min_seconds   real?     how long the jobs with known rows took together, at least …
-- rows_max_seconds   real?     … and at most
-- bytes              integer?  the size of their files; without numbers above 10^15; NULL where the service gave none
-- bytes_min_seconds  real?     how long the jobs with known bytes took together, at least …
-- bytes_max_seconds  real?     … and at most

SELECT day, cluster, collection, jobs, rows, rows_min_seconds, rows_max_seconds, bytes, bytes_min_seconds, bytes_max_seconds
FROM loads
ORDER BY day, cluster, collection;
