-- Loads
-- What completed jobs loaded and how long they took, by the day (UTC) on which a run first saw them.
--
-- day                day       the day
-- cluster            text      the cluster
-- collection         text?     the target collection
-- jobs               integer   completed jobs whose service gave rows or bytes, and that took ten years at most; without pruned ones
-- rows               integer?  rows that they loaded, or where the service gives only that, rows to load; without numbers above 10^15, which the view jobs shows; NULL where it gave none
-- rows_min_seconds   real?     those of which rows are known took at least so long, one after the other …
-- rows_max_seconds   real?     … and at most so long
-- bytes              integer?  the size of their files; without numbers above 10^15; NULL where the service gave none
-- bytes_min_seconds  real?     those of which bytes are known took at least so long, one after the other …
-- bytes_max_seconds  real?     … and at most so long

SELECT day, cluster, collection, jobs, rows, rows_min_seconds, rows_max_seconds, bytes, bytes_min_seconds, bytes_max_seconds
FROM loads
ORDER BY day, cluster, collection;
