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
