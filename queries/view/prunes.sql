-- Prunes
-- What the archive no longer has, by the retention settings: one row for each prune, cluster and thing that it took.
--
-- id            integer   the prune's number; it grows
-- at            time      when it was done
-- cluster       text      the cluster
-- what          text      what it took: jobs that had completed, failed or been cancelled, lost jobs, or runs
-- older_than    time      it took what had ended before this
-- listed_until  time?     lists of moments before this miss some of its jobs, later ones those that are listed still; NULL for runs
-- jobs          integer   jobs that it took
-- transitions   integer   their transitions
-- runs          integer   runs that it took
-- file          text?     where all that was written before it was deleted; NULL: nowhere

SELECT id, at, cluster, what, older_than, listed_until, jobs, transitions, runs, file
FROM prunes
ORDER BY id;
