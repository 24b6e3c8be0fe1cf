-- Runs
-- Each attempt to list a cluster, newest first: how it went, and what it found.
--
-- :cluster          only this cluster
-- :since            only those that began at this time or later
-- :until            only those that began before this time
-- :limit      50    how many; 0: all
--
-- id               integer   the run's number; it grows
-- cluster          text      the cluster
-- triggered_by     text      why it began: schedule, start, manual or demo
-- started_at       time      when it began
-- finished_at      time?     when it ended; NULL while it goes on
-- outcome          text?     complete, quick, partial, failed or interrupted; NULL while it goes on
-- seconds          real?     how long it took; NULL where that is unknown
-- pages            integer?  pages that were read
-- requests         integer?  requests that were sent
-- retries          integer?  those that were sent again
-- listed           integer?  jobs that it read
-- appeared         integer   jobs that were new
-- moved            integer   jobs in another state
-- gone             integer   jobs whose absence it confirmed
-- returned         integer   gone jobs that were listed again
-- rejected         integer   records that could not be archived
-- error_kind       text?     auth, not-found, rate-limited, unavailable, protocol, cancelled, settings, tls, proxy or suspended
-- error            text?     what went wrong
-- described        integer   jobs that it queried one by one after the listing, and got an answer for
-- describe_failed  integer   queries for one job that failed

-- One branch for each index; the values decide which one gives rows.
SELECT * FROM (
    SELECT id, cluster, triggered_by, started_at, finished_at, outcome, seconds, pages, requests, retries, listed,
        appeared, moved, gone, returned, rejected, error_kind, error, described, describe_failed
    FROM runs
    WHERE :cluster IS NULL
      AND started_at >= coalesce(:since, '') AND started_at < coalesce(:until, '9')
    ORDER BY started_at DESC, id DESC
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
UNION ALL
SELECT * FROM (
    SELECT id, cluster, triggered_by, started_at, finished_at, outcome, seconds, pages, requests, retries, listed,
        appeared, moved, gone, returned, rejected, error_kind, error, described, describe_failed
    FROM runs
    WHERE cluster = :cluster
      AND started_at >= coalesce(:since, '') AND started_at < coalesce(:until, '9')
    ORDER BY started_at DESC, id DESC
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
ORDER BY started_at DESC, id DESC;
