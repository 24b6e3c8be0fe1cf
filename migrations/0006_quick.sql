-- +goose Up

-- Quick listings. Where a service has proven to list newest first, most runs
-- read only as far as something may have changed. They are not complete, and
-- conclude nothing from what they did not see.

PRAGMA user_version = 6;

-- How many complete listings in a row have shown that the list is newest first
-- and keeps its order: what appeared stood before all that was known. One that
-- shows otherwise makes it 0. And when the first of them ended.
ALTER TABLE archive_clusters ADD COLUMN newest_first INTEGER NOT NULL DEFAULT 0 CHECK (newest_first >= 0);
ALTER TABLE archive_clusters ADD COLUMN newest_first_ms INTEGER;

-- The end of the newest listing that was complete or quick. Gaps begin there:
-- a quick one has looked for all that is new and all that is open.
ALTER TABLE archive_clusters ADD COLUMN looked_ms INTEGER;
ALTER TABLE archive_clusters ADD COLUMN last_look_at TEXT GENERATED ALWAYS AS
    (strftime('%Y-%m-%d %H:%M:%f', looked_ms / 1000.0, 'unixepoch')) VIRTUAL;
UPDATE archive_clusters SET looked_ms = complete_finished_ms;

ALTER TABLE archive_clusters ADD COLUMN total_runs_quick INTEGER NOT NULL DEFAULT 0;

-- A CHECK can't be altered, and a table that others refer to can't be made anew
-- within a transaction; SQLite's documentation has this way for what leaves the
-- rows as they are. Rows written before keep the new CHECKs: they allow more.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (last_outcome = ''complete'' OR ', 'CHECK (last_outcome = ''complete'' OR last_outcome = ''quick'' OR ')
WHERE name = 'archive_clusters';
UPDATE sqlite_schema SET sql = replace(replace(sql,
    'CHECK (outcome = ''complete'' OR ', 'CHECK (outcome = ''complete'' OR outcome = ''quick'' OR '),
    'CHECK (outcome IS NOT ''complete'' OR ', 'CHECK ((outcome IS NOT ''complete'' AND outcome IS NOT ''quick'') OR ')
WHERE name = 'archive_runs';
PRAGMA writable_schema = RESET;

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
    c.complete_expected_s AS expected_seconds,
    c.last_look_at
FROM archive_clusters AS c;

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
    c.last_look_at,
    NULL,
    round(CAST(strftime('%s', 'now') AS INTEGER) - c.looked_ms / 1000.0, 3),
    c.complete_expected_s
FROM archive_clusters AS c
WHERE CAST(strftime('%s', 'now') AS INTEGER) - c.looked_ms / 1000.0 > 2 * c.complete_expected_s;

DROP VIEW totals;
CREATE VIEW totals AS
SELECT
    c.name AS cluster,
    c.total_runs_complete AS runs_complete,
    c.total_runs_partial AS runs_partial,
    c.total_runs_failed AS runs_failed,
    c.total_runs_interrupted AS runs_interrupted,
    c.total_pages AS pages,
    c.total_requests AS requests,
    c.total_retries AS retries,
    c.total_appeared AS appeared,
    c.total_moved AS moved,
    c.total_renamed AS renamed,
    c.total_gone AS gone,
    c.total_returned AS returned,
    c.total_rejects AS rejects,
    c.total_gaps AS gaps,
    c.total_gaps_ms / 1000.0 AS gap_seconds,
    c.total_runs_quick AS runs_quick
FROM archive_clusters AS c;
