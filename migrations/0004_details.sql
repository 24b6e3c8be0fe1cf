-- +goose Up

-- What a service says of a job when it is asked for that job alone: why it
-- failed, how far it is, how much it loads, and when by its own clock. Lists
-- say little of that, and once the service has forgotten the job nobody can
-- ask.

PRAGMA user_version = 4;

-- 1: asking again would bring nothing new, because the job was told of after it
-- had been seen finished, or because the service has forgotten it. What moves
-- or returns is unsettled again. Jobs that were finished before details were
-- kept are asked for while they are listed.
ALTER TABLE archive_jobs ADD COLUMN settled INTEGER NOT NULL DEFAULT 0 CHECK (settled = 0 OR settled = 1);
ALTER TABLE archive_jobs ADD COLUMN told_ms INTEGER; -- as in archive_details, for changed_at

-- By state, because failed jobs are asked for first.
CREATE INDEX archive_jobs_unsettled ON archive_jobs (cluster, state, seq) WHERE settled = 0 AND gone_ms IS NULL;

-- New details are a change of the row, or whoever reads only what has changed
-- would never see them.
DROP VIEW jobs;
DROP INDEX archive_jobs_by_change;
ALTER TABLE archive_jobs DROP COLUMN changed_at;
ALTER TABLE archive_jobs ADD COLUMN changed_at TEXT GENERATED ALWAYS AS
    (strftime('%Y-%m-%d %H:%M:%f', max(seen_ms, coalesce(gone_ms, 0), coalesce(told_ms, 0)) / 1000.0, 'unixepoch')) VIRTUAL;
CREATE INDEX archive_jobs_by_change ON archive_jobs (changed_at);

-- The newest answer that was not the same as the one before it. It leaves with
-- its job.
CREATE TABLE archive_details (
    cluster       INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    asked_ms      INTEGER NOT NULL, -- it was asked for …
    told_ms       INTEGER NOT NULL, -- … and received
    raw_state     INTEGER REFERENCES archive_texts (id),
    progress      ANY CHECK (progress IS NULL OR (typeof(progress) IN ('integer', 'real') AND progress BETWEEN 0 AND 100)),
    progress_raw  TEXT CHECK (progress_raw <> ''), -- as it was sent, also where it makes no sense
    reason        TEXT CHECK (reason <> ''),
    file_name     TEXT CHECK (file_name <> ''),
    file_size     INTEGER CHECK (file_size >= 0),
    total_rows    INTEGER CHECK (total_rows >= 0),
    imported_rows INTEGER CHECK (imported_rows >= 0),
    created_ms    INTEGER CHECK (created_ms BETWEEN -62167219200000 AND 253402300799999), -- by the service's own clock,
    completed_ms  INTEGER CHECK (completed_ms BETWEEN -62167219200000 AND 253402300799999), -- in years that have four digits
    extra         TEXT CHECK (extra IS NULL OR json_valid(extra)),

    created_by_ms   INTEGER GENERATED ALWAYS AS (created_ms + iif(created_ms % 1000 = 0, 999, 0)) VIRTUAL,
    completed_by_ms INTEGER GENERATED ALWAYS AS (completed_ms + iif(completed_ms % 1000 = 0, 999, 0)) VIRTUAL,
    told_at      TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', told_ms / 1000.0, 'unixepoch')) VIRTUAL,
    created_at   TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', created_ms / 1000.0, 'unixepoch')) VIRTUAL,
    completed_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', completed_ms / 1000.0, 'unixepoch')) VIRTUAL,

    PRIMARY KEY (cluster, seq),
    FOREIGN KEY (cluster, seq) REFERENCES archive_jobs (cluster, seq) ON DELETE CASCADE,
    CHECK (asked_ms <= told_ms)
) STRICT, WITHOUT ROWID;

-- What the same answer says of each file that the job loads, in its order.
CREATE TABLE archive_files (
    cluster       INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    n             INTEGER NOT NULL CHECK (n > 0),
    name          TEXT CHECK (name <> ''),
    size          INTEGER CHECK (size >= 0),
    total_rows    INTEGER CHECK (total_rows >= 0),
    imported_rows INTEGER CHECK (imported_rows >= 0),
    raw_state     INTEGER REFERENCES archive_texts (id),
    progress      ANY CHECK (progress IS NULL OR (typeof(progress) IN ('integer', 'real') AND progress BETWEEN 0 AND 100)),
    progress_raw  TEXT CHECK (progress_raw <> ''),
    reason        TEXT CHECK (reason <> ''),
    completed_ms  INTEGER CHECK (completed_ms BETWEEN -62167219200000 AND 253402300799999),
    extra         TEXT CHECK (extra IS NULL OR json_valid(extra)),

    completed_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', completed_ms / 1000.0, 'unixepoch')) VIRTUAL,

    PRIMARY KEY (cluster, seq, n),
    FOREIGN KEY (cluster, seq) REFERENCES archive_details (cluster, seq) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

ALTER TABLE archive_runs ADD COLUMN described INTEGER NOT NULL DEFAULT 0 CHECK (described >= 0);
ALTER TABLE archive_runs ADD COLUMN describe_failed INTEGER NOT NULL DEFAULT 0 CHECK (describe_failed >= 0);

-- As it was, and what the details say. A service's own times narrow the bounds
-- (t) where all of them lie within ours; where one contradicts ours, its clock
-- is another one, and ours stay. Where it tells both, only their difference
-- counts, which does not depend on whose clock is right. A time of whole seconds
-- may have lost its fraction, so it is as good as the second that it begins.
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
    coalesce(j.progress, d.progress) AS progress,
    coalesce(j.reason, d.reason) AS reason,
    -- It appeared in (appeared_after, first_seen] and finished in (state_after, state_seen].
    CASE WHEN j.state IN ('completed', 'failed', 'cancelled')
        THEN max(0, coalesce(j.state_after_ms, 0) - j.first_seen_ms,
            coalesce(t.completed_ms, j.state_after_ms, 0) - coalesce(t.created_by_ms, j.first_seen_ms)) / 1000.0
    END AS min_seconds,
    CASE WHEN j.state IN ('completed', 'failed', 'cancelled')
        THEN min(coalesce(j.state_seen_ms - j.appeared_after_ms, 9e18),
            coalesce(t.completed_by_ms, j.state_seen_ms) - coalesce(t.created_ms, j.appeared_after_ms)) / 1000.0
    END AS max_seconds,
    j.extra,
    j.state_not_before,
    j.changed_at,
    (SELECT at FROM archive_prunes WHERE id = j.prune) AS history_pruned_at,
    d.file_name,
    d.file_size,
    d.total_rows,
    d.imported_rows,
    d.created_at,
    d.completed_at,
    d.progress_raw,
    d.told_at AS described_at,
    d.extra AS details_extra
FROM archive_jobs AS j
JOIN archive_clusters AS c ON c.id = j.cluster
LEFT JOIN archive_texts AS n ON n.id = j.collection
LEFT JOIN archive_texts AS w ON w.id = j.raw_state
LEFT JOIN archive_details AS d ON d.cluster = j.cluster AND d.seq = j.seq
LEFT JOIN archive_details AS t ON t.cluster = j.cluster AND t.seq = j.seq
    AND (t.created_ms <= j.first_seen_ms AND t.created_by_ms > coalesce(j.appeared_after_ms, -1e18)) IS NOT FALSE
    AND (t.completed_ms <= j.state_seen_ms AND t.completed_by_ms > coalesce(j.state_after_ms, -1e18)) IS NOT FALSE
    AND (t.created_ms <= t.completed_by_ms) IS NOT FALSE;

CREATE VIEW job_files AS
SELECT
    c.name AS cluster,
    j.job_id,
    f.n,
    f.name,
    f.size,
    f.total_rows,
    f.imported_rows,
    w.text AS raw_state,
    f.progress,
    f.progress_raw,
    f.reason,
    f.completed_at,
    f.extra,
    j.changed_at
FROM archive_files AS f
JOIN archive_clusters AS c ON c.id = f.cluster
JOIN archive_jobs AS j ON j.cluster = f.cluster AND j.seq = f.seq
LEFT JOIN archive_texts AS w ON w.id = f.raw_state;

-- As it was, and how asking for jobs went after the listing.
DROP VIEW runs;
CREATE VIEW runs AS
SELECT
    r.id,
    c.name AS cluster,
    r.trigger,
    r.started_at,
    r.finished_at,
    r.outcome,
    r.pages,
    r.requests,
    r.retries,
    r.listed,
    r.appeared,
    r.moved,
    r.gone,
    r.returned,
    r.rejected,
    r.error_kind,
    r.error,
    -- When an interrupted run really ended nobody knows.
    CASE WHEN r.outcome <> 'interrupted' OR r.error_kind IS NOT NULL THEN (r.finished_ms - r.started_ms) / 1000.0 END AS seconds,
    r.described,
    r.describe_failed
FROM archive_runs AS r
JOIN archive_clusters AS c ON c.id = r.cluster;
