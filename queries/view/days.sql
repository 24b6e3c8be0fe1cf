-- Days
-- Jobs as they are now, by the day (UTC) on which a run first saw that they were listed, and how they ended.
--
-- utc_day     day      the day
-- cluster     text     the cluster
-- collection  text?    the target collection
-- appeared    integer  jobs that a listing first had on that day
-- completed   integer  jobs that were first seen completed on that day
-- failed      integer  jobs that were first seen failed
-- cancelled   integer  jobs that were first seen cancelled
-- lost        integer  jobs that were unfinished when their absence was confirmed on that day

SELECT utc_day, cluster, collection, appeared, completed, failed, cancelled, lost
FROM days
ORDER BY utc_day, cluster, collection;
