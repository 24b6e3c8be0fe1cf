-- Outcomes
-- Archived jobs by how they ended, one row a cluster that has any.
--
-- cluster    text     the cluster
-- open_jobs  integer  listed, and not finished
-- completed  integer  completed
-- failed     integer  failed
-- cancelled  integer  cancelled
-- lost       integer  went away unfinished: how they ended is unknown

SELECT cluster, open_jobs, completed, failed, cancelled, lost
FROM outcomes
ORDER BY cluster;
