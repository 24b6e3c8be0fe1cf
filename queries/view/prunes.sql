-- Prunes
-- What prunes deleted by the retention settings: one row for each prune, cluster and kind of thing.
--
-- id            integer   the prune's number; it grows
-- pruned_at     time      when it was done
-- cluster       text      the cluster
-- what          text      what it deleted: jobs that had completed, failed or been cancelled, lost jobs, runs, or rejects
-- older_than    time      it deleted what had ended before this, of rejects those that no listing has had since
-- listed_until  time?     lists of moments before this miss some of its jobs, later ones those that are listed still; NULL for runs and rejects
-- jobs          integer   jobs that it deleted
-- transitions   integer   their transitions
-- runs          integer   runs that it deleted
-- file          text?     the file to which the prune wrote all that before it deleted it; NULL: none
-- rejects       integer   rejects that it deleted

SELECT id, pruned_at, cluster, what, older_than, listed_until, jobs, transitions, runs, file, rejects
FROM prunes
ORDER BY id;
