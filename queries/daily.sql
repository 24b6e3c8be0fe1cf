-- Daily
-- What happened on each day (UTC): jobs that appeared, and how jobs ended, by the day on which a run first saw it.
--
-- :days       30    the last so many days, today included
-- :since            from this day on, instead of :days
-- :until            only days that began before this time
-- :cluster          only this cluster
-- :collection       only this collection
--
-- utc_day     day       the day, newest first
-- cluster     text      the cluster
-- appeared    integer   jobs that a listing first had on that day
-- completed   integer   jobs that were first seen completed on that day
-- failed      integer   jobs that were first seen failed
-- cancelled   integer   jobs that were first seen cancelled
-- lost        integer   jobs whose absence was confirmed on that day, and that no run saw finished

SELECT utc_day, cluster,
    sum(appeared) AS appeared,
    sum(completed) AS completed,
    sum(failed) AS failed,
    sum(cancelled) AS cancelled,
    sum(lost) AS lost
FROM days
WHERE utc_day >= coalesce(substr(:since, 1, 10),
        date(coalesce(substr(:until, 1, 10), date('now', '+1 day')), '-' || coalesce(:days, 30) || ' days'))
  AND utc_day < iif(substr(:until, 12) > '00:00:00.000', :until, coalesce(substr(:until, 1, 10), '9'))
  AND (:cluster IS NULL OR cluster = :cluster)
  AND (:collection IS NULL OR collection = :collection)
GROUP BY utc_day, cluster
ORDER BY utc_day DESC, cluster;
