-- Totals
-- What each cluster has had since it was first archived, also what was pruned since: these never go down.
--
-- cluster           text     the cluster
-- runs_complete     integer  runs that had a complete listing
-- runs_partial      integer  runs that read a part
-- runs_failed       integer  runs that read nothing
-- runs_interrupted  integer  runs that were stopped or killed
-- pages             integer  pages read by runs that have ended
-- requests          integer  requests they made, retries among them
-- retries           integer  requests that were made again
-- appeared          integer  transitions: jobs that appeared
-- moved             integer  that moved to another state, or to another word for the same one
-- renamed           integer  whose collection was renamed
-- gone              integer  that were gone
-- returned          integer  that came back
-- rejects           integer  records that could not be archived, counted by each run
-- gaps              integer  gaps that have ended
-- gap_seconds       real     how long those lasted together
-- runs_quick        integer  runs that read only as far as something may have changed

SELECT cluster, runs_complete, runs_partial, runs_failed, runs_interrupted, pages, requests, retries,
    appeared, moved, renamed, gone, returned, rejects, gaps, gap_seconds, runs_quick
FROM totals
ORDER BY cluster;
