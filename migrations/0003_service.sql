-- +goose Up

-- What a service needs that runs for years.

PRAGMA user_version = 3;

-- Which archive this is, and all its backups: another one may have the same
-- name and the same clusters.
CREATE TABLE archive_identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id  TEXT NOT NULL CHECK (length(id) = 32)
) STRICT;
INSERT INTO archive_identity (one, id) VALUES (1, lower(hex(randomblob(16))));

-- What is told to people: see db/outbox.go.

-- The outbox. Facts are kept as they were when the notice was made, so that it
-- says the same however often it is sent, and whatever is pruned meanwhile.
-- transition is no foreign key: a notice may outlive it. AUTOINCREMENT, because
-- receivers know a notice by its id.
CREATE TABLE archive_notices (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT NOT NULL CHECK (kind = 'failed' OR kind = 'lost' OR kind = 'found' OR kind = 'stale' OR kind = 'recovered' OR kind = 'retention'),
    cluster     TEXT NOT NULL CHECK (cluster <> ''),
    at_ms       INTEGER NOT NULL,
    transition  INTEGER UNIQUE, -- a transition is told of once, whatever the code does
    facts       TEXT NOT NULL CHECK (json_type(facts) = 'object'),
    attempts    INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0), -- counted before each one
    next_ms     INTEGER,                                          -- not before this; NULL: it is done with
    sent_ms     INTEGER,
    given_up_ms INTEGER,
    error       TEXT CHECK (error <> ''), -- of the newest attempt

    at              TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', at_ms / 1000.0, 'unixepoch')) VIRTUAL,
    next_attempt_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', next_ms / 1000.0, 'unixepoch')) VIRTUAL,
    sent_at         TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', sent_ms / 1000.0, 'unixepoch')) VIRTUAL,
    given_up_at     TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', given_up_ms / 1000.0, 'unixepoch')) VIRTUAL,

    CHECK ((next_ms IS NULL) + (sent_ms IS NULL) + (given_up_ms IS NULL) = 2),
    CHECK (sent_ms IS NULL OR attempts > 0),
    CHECK (sent_ms IS NULL OR error IS NULL),
    CHECK ((transition IS NULL) = (kind = 'stale' OR kind = 'recovered' OR kind = 'retention'))
) STRICT;

CREATE INDEX archive_notices_waiting ON archive_notices (id) WHERE next_ms IS NOT NULL;
CREATE INDEX archive_notices_done ON archive_notices (coalesce(sent_ms, given_up_ms)) WHERE next_ms IS NULL;

-- One row, made when somebody is first to be told or pinged.
CREATE TABLE archive_outbox (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    cursor   INTEGER, -- transitions up to this one have been looked at; NULL while nobody is to be told
    round_ms INTEGER  -- the newest complete listing of the round that was pinged last; NULL: no heartbeat yet
) STRICT;

-- What was last told of each cluster that is watched. By name: a cluster that
-- never had a run has no row yet.
CREATE TABLE archive_watched (
    cluster    TEXT PRIMARY KEY CHECK (cluster <> ''),
    since_ms   INTEGER NOT NULL, -- watched from then on; what counts while it was never complete
    stale_ms   INTEGER,          -- stale since this complete listing, or since it is watched; NULL: fresh
    too_slow   INTEGER NOT NULL DEFAULT 0 CHECK (too_slow IN (0, 1)) -- the schedule, for the measured retention
) STRICT, WITHOUT ROWID;

CREATE VIEW notices AS
SELECT
    id, kind, cluster, at, transition AS transition_id,
    json_extract(facts, '$.job_id') AS job_id,
    json_extract(facts, '$.collection') AS collection,
    facts, attempts, next_attempt_at, sent_at, given_up_at, error
FROM archive_notices;

-- What a cluster has had since it was first archived, moved on in the
-- transaction that moves the rows. It does not go down when old rows are
-- pruned, so a counter made of it never runs backwards, and it is read as
-- quickly after years. It stands in the cluster's own row, because every run
-- writes that anyway: in a table of its own it would cost each sync a page.
ALTER TABLE archive_clusters ADD COLUMN total_runs_complete INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archive_clusters ADD COLUMN total_runs_partial INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archive_clusters ADD COLUMN total_runs_failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archive_clusters ADD COLUMN total_runs_interrupted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archive_clusters ADD COLUMN total_pages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archive_clusters ADD COLUMN total_requests INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archive_clusters ADD COLUMN total_retries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archive_clusters ADD COLUMN total_appeared INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archive_clusters ADD COLUMN total_moved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archive_clusters ADD COLUMN total_renamed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archive_clusters ADD COLUMN total_gone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archive_clusters ADD COLUMN total_returned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archive_clusters ADD COLUMN total_rejects INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archive_clusters ADD COLUMN total_gaps INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archive_clusters ADD COLUMN total_gaps_ms INTEGER NOT NULL DEFAULT 0;

-- How much of a total has no row any more; what is a total's name, such as
-- 'runs_failed'.
CREATE TABLE archive_totals_pruned (
    cluster INTEGER NOT NULL REFERENCES archive_clusters (id),
    what    TEXT NOT NULL,
    n       INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (cluster, what)
) STRICT, WITHOUT ROWID;

UPDATE archive_clusters AS c SET
    total_runs_complete = r.complete, total_runs_partial = r.partial, total_runs_failed = r.failed,
    total_runs_interrupted = r.interrupted, total_pages = r.pages, total_requests = r.requests, total_retries = r.retries
FROM (
    SELECT cluster,
        total(outcome = 'complete') AS complete, total(outcome = 'partial') AS partial, total(outcome = 'failed') AS failed,
        total(outcome = 'interrupted') AS interrupted, total(pages) AS pages, total(requests) AS requests, total(retries) AS retries
    FROM archive_runs
    GROUP BY cluster
) AS r
WHERE r.cluster = c.id;

UPDATE archive_clusters AS c SET
    total_appeared = t.appeared, total_moved = t.moved, total_renamed = t.renamed, total_gone = t.gone, total_returned = t.returned
FROM (
    SELECT cluster,
        sum(kind = 'appeared') AS appeared, sum(kind = 'moved') AS moved, sum(kind = 'renamed') AS renamed,
        sum(kind = 'gone') AS gone, sum(kind = 'returned') AS returned
    FROM archive_transitions
    GROUP BY cluster
) AS t
WHERE t.cluster = c.id;

UPDATE archive_clusters AS c SET total_rejects = j.n
FROM (SELECT cluster, count(*) AS n FROM archive_rejects GROUP BY cluster) AS j
WHERE j.cluster = c.id;

UPDATE archive_clusters AS c SET total_gaps = g.n, total_gaps_ms = g.ms
FROM (SELECT cluster, count(*) AS n, sum(ended_ms - started_ms) AS ms FROM archive_gaps GROUP BY cluster) AS g
WHERE g.cluster = c.id;

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
    c.total_gaps_ms / 1000.0 AS gap_seconds
FROM archive_clusters AS c;

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
