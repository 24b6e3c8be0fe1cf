-- Success rate
-- How many of each collection's imports completed, of those whose end was seen in the last days.
--
-- :days       30    the last so many days, today included
-- :since            from this day on, instead of :days
-- :until            only days that began before this time
-- :cluster          only this cluster
-- :collection       only this collection
--
-- cluster          text      the cluster
-- collection       text?     the target collection
-- completed        integer   jobs that completed
-- failed           integer   jobs that failed
-- cancelled        integer   jobs that were cancelled; they count neither way
-- lost             integer   jobs that went away unfinished: how they ended is unknown
-- success_percent  real?     completed ones among those that completed or failed; NULL where there are none
-- min_percent      real?     the same if all lost ones failed
-- max_percent      real?     the same if all lost ones completed; the true value lies between, except for lost ones that were cancelled

SELECT cluster, collection, completed, failed, cancelled, lost,
    round(100.0 * completed / nullif(completed + failed, 0), 1) AS success_percent,
    round(100.0 * completed / nullif(completed + failed + lost, 0), 1) AS min_percent,
    round(100.0 * (completed + lost) / nullif(completed + failed + lost, 0), 1) AS max_percent
FROM (
    SELECT cluster, collection,
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
    GROUP BY cluster, collection
)
WHERE completed + failed + cancelled + lost > 0
ORDER BY cluster, collection;
