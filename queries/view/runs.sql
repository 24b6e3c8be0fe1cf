-- Runs
-- One row for each attempt to list one cluster: how it went, and what it found.
--
-- :changed_since    only those that ended at this time or later, or that go on
--
-- id                    integer   the run's number; it grows
-- cluster               text      the cluster
-- triggered_by          text      why it began: schedule, start, manual or demo
-- started_at            time      when it began
-- finished_at           time?     when it ended; NULL while it goes on
-- outcome               text?     complete, quick, partial, failed or interrupted; NULL while it goes on
-- pages                 integer?  pages that were read; NULL where the process was killed before it stored the number
-- requests              integer?  requests that were sent
-- retries               integer?  those that were sent again
-- listed                integer?  jobs that it read
-- appeared              integer   jobs that were new
-- moved                 integer   moves to another state, or to another word for the same one
-- gone                  integer   jobs that it found to be gone
-- returned              integer   gone jobs that were listed again
-- rejected              integer   records that could not be archived
-- error_kind            text?     auth, not-found, rate-limited, unavailable, protocol, cancelled, settings, tls, proxy or suspended
-- error                 text?     what went wrong
-- seconds               real?     how long it took; NULL where that is unknown
-- described             integer   jobs that it queried one by one after the listing, and got an answer for
-- describe_failed       integer   queries for one job that failed
-- absences_asked        integer   jobs that its listing lacked and that it queried one by one
-- absences_confirmed    integer   those of them that the service does not know: it confirmed the absence
-- absences_denied       integer   those that the service still knows: they are not gone
-- absences_undecided    integer   jobs that its listing lacked and whose absence the service neither confirmed nor denied
-- absences_unconfirmed  integer   jobs that are gone although the service has no call that could confirm it
-- clock_offset_seconds  real?     the service's clock minus this machine's, by the answer that was nearest; NULL: no answer had the service's clock

-- One branch for each index; the values decide which ones give rows.
SELECT id, cluster, triggered_by, started_at, finished_at, outcome, pages, requests, retries, listed,
    appeared, moved, gone, returned, rejected, error_kind, error, seconds, described, describe_failed,
    absences_asked, absences_confirmed, absences_denied, absences_undecided, absences_unconfirmed, clock_offset_seconds
FROM runs
WHERE :changed_since IS NULL
UNION ALL
SELECT * FROM (
    SELECT id, cluster, triggered_by, started_at, finished_at, outcome, pages, requests, retries, listed,
        appeared, moved, gone, returned, rejected, error_kind, error, seconds, described, describe_failed,
        absences_asked, absences_confirmed, absences_denied, absences_undecided, absences_unconfirmed, clock_offset_seconds
    FROM runs
    WHERE finished_at >= :changed_since
    ORDER BY finished_at LIMIT -1 -- the limit makes SQLite keep this order, and so use the index
)
UNION ALL
SELECT id, cluster, triggered_by, started_at, finished_at, outcome, pages, requests, retries, listed,
    appeared, moved, gone, returned, rejected, error_kind, error, seconds, described, describe_failed,
    absences_asked, absences_confirmed, absences_denied, absences_undecided, absences_unconfirmed, clock_offset_seconds
FROM runs
WHERE :changed_since IS NOT NULL AND finished_at IS NULL
ORDER BY id;
