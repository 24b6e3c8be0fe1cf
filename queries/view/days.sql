-- Days
-- Jobs as they are now, by the day (UTC) on which a look first showed it: that they were there, how they ended.
--
-- day         day      the day
-- cluster     text     the cluster
-- collection  text?    the target collection
-- appeared    integer  jobs that a listing first had on that day
-- completed   integer  jobs that were first seen completed on that day
-- failed      integer  jobs that were first seen failed
-- cancelled   integer  jobs that were first seen cancelled
-- lost        integer  jobs whose absence was confirmed on that day, and that nobody saw finished

SELECT day, cluster, collection, appeared, completed, failed, cancelled, lost
FROM days
ORDER BY day, cluster, collection;
