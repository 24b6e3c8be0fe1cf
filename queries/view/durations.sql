-- Durations
-- How long finished jobs took, as a histogram of bounds, for each day, and again for some ten days, months and years. Choose periods that don't overlap before summing.
--
-- period       text     how the days (UTC) begin on which a look showed that they had finished: 2026, 2026-05, 2026-05-1 or 2026-05-14
-- cluster      text     the cluster
-- collection   text?    the target collection
-- state        text     how they ended: completed, failed or cancelled
-- seconds      real     a bound on how long they took from appearing to finishing, rounded outwards by a fifth at most
-- min_of       integer  how many jobs took at least this long: it is their lower bound, rounded down
-- max_of       integer  how many jobs took at most this long: it is their upper bound, rounded up

SELECT period, cluster, collection, state, seconds, min_of, max_of
FROM durations
ORDER BY period, cluster, collection, state, seconds;
