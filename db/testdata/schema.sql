-- The whole schema after all migrations. `go test ./db -run Schema -update` writes this file.

CREATE INDEX archive_gaps_by_cluster ON archive_gaps (cluster, started_ms);

CREATE INDEX archive_jobs_by_change ON archive_jobs (changed_at);

CREATE INDEX archive_jobs_by_collection ON archive_jobs (collection);

CREATE INDEX archive_jobs_by_first_seen ON archive_jobs (first_seen_at);

CREATE UNIQUE INDEX archive_jobs_by_id ON archive_jobs (job_id, cluster);

CREATE INDEX archive_jobs_cancelled_by_first_seen ON archive_jobs (first_seen_at) WHERE state = 'cancelled';

CREATE INDEX archive_jobs_failed ON archive_jobs (last_state_at) WHERE state = 'failed';

CREATE INDEX archive_jobs_failed_by_cluster ON archive_jobs (cluster, last_state_at) WHERE state = 'failed';

CREATE INDEX archive_jobs_failed_by_collection ON archive_jobs (collection, last_state_at) WHERE state = 'failed';

CREATE INDEX archive_jobs_failed_by_first_seen ON archive_jobs (first_seen_at) WHERE state = 'failed';

CREATE INDEX archive_jobs_open ON archive_jobs (first_seen_at)
    WHERE state <> 'completed' AND state <> 'failed' AND state <> 'cancelled';

CREATE INDEX archive_jobs_that_stay ON archive_jobs (first_seen_at)
    WHERE gone_at IS NULL OR gone_at > datetime(first_seen_at, '+8 days');

CREATE INDEX archive_jobs_unfinished ON archive_jobs (gone_at, first_seen_at)
    WHERE state <> 'completed' AND state <> 'failed' AND state <> 'cancelled';

CREATE INDEX archive_runs_by_cluster_and_start ON archive_runs (cluster, started_at);

CREATE INDEX archive_runs_by_finish ON archive_runs (finished_at);

CREATE INDEX archive_runs_by_start ON archive_runs (started_at);

CREATE INDEX archive_runs_open ON archive_runs (id) WHERE finished_ms IS NULL;

CREATE INDEX archive_runs_that_missed ON archive_runs (cluster, id) WHERE gone > 0;

CREATE INDEX archive_transitions_by_job ON archive_transitions (cluster, seq, id);

CREATE INDEX archive_transitions_by_run ON archive_transitions (run);

CREATE INDEX archive_transitions_by_time ON archive_transitions (observed_at);

CREATE INDEX archive_transitions_renamed ON archive_transitions (observed_at) WHERE kind = 'renamed';

CREATE TABLE archive_clusters (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE CHECK (name <> ''),
    api        TEXT NOT NULL CHECK (api <> ''),
    cluster_id TEXT CHECK (cluster_id <> ''),
    base_url   TEXT CHECK (base_url <> ''),

    -- Moves on with every commit: whoever decided on an older one is refused.
    generation INTEGER NOT NULL DEFAULT 0,
    next_seq   INTEGER NOT NULL DEFAULT 1,
    newest_ms  INTEGER NOT NULL DEFAULT 0, -- no time of this cluster is later; time never runs back behind it

    first_run_ms INTEGER NOT NULL,
    last_run_ms  INTEGER NOT NULL,
    last_outcome TEXT CHECK (last_outcome = 'complete' OR last_outcome = 'partial' OR last_outcome = 'failed' OR last_outcome = 'interrupted'),
    failures     INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),

    -- The newest complete listing. Its start is the last sighting of every
    -- job that it left unchanged.
    complete_started_ms  INTEGER,
    complete_finished_ms INTEGER,
    complete_expected_s  REAL,

    first_run_at     TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', first_run_ms / 1000.0, 'unixepoch')) VIRTUAL,
    last_run_at      TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', last_run_ms / 1000.0, 'unixepoch')) VIRTUAL,
    last_complete_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', complete_finished_ms / 1000.0, 'unixepoch')) VIRTUAL,

    CHECK ((complete_started_ms IS NULL) = (complete_finished_ms IS NULL)),
    CHECK (complete_started_ms <= complete_finished_ms),
    CHECK (first_run_ms <= last_run_ms)
) STRICT;

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

CREATE TABLE archive_durations (
    state      TEXT NOT NULL CHECK (state = 'completed' OR state = 'failed' OR state = 'cancelled'),
    day        TEXT NOT NULL CHECK (day IS date(day)), -- on which a look showed that they had finished
    cluster    INTEGER NOT NULL REFERENCES archive_clusters (id),
    collection INTEGER NOT NULL,
    least_ms   INTEGER NOT NULL CHECK (least_ms >= 0),
    most_ms    INTEGER NOT NULL CHECK (most_ms >= least_ms),
    jobs       INTEGER NOT NULL CHECK (jobs >= 0),
    PRIMARY KEY (state, day, cluster, collection, least_ms, most_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE archive_gaps (
    id         INTEGER PRIMARY KEY,
    cluster    INTEGER NOT NULL REFERENCES archive_clusters (id),
    started_ms INTEGER NOT NULL,
    ended_ms   INTEGER NOT NULL,
    expected_s REAL NOT NULL,

    started_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', started_ms / 1000.0, 'unixepoch')) VIRTUAL,
    ended_at   TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', ended_ms / 1000.0, 'unixepoch')) VIRTUAL,

    CHECK (started_ms < ended_ms)
) STRICT;

CREATE TABLE archive_jobs (
    cluster    INTEGER NOT NULL REFERENCES archive_clusters (id),
    seq        INTEGER NOT NULL,
    job_id     TEXT NOT NULL CHECK (job_id NOT IN ('', '0')),
    collection INTEGER REFERENCES archive_texts (id),
    state      TEXT NOT NULL CHECK (state = 'pending' OR state = 'running' OR state = 'completed' OR state = 'failed' OR state = 'cancelled' OR state = 'unknown'),
    raw_state  INTEGER REFERENCES archive_texts (id),
    progress   ANY CHECK (progress IS NULL OR (typeof(progress) IN ('integer', 'real') AND progress BETWEEN 0 AND 100)),
    reason     TEXT CHECK (reason <> ''),
    extra      TEXT CHECK (extra IS NULL OR json_valid(extra)),

    appeared_after_ms INTEGER, -- NULL: it was there when we first looked
    first_seen_ms     INTEGER NOT NULL,
    state_after_ms    INTEGER, -- the present state began after this …
    state_seen_ms     INTEGER NOT NULL, -- … and no later than this
    asked_ms          INTEGER NOT NULL, -- the last sighting that was written: its page was asked for …
    seen_ms           INTEGER NOT NULL, -- … and received
    misses            INTEGER NOT NULL DEFAULT 0 CHECK (misses >= 0), -- complete listings in a row without it
    gone_ms           INTEGER,

    first_seen_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', first_seen_ms / 1000.0, 'unixepoch')) VIRTUAL,
    last_state_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', state_seen_ms / 1000.0, 'unixepoch')) VIRTUAL,
    gone_at       TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', gone_ms / 1000.0, 'unixepoch')) VIRTUAL, changed_at TEXT GENERATED ALWAYS AS
    (strftime('%Y-%m-%d %H:%M:%f', max(seen_ms, coalesce(gone_ms, 0)) / 1000.0, 'unixepoch')) VIRTUAL, state_not_before TEXT GENERATED ALWAYS AS
    (strftime('%Y-%m-%d %H:%M:%f', state_after_ms / 1000.0, 'unixepoch')) VIRTUAL,

    PRIMARY KEY (cluster, seq),
    CHECK (appeared_after_ms < first_seen_ms),
    CHECK (state_after_ms < state_seen_ms),
    CHECK (first_seen_ms <= state_seen_ms),
    CHECK (asked_ms <= seen_ms),
    CHECK (first_seen_ms <= gone_ms),
    CHECK (gone_ms IS NULL OR misses > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE archive_migrations (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);

CREATE TABLE archive_rejects (
    id      INTEGER PRIMARY KEY,
    run     INTEGER NOT NULL REFERENCES archive_runs (id),
    cluster INTEGER NOT NULL REFERENCES archive_clusters (id),
    at_ms   INTEGER NOT NULL,
    reason  TEXT NOT NULL CHECK (reason <> ''),
    raw     TEXT NOT NULL,
    nth     INTEGER NOT NULL CHECK (nth > 0),

    at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', at_ms / 1000.0, 'unixepoch')) VIRTUAL,

    UNIQUE (cluster, raw, nth)
) STRICT;

CREATE TABLE archive_runs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster    INTEGER NOT NULL REFERENCES archive_clusters (id),
    trigger    TEXT NOT NULL CHECK (trigger = 'schedule' OR trigger = 'start' OR trigger = 'manual' OR trigger = 'demo'),
    started_ms  INTEGER NOT NULL,
    finished_ms INTEGER,
    outcome    TEXT CHECK (outcome = 'complete' OR outcome = 'partial' OR outcome = 'failed' OR outcome = 'interrupted'),
    -- NULL where a killed process took the number with it.
    pages      INTEGER,
    requests   INTEGER,
    retries    INTEGER,
    listed     INTEGER,
    appeared   INTEGER NOT NULL DEFAULT 0,
    moved      INTEGER NOT NULL DEFAULT 0,
    gone       INTEGER NOT NULL DEFAULT 0,
    returned   INTEGER NOT NULL DEFAULT 0,
    rejected   INTEGER NOT NULL DEFAULT 0,
    error_kind TEXT CHECK (error_kind = 'auth' OR error_kind = 'not-found' OR error_kind = 'rate-limited' OR error_kind = 'unavailable' OR error_kind = 'protocol' OR error_kind = 'cancelled' OR error_kind = 'settings'),
    error      TEXT CHECK (error <> ''),
    expected_s REAL NOT NULL CHECK (expected_s >= 0), -- from this run's start to the next one, by the schedule

    started_at  TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', started_ms / 1000.0, 'unixepoch')) VIRTUAL,
    finished_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', finished_ms / 1000.0, 'unixepoch')) VIRTUAL,

    CHECK ((finished_ms IS NULL) = (outcome IS NULL)),
    CHECK (finished_ms >= started_ms),
    CHECK (outcome IS NOT 'complete' OR (error_kind IS NULL AND rejected = 0))
) STRICT;

CREATE TABLE archive_tally (
    cluster INTEGER NOT NULL REFERENCES archive_clusters (id),
    state   TEXT NOT NULL CHECK (state = 'pending' OR state = 'running' OR state = 'completed' OR state = 'failed' OR state = 'cancelled' OR state = 'unknown'),
    gone    INTEGER NOT NULL CHECK (gone IN (0, 1)),
    jobs    INTEGER NOT NULL CHECK (jobs >= 0),
    PRIMARY KEY (cluster, state, gone)
) STRICT, WITHOUT ROWID;

CREATE TABLE archive_texts (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE CHECK (text <> '')
) STRICT;

CREATE TABLE archive_transitions (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    run            INTEGER NOT NULL REFERENCES archive_runs (id),
    cluster        INTEGER NOT NULL,
    seq            INTEGER NOT NULL,
    collection     INTEGER REFERENCES archive_texts (id),
    kind           TEXT NOT NULL CHECK (kind = 'appeared' OR kind = 'moved' OR kind = 'renamed' OR kind = 'gone' OR kind = 'returned'),
    from_state     TEXT CHECK (from_state = 'pending' OR from_state = 'running' OR from_state = 'completed' OR from_state = 'failed' OR from_state = 'cancelled' OR from_state = 'unknown'),
    to_state       TEXT CHECK (to_state = 'pending' OR to_state = 'running' OR to_state = 'completed' OR to_state = 'failed' OR to_state = 'cancelled' OR to_state = 'unknown'),
    from_raw_state INTEGER REFERENCES archive_texts (id),
    to_raw_state   INTEGER REFERENCES archive_texts (id),
    not_before_ms  INTEGER,
    observed_ms    INTEGER NOT NULL,

    not_before  TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', not_before_ms / 1000.0, 'unixepoch')) VIRTUAL,
    observed_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', observed_ms / 1000.0, 'unixepoch')) VIRTUAL,

    FOREIGN KEY (cluster, seq) REFERENCES archive_jobs (cluster, seq),
    CHECK (not_before_ms < observed_ms),
    CHECK (not_before_ms IS NOT NULL OR kind = 'appeared'),
    CHECK ((from_state IS NULL) = (kind IN ('appeared', 'returned'))),
    CHECK ((to_state IS NULL) = (kind = 'gone'))
) STRICT;

CREATE TRIGGER archive_jobs_first_seen_never_changes
BEFORE UPDATE OF cluster, seq, job_id, first_seen_ms, appeared_after_ms ON archive_jobs
WHEN NEW.cluster IS NOT OLD.cluster OR NEW.seq IS NOT OLD.seq OR NEW.job_id IS NOT OLD.job_id
  OR NEW.first_seen_ms IS NOT OLD.first_seen_ms OR NEW.appeared_after_ms IS NOT OLD.appeared_after_ms
BEGIN
    SELECT RAISE(ABORT, 'a job''s identity and first sighting never change');
END;

CREATE TRIGGER archive_transitions_are_append_only
BEFORE UPDATE ON archive_transitions
BEGIN
    SELECT RAISE(ABORT, 'transitions are append-only');
END;

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

CREATE VIEW days AS
SELECT d.day, c.name AS cluster, n.text AS collection, d.appeared, d.completed, d.failed, d.cancelled, d.lost
FROM archive_days AS d
JOIN archive_clusters AS c ON c.id = d.cluster
LEFT JOIN archive_texts AS n ON n.id = d.collection
WHERE d.appeared + d.completed + d.failed + d.cancelled + d.lost > 0;

CREATE VIEW durations AS
SELECT d.day, c.name AS cluster, n.text AS collection, d.state,
    d.least_ms / 1000.0 AS min_seconds, d.most_ms / 1000.0 AS max_seconds, d.jobs
FROM archive_durations AS d
JOIN archive_clusters AS c ON c.id = d.cluster
LEFT JOIN archive_texts AS n ON n.id = d.collection
WHERE d.jobs > 0;

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

CREATE VIEW outcomes AS
SELECT
    c.name AS cluster,
    sum(iif(t.state NOT IN ('completed', 'failed', 'cancelled') AND t.gone = 0, t.jobs, 0)) AS open,
    sum(iif(t.state = 'completed', t.jobs, 0)) AS completed,
    sum(iif(t.state = 'failed', t.jobs, 0)) AS failed,
    sum(iif(t.state = 'cancelled', t.jobs, 0)) AS cancelled,
    sum(iif(t.state NOT IN ('completed', 'failed', 'cancelled') AND t.gone = 1, t.jobs, 0)) AS lost
FROM archive_tally AS t
JOIN archive_clusters AS c ON c.id = t.cluster
GROUP BY c.id;

CREATE VIEW rejects AS
SELECT r.run AS run_id, c.name AS cluster, r.at, r.reason, r.raw
FROM archive_rejects AS r
JOIN archive_clusters AS c ON c.id = r.cluster;

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
    CASE WHEN r.outcome <> 'interrupted' OR r.error_kind IS NOT NULL THEN (r.finished_ms - r.started_ms) / 1000.0 END AS seconds
FROM archive_runs AS r
JOIN archive_clusters AS c ON c.id = r.cluster;

CREATE VIEW transitions AS
SELECT
    t.id,
    t.run AS run_id,
    c.name AS cluster,
    j.job_id,
    n.text AS collection,
    t.kind,
    t.from_state,
    t.to_state,
    f.text AS from_raw_state,
    w.text AS to_raw_state,
    t.not_before,
    t.observed_at
FROM archive_transitions AS t
JOIN archive_clusters AS c ON c.id = t.cluster
JOIN archive_jobs AS j ON j.cluster = t.cluster AND j.seq = t.seq
LEFT JOIN archive_texts AS n ON n.id = t.collection
LEFT JOIN archive_texts AS f ON f.id = t.from_raw_state
LEFT JOIN archive_texts AS w ON w.id = t.to_raw_state;

