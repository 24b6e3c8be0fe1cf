-- Durations
-- How long finished jobs took, as a histogram of bounds, by the day (UTC) on which a run first saw them finished.
--
-- utc_day      day      the day
-- cluster      text     the cluster
-- collection   text?    the target collection
-- state        text     how they ended: completed, failed or cancelled
-- seconds      real     a bound on how long they took from appearing to finishing, rounded outwards by a fifth at most
-- min_of       integer  how many jobs took at least this long: it is their lower bound, rounded down
-- max_of       integer  how many jobs took at most this long: it is their upper bound, rounded up

SELECT utc_day, cluster, collection, state, seconds, min_of, max_of
FROM durations
ORDER BY utc_day, cluster, collection, state, seconds;
