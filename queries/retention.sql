-- Retention
-- How long each cluster keeps finished jobs in its list, measured here, and whether the schedule is quick enough for it.
--
-- Measured on each cluster's newest 100 jobs that were seen finished and then went away. The archive knows only between
-- which runs a job finished or went away, so each number is a pair: the true one is at least the first and at most the
-- second. The report leaves out jobs that were finished at the first run, jobs that have returned since, jobs with a
-- gap around their end or their absence, and absences that the service did not confirm. A job that finishes and goes
-- away between two runs can't be measured: where such jobs are many, they show as lost.
--
-- :cluster    only this cluster
--
-- cluster               text      the cluster
-- jobs                  integer   jobs that were measured
-- shortest_min_seconds  real?     the job that went away soonest was listed for at least this long after it had finished …
-- shortest_max_seconds  real?     … and at most this long
-- median_min_seconds    real?     the median is at least this …
-- median_max_seconds    real?     … and at most this
-- schedule_seconds      real?     from one run to the next, by the schedule
-- verdict               text      ok; too slow or may be too slow, as far as the bounds show it, with a schedule that would do; too few jobs yet, below five

WITH away AS MATERIALIZED (
    SELECT c.name AS cluster, t.id, t.not_before AS last_listed_at, t.observed_at AS gone_at, j.state_not_before, j.last_state_at
    FROM clusters AS c
    -- The newest runs in which 100 jobs went away, …
    CROSS JOIN runs AS r ON r.id IN (
        SELECT id FROM (
            SELECT id, sum(gone) OVER (ORDER BY id DESC) - gone AS newer
            FROM (SELECT id, gone FROM runs WHERE cluster = c.name AND gone > 0 AND absences_unconfirmed = 0
                AND abs(coalesce(clock_offset_seconds, 0)) <= 3600 -- a clock that was wrong measures nothing,
                AND +started_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') -- and neither do times that wait for the clock
                ORDER BY id DESC LIMIT 100)
        )
        WHERE newer < 100)
    -- … the newest 100 of each, …
    CROSS JOIN transitions AS t ON t.id IN (
        SELECT id FROM transitions
        WHERE run_id = r.id AND kind = 'gone' AND from_state IN ('completed', 'failed', 'cancelled')
        ORDER BY id DESC LIMIT 100)
    -- … and of these the jobs that have not returned since.
    CROSS JOIN jobs AS j ON j.cluster = t.cluster AND j.job_id = t.job_id AND j.gone_at = t.observed_at
    WHERE (:cluster IS NULL OR c.name = :cluster)
      AND j.state_not_before IS NOT NULL
),
blind AS MATERIALIZED (
    SELECT cluster, started_at, ended_at FROM gaps
    WHERE ended_at IS NULL OR ended_at > (SELECT min(state_not_before) FROM away)
),
measured AS (
    SELECT a.cluster,
        max(0.0, round((julianday(a.last_listed_at) - julianday(a.last_state_at)) * 86400, 3)) AS least,
        round((julianday(a.gone_at) - julianday(a.state_not_before)) * 86400, 3) AS most,
        row_number() OVER (PARTITION BY a.cluster ORDER BY a.id DESC) AS newest
    FROM away AS a
    LEFT JOIN blind AS g ON g.cluster = a.cluster
        AND g.started_at < a.gone_at AND (g.ended_at IS NULL OR g.ended_at > a.state_not_before)
    WHERE g.cluster IS NULL
),
ranked AS (
    SELECT cluster, least, most,
        row_number() OVER (PARTITION BY cluster ORDER BY least) AS least_rank,
        row_number() OVER (PARTITION BY cluster ORDER BY most) AS most_rank,
        count(*) OVER (PARTITION BY cluster) AS jobs
    FROM measured
    WHERE newest <= 100
),
kept AS (
    SELECT c.name AS cluster, count(r.cluster) AS jobs,
        min(r.least) AS shortest_min_seconds,
        min(r.most) AS shortest_max_seconds,
        max(iif(2 * r.least_rank <= r.jobs + 1, r.least, NULL)) AS median_min_seconds,
        max(iif(2 * r.most_rank <= r.jobs + 1, r.most, NULL)) AS median_max_seconds,
        c.expected_seconds AS schedule_seconds
    FROM clusters AS c
    LEFT JOIN ranked AS r ON r.cluster = c.name
    WHERE :cluster IS NULL OR c.name = :cluster
    GROUP BY c.name
)
SELECT cluster, jobs, shortest_min_seconds, shortest_max_seconds, median_min_seconds, median_max_seconds, schedule_seconds,
    CASE
        WHEN jobs < 5 THEN 'too few jobs yet'
        -- A job that stays for three intervals of the schedule is seen three times; the first and the last sighting are two
        -- intervals apart. A tenth is for jitter.
        WHEN shortest_min_seconds >= 1.9 * schedule_seconds THEN 'ok'
        ELSE iif(shortest_max_seconds < 3.1 * schedule_seconds, 'too slow: ', 'may be too slow: ')
            || 'a job went ' || iif(shortest_min_seconds < 1, 'at most ' || CAST(shortest_max_seconds AS INTEGER),
                CAST(shortest_min_seconds AS INTEGER) || ' to ' || CAST(shortest_max_seconds AS INTEGER)) || ' s after it had finished; '
            || iif(shortest_min_seconds >= 3, 'a sync every ' || CAST(shortest_min_seconds / 3 AS INTEGER) || ' s would do',
                'sync more often, and check again')
    END AS verdict
FROM kept
ORDER BY cluster;
