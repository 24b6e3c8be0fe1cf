-- +goose Up

-- An absence counts once the service confirms it, and history rests while what
-- a list and an answer about one job say stays the same.

PRAGMA user_version = 7;

-- When the first of the complete listings in a row that lack the job was read;
-- NULL while the newest one has it. Of jobs that were missed before this column
-- came, their last sighting.
ALTER TABLE archive_jobs ADD COLUMN missed_ms INTEGER;
ALTER TABLE archive_jobs ADD COLUMN missed_since_at TEXT GENERATED ALWAYS AS
    (strftime('%Y-%m-%d %H:%M:%f', missed_ms / 1000.0, 'unixepoch')) VIRTUAL;
ALTER TABLE archive_pruned ADD COLUMN missed_ms INTEGER;
UPDATE archive_jobs SET missed_ms = coalesce(gone_ms, seen_ms) WHERE misses > 0;
UPDATE archive_pruned SET missed_ms = coalesce(gone_ms, seen_ms) WHERE misses > 0;

-- The words that each source said last, so that a source which repeats itself
-- is no news: the list's, where it is not raw_state (NULL: it is; 0: the list
-- has none), and that of the newest answer about the job alone.
ALTER TABLE archive_jobs ADD COLUMN listed_raw INTEGER;
ALTER TABLE archive_jobs ADD COLUMN described_raw INTEGER REFERENCES archive_texts (id);
ALTER TABLE archive_pruned ADD COLUMN listed_raw INTEGER;
ALTER TABLE archive_pruned ADD COLUMN described_raw INTEGER REFERENCES archive_texts (id);
UPDATE archive_jobs AS j SET described_raw =
    (SELECT d.raw_state FROM archive_details AS d WHERE d.cluster = j.cluster AND d.seq = j.seq);

-- What came of asking for jobs that a listing lacked.
ALTER TABLE archive_runs ADD COLUMN absences_asked INTEGER NOT NULL DEFAULT 0 CHECK (absences_asked >= 0);
ALTER TABLE archive_runs ADD COLUMN absences_confirmed INTEGER NOT NULL DEFAULT 0 CHECK (absences_confirmed >= 0);
ALTER TABLE archive_runs ADD COLUMN absences_denied INTEGER NOT NULL DEFAULT 0 CHECK (absences_denied >= 0);
ALTER TABLE archive_runs ADD COLUMN absences_undecided INTEGER NOT NULL DEFAULT 0 CHECK (absences_undecided >= 0);
ALTER TABLE archive_runs ADD COLUMN absences_unconfirmed INTEGER NOT NULL DEFAULT 0 CHECK (absences_unconfirmed >= 0);

-- That a job is missed is a change of its row.
DROP VIEW job_files;
DROP VIEW jobs;
DROP INDEX archive_jobs_by_change;
ALTER TABLE archive_jobs DROP COLUMN changed_at;
ALTER TABLE archive_jobs ADD COLUMN changed_at TEXT GENERATED ALWAYS AS
    (strftime('%Y-%m-%d %H:%M:%f', max(seen_ms, coalesce(gone_ms, 0), coalesce(told_ms, 0), coalesce(missed_ms, 0)) / 1000.0, 'unixepoch')) VIRTUAL;
CREATE INDEX archive_jobs_by_change ON archive_jobs (changed_at);

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
    d.extra AS details_extra,
    j.missed_since_at
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
    r.describe_failed,
    r.absences_asked,
    r.absences_confirmed,
    r.absences_denied,
    r.absences_undecided,
    r.absences_unconfirmed
FROM archive_runs AS r
JOIN archive_clusters AS c ON c.id = r.cluster;
