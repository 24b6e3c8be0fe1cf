-- +goose Up

-- What a service needs that runs for years.

PRAGMA user_version = 3;

-- What is told to people: see db/outbox.go.

-- The outbox. Facts are kept as they were when the notice was made, so that it
-- says the same however often it is sent, and whatever is pruned meanwhile.
-- transition is no foreign key: a notice may outlive it. AUTOINCREMENT, because
-- receivers know a notice by its id.
CREATE TABLE archive_notices (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT NOT NULL CHECK (kind = 'failed' OR kind = 'lost' OR kind = 'stale' OR kind = 'recovered' OR kind = 'retention'),
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
    archive  TEXT NOT NULL CHECK (archive <> ''), -- tells this archive's notices from another's
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
