-- Durations
-- How long finished jobs took, as cells of a histogram: so many took at least and at most so long, both rounded outwards by a fifth at most.
--
-- day          day      the day (UTC) on which a look showed that they had finished
-- cluster      text     the cluster
-- collection   text?    the target collection
-- state        text     how they ended: completed, failed or cancelled
-- min_seconds  real     they took at least this long from appearing to finishing
-- max_seconds  real     they took at most this long
-- jobs         integer  how many; jobs that were there when we first looked are left out

SELECT day, cluster, collection, state, min_seconds, max_seconds, jobs
FROM durations
ORDER BY day, cluster, collection, state, min_seconds, max_seconds;
