-- +goose Up

-- What a service needs that runs for years.

PRAGMA user_version = 3;

-- Retention. What the settings no longer keep goes, and the archive says so:
-- a prune is a row for each cluster and for each thing that it took, moved on
-- in the transactions that take it.
CREATE TABLE archive_prunes (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms           INTEGER NOT NULL,
    cluster         INTEGER NOT NULL REFERENCES archive_clusters (id),
    what            TEXT NOT NULL CHECK (what = 'completed' OR what = 'failed' OR what = 'cancelled' OR what = 'lost' OR what = 'runs'),
    older_than_ms   INTEGER NOT NULL,
    listed_until_ms INTEGER, -- lists of moments before this miss some of its jobs; NULL while it has none
    jobs            INTEGER NOT NULL DEFAULT 0 CHECK (jobs >= 0),
    transitions     INTEGER NOT NULL DEFAULT 0 CHECK (transitions >= 0),
    runs            INTEGER NOT NULL DEFAULT 0 CHECK (runs >= 0),
    file            TEXT CHECK (file <> ''),

    at           TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', at_ms / 1000.0, 'unixepoch')) VIRTUAL,
    older_than   TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', older_than_ms / 1000.0, 'unixepoch')) VIRTUAL,
    listed_until TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', listed_until_ms / 1000.0, 'unixepoch')) VIRTUAL,

    CHECK (iif(what = 'runs', jobs = 0 AND transitions = 0, runs = 0)),
    CHECK ((jobs > 0) = (listed_until_ms IS NOT NULL))
) STRICT;

-- What stays of a pruned job, for ever: enough to decide on it if it is still
-- listed, or listed again years later. Its columns mean what they mean in
-- archive_jobs. Sums go on counting it.
CREATE TABLE archive_pruned (
    cluster    INTEGER NOT NULL REFERENCES archive_clusters (id),
    seq        INTEGER NOT NULL,
    job_id     TEXT NOT NULL CHECK (job_id NOT IN ('', '0')),
    collection INTEGER REFERENCES archive_texts (id),
    state      TEXT NOT NULL CHECK (state = 'pending' OR state = 'running' OR state = 'completed' OR state = 'failed' OR state = 'cancelled' OR state = 'unknown'),
    raw_state  INTEGER REFERENCES archive_texts (id),

    appeared_after_ms INTEGER,
    first_seen_ms     INTEGER NOT NULL,
    state_after_ms    INTEGER,
    state_seen_ms     INTEGER NOT NULL,
    asked_ms          INTEGER NOT NULL,
    seen_ms           INTEGER NOT NULL,
    misses            INTEGER NOT NULL CHECK (misses >= 0),
    gone_ms           INTEGER,
    prune             INTEGER NOT NULL REFERENCES archive_prunes (id), -- that took it

    first_seen_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', first_seen_ms / 1000.0, 'unixepoch')) VIRTUAL,
    last_state_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', state_seen_ms / 1000.0, 'unixepoch')) VIRTUAL,
    gone_at       TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', gone_ms / 1000.0, 'unixepoch')) VIRTUAL,

    PRIMARY KEY (cluster, seq),
    CHECK (gone_ms IS NULL OR misses > 0),
    CHECK (gone_ms IS NOT NULL OR state = 'completed' OR state = 'failed' OR state = 'cancelled') -- what is open is not pruned
) STRICT, WITHOUT ROWID;

CREATE INDEX archive_pruned_listed ON archive_pruned (cluster, first_seen_at) WHERE gone_at IS NULL;

-- The prune that took the job's earlier history, where the job has a row again.
ALTER TABLE archive_jobs ADD COLUMN prune INTEGER REFERENCES archive_prunes (id);

-- How many of a run's transitions have been pruned, so that what it counts can
-- still be proved.
ALTER TABLE archive_runs ADD COLUMN pruned_appeared INTEGER NOT NULL DEFAULT 0 CHECK (pruned_appeared >= 0);
ALTER TABLE archive_runs ADD COLUMN pruned_moved INTEGER NOT NULL DEFAULT 0 CHECK (pruned_moved >= 0);
ALTER TABLE archive_runs ADD COLUMN pruned_gone INTEGER NOT NULL DEFAULT 0 CHECK (pruned_gone >= 0);
ALTER TABLE archive_runs ADD COLUMN pruned_returned INTEGER NOT NULL DEFAULT 0 CHECK (pruned_returned >= 0);

-- A run that a reject refers to stays; without this index each run that goes
-- would be a scan of all rejects.
CREATE INDEX archive_rejects_by_run ON archive_rejects (run);

-- History leaves only with a job whose tombstone stands already, a job only
-- then, and a tombstone only for the same job. So first_seen_at can't get
-- lost on the way in either direction.
-- +goose StatementBegin
CREATE TRIGGER archive_transitions_are_only_pruned
BEFORE DELETE ON archive_transitions
WHEN NOT EXISTS (SELECT * FROM archive_pruned AS p WHERE p.cluster = OLD.cluster AND p.seq = OLD.seq)
BEGIN
    SELECT RAISE(ABORT, 'transitions are append-only, but for those of pruned jobs');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER archive_jobs_are_only_pruned
BEFORE DELETE ON archive_jobs
WHEN NOT EXISTS (
    SELECT * FROM archive_pruned AS p
    WHERE p.cluster = OLD.cluster AND p.seq = OLD.seq AND p.job_id = OLD.job_id
      AND p.first_seen_ms = OLD.first_seen_ms AND p.appeared_after_ms IS OLD.appeared_after_ms)
BEGIN
    SELECT RAISE(ABORT, 'a job''s first sighting never changes: without its tombstone it is not deleted');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER archive_pruned_only_come_back
BEFORE DELETE ON archive_pruned
WHEN NOT EXISTS (
    SELECT * FROM archive_jobs AS j
    WHERE j.cluster = OLD.cluster AND j.seq = OLD.seq AND j.job_id = OLD.job_id
      AND j.first_seen_ms = OLD.first_seen_ms AND j.appeared_after_ms IS OLD.appeared_after_ms)
BEGIN
    SELECT RAISE(ABORT, 'a job''s first sighting never changes: its tombstone is kept until it has a row again');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER archive_pruned_first_seen_never_changes
BEFORE UPDATE OF cluster, seq, job_id, first_seen_ms, appeared_after_ms ON archive_pruned
BEGIN
    SELECT RAISE(ABORT, 'a job''s identity and first sighting never change');
END;
-- +goose StatementEnd

CREATE VIEW prunes AS
SELECT p.id, p.at, c.name AS cluster, p.what, p.older_than, p.listed_until, p.jobs, p.transitions, p.runs, p.file
FROM archive_prunes AS p
JOIN archive_clusters AS c ON c.id = p.cluster;

CREATE VIEW pruned AS
SELECT
    c.name AS cluster,
    p.job_id,
    n.text AS collection,
    p.state,
    w.text AS raw_state,
    p.first_seen_at,
    p.last_state_at,
    p.gone_at,
    iif(p.state IN ('completed', 'failed', 'cancelled'), p.state, 'lost') AS outcome,
    p.prune AS prune_id
FROM archive_pruned AS p
JOIN archive_clusters AS c ON c.id = p.cluster
LEFT JOIN archive_texts AS n ON n.id = p.collection
LEFT JOIN archive_texts AS w ON w.id = p.raw_state;

-- As it was, and when earlier history was pruned.
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
    j.changed_at,
    (SELECT at FROM archive_prunes WHERE id = j.prune) AS history_pruned_at
FROM archive_jobs AS j
JOIN archive_clusters AS c ON c.id = j.cluster
LEFT JOIN archive_texts AS n ON n.id = j.collection
LEFT JOIN archive_texts AS w ON w.id = j.raw_state;
