-- +goose Up

-- What reports need at ten million jobs: indexes for each filter, and sums
-- that move on in the transaction that moves the jobs. queries/check proves
-- that the sums agree with the rows.

PRAGMA user_version = 2;

-- When a row last changed, but for last_seen_at, which moves with every
-- complete listing and is not written.
ALTER TABLE archive_jobs ADD COLUMN changed_at TEXT GENERATED ALWAYS AS
    (strftime('%Y-%m-%d %H:%M:%f', max(seen_ms, coalesce(gone_ms, 0)) / 1000.0, 'unixepoch')) VIRTUAL;
ALTER TABLE archive_jobs ADD COLUMN state_not_before TEXT GENERATED ALWAYS AS
    (strftime('%Y-%m-%d %H:%M:%f', state_after_ms / 1000.0, 'unixepoch')) VIRTUAL;

CREATE INDEX archive_jobs_by_change ON archive_jobs (changed_at);
CREATE INDEX archive_jobs_by_collection ON archive_jobs (collection);
CREATE INDEX archive_jobs_unfinished ON archive_jobs (gone_at, first_seen_at)
    WHERE state <> 'completed' AND state <> 'failed' AND state <> 'cancelled';
CREATE INDEX archive_jobs_failed_by_cluster ON archive_jobs (cluster, last_state_at) WHERE state = 'failed';
CREATE INDEX archive_jobs_failed_by_collection ON archive_jobs (collection, last_state_at) WHERE state = 'failed';

-- The list as it stood at a moment is found among the jobs that appeared in
-- the days before it, and the few that stay for longer.
CREATE INDEX archive_jobs_that_stay ON archive_jobs (first_seen_at)
    WHERE gone_at IS NULL OR gone_at > datetime(first_seen_at, '+8 days');

-- And of jobs that were gone by then, and ended so, the newest.
CREATE INDEX archive_jobs_failed_by_first_seen ON archive_jobs (first_seen_at) WHERE state = 'failed';
CREATE INDEX archive_jobs_cancelled_by_first_seen ON archive_jobs (first_seen_at) WHERE state = 'cancelled';

CREATE INDEX archive_transitions_by_time ON archive_transitions (observed_at);
CREATE INDEX archive_transitions_renamed ON archive_transitions (observed_at) WHERE kind = 'renamed';

-- Within a cluster runs start in the order of their ids, so one index is
-- enough for both.
DROP INDEX archive_runs_by_cluster;
CREATE INDEX archive_runs_by_cluster_and_start ON archive_runs (cluster, started_at);
CREATE INDEX archive_runs_by_start ON archive_runs (started_at);
CREATE INDEX archive_runs_by_finish ON archive_runs (finished_at);
CREATE INDEX archive_runs_that_missed ON archive_runs (cluster, id) WHERE gone > 0;

-- In the sums, collection is the number of a text, and 0 for jobs that name no
-- collection: NULLs in a key would all differ.

-- Jobs as they are now, by the day (UTC) on which a look first showed it: that
-- they were there, that they had finished, that they were lost.
CREATE TABLE archive_days (
    day        TEXT NOT NULL CHECK (day IS date(day)),
    cluster    INTEGER NOT NULL REFERENCES archive_clusters (id),
    collection INTEGER NOT NULL,
    appeared   INTEGER NOT NULL DEFAULT 0 CHECK (appeared >= 0),
    completed  INTEGER NOT NULL DEFAULT 0 CHECK (completed >= 0),
    failed     INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
    cancelled  INTEGER NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    lost       INTEGER NOT NULL DEFAULT 0 CHECK (lost >= 0),
    PRIMARY KEY (day, cluster, collection)
) STRICT, WITHOUT ROWID;

-- Jobs as they are now, by outcome, and when a transition last named the
-- collection.
CREATE TABLE archive_collections (
    cluster    INTEGER NOT NULL REFERENCES archive_clusters (id),
    collection INTEGER NOT NULL,
    open       INTEGER NOT NULL DEFAULT 0 CHECK (open >= 0),
    completed  INTEGER NOT NULL DEFAULT 0 CHECK (completed >= 0),
    failed     INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
    cancelled  INTEGER NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    lost       INTEGER NOT NULL DEFAULT 0 CHECK (lost >= 0),
    active_ms  INTEGER NOT NULL DEFAULT 0,

    last_activity_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', active_ms / 1000.0, 'unixepoch')) VIRTUAL,

    PRIMARY KEY (cluster, collection)
) STRICT, WITHOUT ROWID;

-- How long finished jobs took, as a histogram of bounds: min_of jobs took at
-- least bound_ms, and max_of jobs at most. Each job has two bounds, rounded
-- outwards, to 10, 12, 14 … 28, 30, 35 … 95 of their decade, so that cells are
-- few. Jobs that were there when we first looked are left out: nobody knows how
-- long they had been.
CREATE TABLE archive_durations (
    cluster    INTEGER NOT NULL,
    collection INTEGER NOT NULL,
    -- How the days begin on which a look showed that they had finished: 2026,
    -- 2026-05, 2026-05-1 and 2026-05-14 are a year, a month, some ten days of it
    -- and a day. A long window is read as few long periods.
    period     TEXT NOT NULL CHECK (length(period) = 4 OR length(period) = 7 OR length(period) = 9 OR length(period) = 10),
    state      TEXT NOT NULL CHECK (state = 'completed' OR state = 'failed' OR state = 'cancelled'),
    bound_ms   INTEGER NOT NULL CHECK (bound_ms >= 0),
    min_of     INTEGER NOT NULL CHECK (min_of >= 0),
    max_of     INTEGER NOT NULL CHECK (max_of >= 0),
    PRIMARY KEY (cluster, collection, period, state, bound_ms),
    FOREIGN KEY (cluster, collection) REFERENCES archive_collections (cluster, collection)
) STRICT, WITHOUT ROWID;

INSERT INTO archive_days (day, cluster, collection, appeared, completed, failed, cancelled, lost)
SELECT day, cluster, collection,
    sum(what = 'appeared'), sum(what = 'completed'), sum(what = 'failed'), sum(what = 'cancelled'), sum(what = 'lost')
FROM (
    SELECT substr(first_seen_at, 1, 10) AS day, cluster, coalesce(collection, 0) AS collection, 'appeared' AS what FROM archive_jobs
    UNION ALL
    SELECT substr(last_state_at, 1, 10), cluster, coalesce(collection, 0), state FROM archive_jobs
    WHERE state IN ('completed', 'failed', 'cancelled')
    UNION ALL
    SELECT substr(gone_at, 1, 10), cluster, coalesce(collection, 0), 'lost' FROM archive_jobs
    WHERE state NOT IN ('completed', 'failed', 'cancelled') AND gone_ms IS NOT NULL
)
GROUP BY day, cluster, collection;

INSERT INTO archive_collections (cluster, collection, open, completed, failed, cancelled, lost, active_ms)
SELECT cluster, collection, sum(open), sum(completed), sum(failed), sum(cancelled), sum(lost), max(active_ms)
FROM (
    SELECT cluster, coalesce(collection, 0) AS collection,
        state NOT IN ('completed', 'failed', 'cancelled') AND gone_ms IS NULL AS open,
        state = 'completed' AS completed, state = 'failed' AS failed, state = 'cancelled' AS cancelled,
        state NOT IN ('completed', 'failed', 'cancelled') AND gone_ms IS NOT NULL AS lost,
        0 AS active_ms
    FROM archive_jobs
    UNION ALL
    SELECT cluster, coalesce(collection, 0), 0, 0, 0, 0, 0, observed_ms FROM archive_transitions
)
GROUP BY cluster, collection;

INSERT INTO archive_durations (cluster, collection, period, state, bound_ms, min_of, max_of)
WITH took AS (
    SELECT state, substr(last_state_at, 1, 10) AS day, cluster, coalesce(collection, 0) AS collection,
        max(0, coalesce(state_after_ms, 0) - first_seen_ms) AS least,
        state_seen_ms - appeared_after_ms AS most
    FROM archive_jobs
    WHERE state IN ('completed', 'failed', 'cancelled') AND appeared_after_ms IS NOT NULL
),
digits AS (
    -- The unit of a number's second digit: 1 for 7 and 42, 10 for 123.
    SELECT *,
        CAST(substr('100000000000000', 1, max(1, length(least) - 1)) AS INTEGER) AS least_unit,
        CAST(substr('100000000000000', 1, max(1, length(most) - 1)) AS INTEGER) AS most_unit
    FROM took
),
steps AS (
    SELECT *,
        least_unit * iif(least < 30 * least_unit, 2, 5) AS down,
        most_unit * iif(most < 30 * most_unit, 2, 5) AS up
    FROM digits
),
rounded AS MATERIALIZED (
    SELECT cluster, collection, day, state, least / down * down AS least_ms, (most + up - 1) / up * up AS most_ms, count(*) AS jobs
    FROM steps
    GROUP BY cluster, collection, day, state, least_ms, most_ms
),
bounds AS (
    SELECT cluster, collection, day, state, least_ms AS bound_ms, jobs AS min_of, 0 AS max_of FROM rounded
    UNION ALL
    SELECT cluster, collection, day, state, most_ms, 0, jobs FROM rounded
),
sizes (size) AS (VALUES (4), (7), (9), (10))
SELECT cluster, collection, substr(day, 1, size) AS period, state, bound_ms, sum(min_of), sum(max_of)
FROM bounds, sizes
GROUP BY cluster, collection, period, state, bound_ms;

DROP VIEW jobs;
CREATE VIEW jobs AS
SELECT
    c.name AS cluster,
    j.job_id,
    n.text AS collection,
    j.state,
    w.text AS raw_state,
    j.first_seen_at,
    j.last_state_at,
    -- A job that was in the newest complete listing is not rewritten for it.
    strftime('%Y-%m-%d %H:%M:%f',
        CASE WHEN j.misses = 0 THEN max(j.seen_ms, coalesce(c.complete_started_ms, j.seen_ms)) ELSE j.seen_ms END / 1000.0,
        'unixepoch') AS last_seen_at,
    j.gone_at,
    CASE
        WHEN j.state IN ('completed', 'failed', 'cancelled') THEN j.state
        WHEN j.gone_ms IS NULL THEN 'open'
        ELSE 'lost'
    END AS outcome,
    j.progress,
    j.reason,
    -- It appeared in (appeared_after, first_seen] and finished in (state_after, state_seen].
    CASE WHEN j.state IN ('completed', 'failed', 'cancelled')
        THEN max(0, coalesce(j.state_after_ms, 0) - j.first_seen_ms) / 1000.0
    END AS min_seconds,
    CASE WHEN j.state IN ('completed', 'failed', 'cancelled')
        THEN (j.state_seen_ms - j.appeared_after_ms) / 1000.0
    END AS max_seconds,
    j.extra,
    j.state_not_before,
    j.changed_at
FROM archive_jobs AS j
JOIN archive_clusters AS c ON c.id = j.cluster
LEFT JOIN archive_texts AS n ON n.id = j.collection
LEFT JOIN archive_texts AS w ON w.id = j.raw_state;

DROP VIEW clusters;
CREATE VIEW clusters AS
SELECT
    c.name,
    c.api,
    c.cluster_id,
    c.base_url,
    c.first_run_at,
    c.last_run_at,
    c.last_outcome,
    c.last_complete_at,
    c.failures,
    coalesce((SELECT sum(t.jobs) FROM archive_tally AS t WHERE t.cluster = c.id AND t.gone = 0), 0) AS listed,
    coalesce((SELECT sum(t.jobs) FROM archive_tally AS t WHERE t.cluster = c.id AND t.gone = 0
              AND t.state NOT IN ('completed', 'failed', 'cancelled')), 0) AS open,
    coalesce((SELECT sum(t.jobs) FROM archive_tally AS t WHERE t.cluster = c.id), 0) AS archived,
    c.complete_expected_s AS expected_seconds
FROM archive_clusters AS c;

CREATE VIEW days AS
SELECT d.day, c.name AS cluster, n.text AS collection, d.appeared, d.completed, d.failed, d.cancelled, d.lost
FROM archive_days AS d
JOIN archive_clusters AS c ON c.id = d.cluster
LEFT JOIN archive_texts AS n ON n.id = d.collection
WHERE d.appeared + d.completed + d.failed + d.cancelled + d.lost > 0;

CREATE VIEW collections AS
SELECT
    c.name AS cluster,
    n.text AS collection,
    s.open + s.completed + s.failed + s.cancelled + s.lost AS jobs,
    s.open, s.completed, s.failed, s.cancelled, s.lost,
    s.last_activity_at
FROM archive_collections AS s
JOIN archive_clusters AS c ON c.id = s.cluster
LEFT JOIN archive_texts AS n ON n.id = s.collection;

-- From the names to the cells, so that names are looked up for each collection
-- and not for each cell.
CREATE VIEW durations AS
SELECT d.period, c.name AS cluster, n.text AS collection, d.state, d.bound_ms / 1000.0 AS seconds, d.min_of, d.max_of
FROM archive_collections AS s
JOIN archive_clusters AS c ON c.id = s.cluster
LEFT JOIN archive_texts AS n ON n.id = s.collection
CROSS JOIN archive_durations AS d ON d.cluster = s.cluster AND d.collection = s.collection
WHERE d.min_of + d.max_of > 0;

-- As it was, but for the seconds of the open gap: the difference of two
-- doubles, rounded to what it means.
DROP VIEW gaps;
CREATE VIEW gaps AS
SELECT
    c.name AS cluster,
    g.started_at,
    g.ended_at,
    (g.ended_ms - g.started_ms) / 1000.0 AS seconds,
    g.expected_s AS expected_seconds
FROM archive_gaps AS g
JOIN archive_clusters AS c ON c.id = g.cluster
UNION ALL
SELECT
    c.name,
    c.last_complete_at,
    NULL,
    round(CAST(strftime('%s', 'now') AS INTEGER) - c.complete_finished_ms / 1000.0, 3),
    c.complete_expected_s
FROM archive_clusters AS c
WHERE CAST(strftime('%s', 'now') AS INTEGER) - c.complete_finished_ms / 1000.0 > 2 * c.complete_expected_s;
