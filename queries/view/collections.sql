-- Collections
-- Jobs as they are now, by collection, and when something last happened to one.
--
-- cluster           text     the cluster
-- collection        text?    the collection; NULL for jobs that name none
-- jobs              integer  all jobs archived
-- open_jobs         integer  listed, and not finished
-- completed         integer  completed
-- failed            integer  failed
-- cancelled         integer  cancelled
-- lost              integer  went away unfinished: how they ended is unknown
-- last_activity_at  time     when a run last saw something new of one of its jobs

SELECT cluster, collection, jobs, open_jobs, completed, failed, cancelled, lost, last_activity_at
FROM collections
ORDER BY cluster, collection;
