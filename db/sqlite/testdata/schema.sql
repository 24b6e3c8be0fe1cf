-- The whole schema after all migrations. `go test ./db -run Schema -update` writes this file.

CREATE INDEX archive_gaps_by_cluster ON archive_gaps (cluster, started_ms);

CREATE INDEX archive_jobs_by_change ON archive_jobs (changed_at) WHERE NOT pruned;

CREATE INDEX archive_jobs_by_collection ON archive_jobs (collection);

CREATE INDEX archive_jobs_by_first_seen ON archive_jobs (first_seen_at) WHERE NOT pruned;

CREATE UNIQUE INDEX archive_jobs_by_id ON archive_jobs (job_id, cluster);

CREATE INDEX archive_jobs_by_recency ON archive_jobs (recency DESC, seq) WHERE NOT pruned;

CREATE INDEX archive_jobs_cancelled_by_recency ON archive_jobs (recency DESC, seq) WHERE NOT pruned AND state_or_lost = 'cancelled';

CREATE INDEX archive_jobs_failed ON archive_jobs (last_state_at) WHERE NOT pruned AND state_or_lost = 'failed';

CREATE INDEX archive_jobs_failed_by_cluster ON archive_jobs (cluster, last_state_at) WHERE NOT pruned AND state_or_lost = 'failed';

CREATE INDEX archive_jobs_failed_by_collection ON archive_jobs (collection, last_state_at) WHERE NOT pruned AND state_or_lost = 'failed';

CREATE INDEX archive_jobs_failed_by_recency ON archive_jobs (recency DESC, seq) WHERE NOT pruned AND state_or_lost = 'failed';

CREATE INDEX archive_jobs_open ON archive_jobs (recency DESC, seq)
    WHERE NOT pruned AND state_or_lost <> 'completed' AND state_or_lost <> 'failed' AND state_or_lost <> 'cancelled';

CREATE INDEX archive_jobs_pruned ON archive_jobs (prune) WHERE pruned;

CREATE INDEX archive_jobs_pruned_listed ON archive_jobs (cluster, first_seen_at) WHERE pruned AND gone_at IS NULL;

CREATE INDEX archive_jobs_that_stay ON archive_jobs (recency DESC, seq)
    WHERE NOT pruned AND (gone_at IS NULL OR gone_at > datetime(first_seen_at, '+8 days'));

CREATE INDEX archive_jobs_unfinished ON archive_jobs (gone_at, recency DESC, seq)
    WHERE NOT pruned AND state_or_lost <> 'completed' AND state_or_lost <> 'failed' AND state_or_lost <> 'cancelled';

CREATE INDEX archive_jobs_unsettled ON archive_jobs (cluster, state, seq) WHERE NOT pruned AND settled = 0 AND gone_ms IS NULL;

CREATE INDEX archive_rejects_by_run ON archive_rejects (run);

CREATE INDEX archive_runs_by_cluster_and_start ON archive_runs (cluster, started_at);

CREATE INDEX archive_runs_by_finish ON archive_runs (finished_at);

CREATE INDEX archive_runs_by_start ON archive_runs (started_at);

CREATE INDEX archive_runs_open ON archive_runs (id) WHERE finished_ms IS NULL;

CREATE INDEX archive_runs_that_missed ON archive_runs (cluster, id) WHERE gone > 0;

CREATE INDEX archive_transitions_by_job ON archive_transitions (cluster, seq, id);

CREATE INDEX archive_transitions_by_run ON archive_transitions (run);

CREATE INDEX archive_transitions_by_time ON archive_transitions (observed_at);

CREATE INDEX archive_transitions_renamed ON archive_transitions (observed_at) WHERE kind = 'renamed';

CREATE INDEX notify_notices_done ON notify_notices (coalesce(sent_ms, given_up_ms));

CREATE INDEX notify_notices_of_absence ON notify_notices (job_id, cluster) WHERE kind = 'lost' OR kind = 'found';

CREATE INDEX notify_notices_waiting ON notify_notices (id) WHERE sent_ms IS NULL AND given_up_ms IS NULL;

CREATE TABLE archive_clusters (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE CHECK (name <> ''),
    api        TEXT NOT NULL CHECK (api <> ''),
    cluster_id TEXT CHECK (cluster_id <> ''),
    base_url   TEXT CHECK (base_url <> ''),

    -- Grows with every commit: the store refuses a writer that decided on an older one.
    generation INTEGER NOT NULL DEFAULT 0,
    next_seq   INTEGER NOT NULL DEFAULT 1,
    newest_ms  INTEGER NOT NULL DEFAULT 0, -- no row of this cluster has a later time

    first_run_ms INTEGER NOT NULL,
    last_run_ms  INTEGER NOT NULL,
    last_outcome TEXT CHECK (last_outcome = 'complete' OR last_outcome = 'quick' OR last_outcome = 'partial' OR last_outcome = 'failed' OR last_outcome = 'interrupted'),
    failures     INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),

    -- The newest complete listing. Its start is the last sighting of every
    -- job that it left unchanged.
    complete_started_ms  INTEGER,
    complete_finished_ms INTEGER,
    complete_expected_s  REAL,

    -- The end of the newest listing that was complete or quick. Gaps begin there:
    -- a quick listing covers all that is new and all that is open.
    conclusive_ms INTEGER,

    -- The clock at that time, as it was. conclusive_ms is later where the clock was
    -- behind the archive: times never run backwards here, but the age of the newest
    -- listing counts from the clock, which may.
    conclusive_clock_ms INTEGER,

    -- How many complete listings in a row have shown that the list is newest
    -- first and keeps its order: every new job stood before all known ones. A
    -- listing in another order sets it to 0. The second column is when the first
    -- of them ended.
    newest_first    INTEGER NOT NULL DEFAULT 0 CHECK (newest_first >= 0),
    newest_first_ms INTEGER,

    -- A digest of the rejects of the newest whole listing, in any order; 0: none. A
    -- listing with the same ones hides no job behind a new reject.
    reject_set INTEGER NOT NULL DEFAULT 0,
    rejects    INTEGER NOT NULL DEFAULT 0, -- how many they are

    -- Totals since the cluster was first archived. The transaction that stores the
    -- rows updates them. A prune does not decrease them, so a counter made of them
    -- never runs backwards, and a read takes no longer after years. They are in the
    -- cluster's row, which every run writes anyway: another table would cost each
    -- sync a page.
    total_runs_complete    INTEGER NOT NULL DEFAULT 0,
    total_runs_quick       INTEGER NOT NULL DEFAULT 0,
    total_runs_partial     INTEGER NOT NULL DEFAULT 0,
    total_runs_failed      INTEGER NOT NULL DEFAULT 0,
    total_runs_interrupted INTEGER NOT NULL DEFAULT 0,
    total_pages            INTEGER NOT NULL DEFAULT 0,
    total_requests         INTEGER NOT NULL DEFAULT 0,
    total_retries          INTEGER NOT NULL DEFAULT 0,
    total_appeared         INTEGER NOT NULL DEFAULT 0,
    total_moved            INTEGER NOT NULL DEFAULT 0,
    total_renamed          INTEGER NOT NULL DEFAULT 0,
    total_gone             INTEGER NOT NULL DEFAULT 0,
    total_returned         INTEGER NOT NULL DEFAULT 0,
    total_rejects          INTEGER NOT NULL DEFAULT 0,
    total_gaps             INTEGER NOT NULL DEFAULT 0,
    total_gaps_ms          INTEGER NOT NULL DEFAULT 0,

    first_run_at     TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', first_run_ms / 1000.0, 'unixepoch')) VIRTUAL,
    last_run_at      TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', last_run_ms / 1000.0, 'unixepoch')) VIRTUAL,
    last_complete_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', complete_finished_ms / 1000.0, 'unixepoch')) VIRTUAL,
    last_conclusive_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', conclusive_ms / 1000.0, 'unixepoch')) VIRTUAL,

    CHECK ((complete_started_ms IS NULL) = (complete_finished_ms IS NULL)),
    CHECK (complete_started_ms <= complete_finished_ms),
    CHECK (first_run_ms <= last_run_ms),
    CHECK ((newest_first_ms IS NULL) = (newest_first = 0))
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
    day          TEXT NOT NULL CHECK (day IS date(day)),
    cluster      INTEGER NOT NULL,
    collection   INTEGER NOT NULL,
    appeared     INTEGER NOT NULL DEFAULT 0 CHECK (appeared >= 0),
    completed    INTEGER NOT NULL DEFAULT 0 CHECK (completed >= 0),
    failed       INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
    cancelled    INTEGER NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    lost         INTEGER NOT NULL DEFAULT 0 CHECK (lost >= 0),
    load_jobs    INTEGER NOT NULL DEFAULT 0 CHECK (load_jobs >= 0),
    rows_jobs    INTEGER NOT NULL DEFAULT 0 CHECK (rows_jobs >= 0), -- those with a number of rows
    rows         INTEGER NOT NULL DEFAULT 0 CHECK (rows >= 0),
    rows_min_ms  INTEGER NOT NULL DEFAULT 0 CHECK (rows_min_ms >= 0),
    rows_max_ms  INTEGER NOT NULL DEFAULT 0 CHECK (rows_max_ms >= 0),
    bytes_jobs   INTEGER NOT NULL DEFAULT 0 CHECK (bytes_jobs >= 0), -- those with a number of bytes
    bytes        INTEGER NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    bytes_min_ms INTEGER NOT NULL DEFAULT 0 CHECK (bytes_min_ms >= 0),
    bytes_max_ms INTEGER NOT NULL DEFAULT 0 CHECK (bytes_max_ms >= 0),
    PRIMARY KEY (day, cluster, collection),
    FOREIGN KEY (cluster, collection) REFERENCES archive_collections (cluster, collection)
) STRICT, WITHOUT ROWID;

CREATE TABLE archive_details (
    cluster       INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    asked_ms      INTEGER NOT NULL, -- it was requested …
    described_ms  INTEGER NOT NULL, -- … and received
    raw_state     INTEGER REFERENCES archive_texts (id),
    progress      ANY CHECK (progress IS NULL OR (typeof(progress) IN ('integer', 'real') AND progress BETWEEN 0 AND 100)),
    progress_raw  TEXT CHECK (progress_raw <> ''), -- as sent, also if it is no valid progress
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
    described_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', described_ms / 1000.0, 'unixepoch')) VIRTUAL,
    created_at   TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', created_ms / 1000.0, 'unixepoch')) VIRTUAL,
    completed_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', completed_ms / 1000.0, 'unixepoch')) VIRTUAL,

    PRIMARY KEY (cluster, seq),
    FOREIGN KEY (cluster, seq) REFERENCES archive_jobs (cluster, seq),
    CHECK (asked_ms <= described_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE archive_durations (
    cluster    INTEGER NOT NULL,
    collection INTEGER NOT NULL,
    -- The day on which a run saw that the jobs had finished, such as 2026-05-14, or
    -- its month, such as 2026-05. Each job is in both, so that a long window is read
    -- as few months and the days at its ends.
    period     TEXT NOT NULL CHECK (length(period) = 7 OR length(period) = 10),
    state      TEXT NOT NULL CHECK (state = 'completed' OR state = 'failed' OR state = 'cancelled'),
    bound_ms   INTEGER NOT NULL CHECK (bound_ms >= 0),
    min_of     INTEGER NOT NULL CHECK (min_of >= 0),
    max_of     INTEGER NOT NULL CHECK (max_of >= 0),
    PRIMARY KEY (cluster, collection, period, state, bound_ms),
    FOREIGN KEY (cluster, collection) REFERENCES archive_collections (cluster, collection)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE archive_identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id  TEXT NOT NULL CHECK (length(id) = 32)
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

    appeared_after_ms INTEGER, -- NULL: unknown, the first listing had it
    first_seen_ms     INTEGER NOT NULL,

    -- How long after the start of the listing that was, for the order of the jobs. The
    -- listings before the first complete one count as one, which began with the first
    -- run. At most a day, so that a search by first_seen_at ends soon in that order.
    into_listing_ms INTEGER NOT NULL DEFAULT 0 CHECK (into_listing_ms BETWEEN 0 AND 86400000),

    state_after_ms    INTEGER, -- the present state began after this …
    state_seen_ms     INTEGER NOT NULL, -- … and no later than this
    asked_ms          INTEGER NOT NULL, -- the last stored sighting: its page was requested …
    seen_ms           INTEGER NOT NULL, -- … and received
    misses            INTEGER NOT NULL DEFAULT 0 CHECK (misses >= 0), -- complete listings in a row without it
    gone_ms           INTEGER,

    -- When the first of the complete listings in a row that lack the job was
    -- read; NULL while the newest one has it.
    missed_ms INTEGER,

    -- The newest word of each source, so that a repeated word is no news. The list's
    -- word: NULL if it is raw_state, 0 (hence no reference) if the list has none.
    -- And the word of the newest answer about the single job.
    listed_raw    INTEGER,
    described_raw INTEGER REFERENCES archive_texts (id),

    -- 1: the job is fully described. The service described it after a run had seen
    -- it finished, or has forgotten it, so another query would bring nothing new.
    -- A move or a return sets it to 0 again.
    settled INTEGER NOT NULL DEFAULT 0 CHECK (settled = 0 OR settled = 1),
    described_ms INTEGER, -- as in archive_details, for changed_at

    -- The prune that deleted the job's history up to then. History that comes
    -- later sets pruned to 0 again, and prune stays.
    prune  INTEGER REFERENCES archive_prunes (id),
    pruned INTEGER NOT NULL DEFAULT 0 CHECK (pruned = 0 OR pruned = 1),

    first_seen_at    TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', first_seen_ms / 1000.0, 'unixepoch')) VIRTUAL,
    last_state_at    TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', state_seen_ms / 1000.0, 'unixepoch')) VIRTUAL,
    gone_at          TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', gone_ms / 1000.0, 'unixepoch')) VIRTUAL,
    missed_since_at  TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', missed_ms / 1000.0, 'unixepoch')) VIRTUAL,

    -- The order of the jobs: larger is newer, and of two with the same recency the one
    -- with the lower seq. The later pages of a listing have the older jobs, so the
    -- times of the pages would show them first.
    recency INTEGER GENERATED ALWAYS AS (first_seen_ms - into_listing_ms) VIRTUAL,

    -- The state for readers, who would count lost jobs as running by the other one.
    state_or_lost TEXT GENERATED ALWAYS AS
        (CASE WHEN gone_ms IS NULL OR state = 'completed' OR state = 'failed' OR state = 'cancelled' THEN state ELSE 'lost' END) VIRTUAL,

    state_not_before TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', state_after_ms / 1000.0, 'unixepoch')) VIRTUAL,

    -- When the row last changed, but for last_seen_at, which moves with every
    -- complete listing and is not written.
    changed_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f',
        max(seen_ms, coalesce(gone_ms, 0), coalesce(described_ms, 0), coalesce(missed_ms, 0)) / 1000.0, 'unixepoch')) VIRTUAL,

    PRIMARY KEY (cluster, seq),
    CHECK (appeared_after_ms < first_seen_ms),
    CHECK (state_after_ms < state_seen_ms),
    CHECK (first_seen_ms <= state_seen_ms),
    CHECK (asked_ms <= seen_ms),
    CHECK (first_seen_ms <= gone_ms),
    CHECK ((missed_ms IS NULL) = (misses = 0)),
    CHECK (gone_ms IS NULL OR misses > 0),
    CHECK (NOT pruned OR prune IS NOT NULL AND progress IS NULL AND reason IS NULL AND extra IS NULL AND described_ms IS NULL
        AND (gone_ms IS NOT NULL OR state = 'completed' OR state = 'failed' OR state = 'cancelled')) -- an open job is never pruned
) STRICT, WITHOUT ROWID;

CREATE TABLE archive_migrations (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);

CREATE TABLE archive_prunes (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    pruned_ms       INTEGER NOT NULL,
    cluster         INTEGER NOT NULL REFERENCES archive_clusters (id),
    what            TEXT NOT NULL CHECK (what = 'completed' OR what = 'failed' OR what = 'cancelled' OR what = 'lost' OR what = 'runs'
        OR what = 'rejects'),
    older_than_ms   INTEGER NOT NULL,
    listed_until_ms INTEGER, -- lists of moments before this lack some of its jobs; NULL while it has none
    jobs            INTEGER NOT NULL DEFAULT 0 CHECK (jobs >= 0),
    transitions     INTEGER NOT NULL DEFAULT 0 CHECK (transitions >= 0),
    runs            INTEGER NOT NULL DEFAULT 0 CHECK (runs >= 0),
    rejects         INTEGER NOT NULL DEFAULT 0 CHECK (rejects >= 0),
    file            TEXT CHECK (file <> ''),

    pruned_at    TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', pruned_ms / 1000.0, 'unixepoch')) VIRTUAL,
    older_than   TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', older_than_ms / 1000.0, 'unixepoch')) VIRTUAL,
    listed_until TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', listed_until_ms / 1000.0, 'unixepoch')) VIRTUAL,

    CHECK (what = 'runs' OR runs = 0),
    CHECK (what = 'rejects' OR rejects = 0),
    CHECK ((what <> 'runs' AND what <> 'rejects') OR (jobs = 0 AND transitions = 0)),
    CHECK ((jobs > 0) = (listed_until_ms IS NOT NULL))
) STRICT;

CREATE TABLE archive_rejects (
    id          INTEGER PRIMARY KEY,
    run         INTEGER NOT NULL REFERENCES archive_runs (id),
    cluster     INTEGER NOT NULL REFERENCES archive_clusters (id),
    rejected_ms INTEGER NOT NULL,
    seen_ms     INTEGER NOT NULL, -- of the newest run that kept it
    reason      TEXT NOT NULL CHECK (reason <> ''),
    raw         TEXT NOT NULL,

    rejected_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', rejected_ms / 1000.0, 'unixepoch')) VIRTUAL,
    last_seen_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', seen_ms / 1000.0, 'unixepoch')) VIRTUAL,

    UNIQUE (cluster, raw),
    CHECK (rejected_ms <= seen_ms)
) STRICT;

CREATE TABLE archive_runs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster     INTEGER NOT NULL REFERENCES archive_clusters (id),
    trigger     TEXT NOT NULL CHECK (trigger = 'schedule' OR trigger = 'start' OR trigger = 'manual' OR trigger = 'demo'),
    started_ms  INTEGER NOT NULL,
    finished_ms INTEGER,
    outcome     TEXT CHECK (outcome = 'complete' OR outcome = 'quick' OR outcome = 'partial' OR outcome = 'failed' OR outcome = 'interrupted'),

    -- NULL where the process was killed before it stored the number.
    pages       INTEGER,
    requests    INTEGER,
    retries     INTEGER,
    listed      INTEGER,
    appeared    INTEGER NOT NULL DEFAULT 0,
    moved       INTEGER NOT NULL DEFAULT 0,
    gone        INTEGER NOT NULL DEFAULT 0,
    returned    INTEGER NOT NULL DEFAULT 0,
    rejected    INTEGER NOT NULL DEFAULT 0,

    -- Jobs that the run queried one by one after its listing: with an answer, and
    -- without one.
    described       INTEGER NOT NULL DEFAULT 0 CHECK (described >= 0),
    describe_failed INTEGER NOT NULL DEFAULT 0 CHECK (describe_failed >= 0),

    -- The verdicts on the jobs that the listing lacked.
    absences_asked       INTEGER NOT NULL DEFAULT 0 CHECK (absences_asked >= 0),
    absences_confirmed   INTEGER NOT NULL DEFAULT 0 CHECK (absences_confirmed >= 0),
    absences_denied      INTEGER NOT NULL DEFAULT 0 CHECK (absences_denied >= 0),
    absences_undecided   INTEGER NOT NULL DEFAULT 0 CHECK (absences_undecided >= 0),
    absences_unconfirmed INTEGER NOT NULL DEFAULT 0 CHECK (absences_unconfirmed >= 0),

    -- How many of the run's transitions were pruned, so that its counts can
    -- still be proved.
    pruned_appeared INTEGER NOT NULL DEFAULT 0 CHECK (pruned_appeared >= 0),
    pruned_moved    INTEGER NOT NULL DEFAULT 0 CHECK (pruned_moved >= 0),
    pruned_gone     INTEGER NOT NULL DEFAULT 0 CHECK (pruned_gone >= 0),
    pruned_returned INTEGER NOT NULL DEFAULT 0 CHECK (pruned_returned >= 0),

    error_kind  TEXT CHECK (error_kind = 'auth' OR error_kind = 'not-found' OR error_kind = 'rate-limited' OR error_kind = 'unavailable' OR error_kind = 'protocol' OR error_kind = 'cancelled' OR error_kind = 'settings' OR error_kind = 'tls' OR error_kind = 'proxy' OR error_kind = 'suspended'),
    error       TEXT CHECK (error <> ''),
    expected_s  REAL NOT NULL CHECK (expected_s >= 0), -- from this run's start to the next one, by the schedule

    -- The service's clock minus ours; NULL where no answer had the service's.
    clock_offset_s REAL,

    started_at  TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', started_ms / 1000.0, 'unixepoch')) VIRTUAL,
    finished_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', finished_ms / 1000.0, 'unixepoch')) VIRTUAL,

    CHECK ((finished_ms IS NULL) = (outcome IS NULL)),
    CHECK (finished_ms >= started_ms),
    CHECK ((outcome IS NOT 'complete' AND outcome IS NOT 'quick') OR error_kind IS NULL)
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

CREATE TABLE archive_totals_pruned (
    cluster INTEGER NOT NULL REFERENCES archive_clusters (id),
    what    TEXT NOT NULL,
    n       INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (cluster, what)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE notify_notices (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT NOT NULL CHECK (kind = 'failed' OR kind = 'lost' OR kind = 'found' OR kind = 'stale' OR kind = 'recovered' OR kind = 'retention' OR kind = 'clock'),
    cluster     TEXT NOT NULL CHECK (cluster <> ''),
    noticed_ms  INTEGER NOT NULL,
    transition  INTEGER UNIQUE, -- at most one notice a transition, whatever the code does
    job_id      TEXT,
    collection  TEXT,
    facts       TEXT NOT NULL CHECK (json_type(facts) = 'object'),
    attempts    INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0), -- counted before each one
    sent_ms     INTEGER,
    given_up_ms INTEGER,
    error       TEXT CHECK (error <> ''), -- of the newest attempt

    noticed_at  TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', noticed_ms / 1000.0, 'unixepoch')) VIRTUAL,
    sent_at     TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', sent_ms / 1000.0, 'unixepoch')) VIRTUAL,
    given_up_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%d %H:%M:%f', given_up_ms / 1000.0, 'unixepoch')) VIRTUAL,

    CHECK (sent_ms IS NULL OR given_up_ms IS NULL),
    CHECK (sent_ms IS NULL OR attempts > 0),
    CHECK (sent_ms IS NULL OR error IS NULL),
    CHECK ((transition IS NULL) = (kind = 'stale' OR kind = 'recovered' OR kind = 'retention' OR kind = 'clock')),
    CHECK ((transition IS NULL) = (job_id IS NULL))
) STRICT;

CREATE TABLE notify_outbox (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    cursor   INTEGER,                                          -- transitions up to this one have their notices; NULL: there is no webhook
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0), -- attempts that failed since the webhook accepted one
    next_ms  INTEGER,                                          -- no attempt before this; NULL: at once
    round_ms INTEGER                                           -- the newest conclusive listing of the round of the last heartbeat; NULL: there is no heartbeat
) STRICT;

CREATE TABLE notify_watched (
    cluster    TEXT PRIMARY KEY CHECK (cluster <> ''),
    since_ms   INTEGER NOT NULL, -- watched from then on; staleness counts from here without a conclusive listing
    stale_ms   INTEGER,          -- stale since this conclusive listing, or since since_ms; NULL: fresh
    too_slow   INTEGER NOT NULL DEFAULT 0 CHECK (too_slow IN (0, 1)), -- the schedule, for the measured retention
    clock_doubt INTEGER NOT NULL DEFAULT 0 CHECK (clock_doubt IN (0, 1)) -- its ages can't be judged
) STRICT, WITHOUT ROWID;

CREATE TRIGGER archive_jobs_first_seen_never_changes
BEFORE UPDATE OF cluster, seq, job_id, first_seen_ms, into_listing_ms, appeared_after_ms ON archive_jobs
WHEN NEW.cluster IS NOT OLD.cluster OR NEW.seq IS NOT OLD.seq OR NEW.job_id IS NOT OLD.job_id
  OR NEW.first_seen_ms IS NOT OLD.first_seen_ms OR NEW.into_listing_ms IS NOT OLD.into_listing_ms OR NEW.appeared_after_ms IS NOT OLD.appeared_after_ms
BEGIN
    SELECT RAISE(ABORT, 'a job''s identity and first sighting never change');
END;

CREATE TRIGGER archive_jobs_stay
BEFORE DELETE ON archive_jobs
BEGIN
    SELECT RAISE(ABORT, 'a job''s first sighting never changes: its row stays, also when it is pruned');
END;

CREATE TRIGGER archive_transitions_are_append_only
BEFORE UPDATE ON archive_transitions
BEGIN
    SELECT RAISE(ABORT, 'transitions are append-only');
END;

CREATE TRIGGER archive_transitions_are_only_pruned
BEFORE DELETE ON archive_transitions
WHEN NOT EXISTS (SELECT * FROM archive_jobs AS j WHERE j.cluster = OLD.cluster AND j.seq = OLD.seq AND j.pruned)
BEGIN
    SELECT RAISE(ABORT, 'transitions are append-only, but for those of pruned jobs');
END;

CREATE VIEW archive_loaded AS
SELECT
    substr(first_seen_at, 1, 10) AS day,
    first_seen_at,
    cluster,
    collection,
    job_id,
    rows,
    iif(rows IS NULL, 0, min_ms) AS rows_min_ms,
    iif(rows IS NULL, 0, max_ms) AS rows_max_ms,
    bytes,
    iif(bytes IS NULL, 0, min_ms) AS bytes_min_ms,
    iif(bytes IS NULL, 0, max_ms) AS bytes_max_ms
FROM (
    SELECT
        first_seen_at, cluster, collection, job_id,
        iif(coalesce(imported_rows, total_rows) <= 1000000000000000, coalesce(imported_rows, total_rows), NULL) AS rows,
        iif(file_size <= 1000000000000000, file_size, NULL) AS bytes,
        CAST(round(min_seconds * 1000) AS INTEGER) AS min_ms,
        CAST(round(max_seconds * 1000) AS INTEGER) AS max_ms
    FROM jobs
    WHERE +state = 'completed' AND max_seconds <= 315576000
)
WHERE rows IS NOT NULL OR bytes IS NOT NULL;

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
    CAST(coalesce((SELECT sum(t.jobs) FROM archive_tally AS t WHERE t.cluster = c.id AND t.gone = 0), 0) AS BIGINT) AS listed,
    CAST(coalesce((SELECT sum(t.jobs) FROM archive_tally AS t WHERE t.cluster = c.id AND t.gone = 0
              AND t.state NOT IN ('completed', 'failed', 'cancelled')), 0) AS BIGINT) AS open_jobs,
    CAST(coalesce((SELECT sum(t.jobs) FROM archive_tally AS t WHERE t.cluster = c.id), 0) AS BIGINT) AS archived,
    c.complete_expected_s AS expected_seconds,
    c.last_conclusive_at,
    c.rejects
FROM archive_clusters AS c;

CREATE VIEW collections AS
SELECT
    c.name AS cluster,
    n.text AS collection,
    CAST(s.open + s.completed + s.failed + s.cancelled + s.lost AS BIGINT) AS jobs,
    s.open AS open_jobs, s.completed, s.failed, s.cancelled, s.lost,
    s.last_activity_at
FROM archive_collections AS s
JOIN archive_clusters AS c ON c.id = s.cluster
LEFT JOIN archive_texts AS n ON n.id = s.collection;

CREATE VIEW days AS
SELECT d.day AS utc_day, c.name AS cluster, n.text AS collection, d.appeared, d.completed, d.failed, d.cancelled, d.lost
FROM archive_days AS d
JOIN archive_clusters AS c ON c.id = d.cluster
LEFT JOIN archive_texts AS n ON n.id = d.collection
WHERE d.appeared + d.completed + d.failed + d.cancelled + d.lost > 0;

CREATE VIEW durations AS
SELECT d.period AS utc_day, c.name AS cluster, n.text AS collection, d.state, CAST(d.bound_ms / 1000.0 AS DOUBLE) AS seconds, d.min_of, d.max_of
FROM archive_collections AS s
JOIN archive_clusters AS c ON c.id = s.cluster
LEFT JOIN archive_texts AS n ON n.id = s.collection
CROSS JOIN archive_durations AS d
WHERE d.cluster = s.cluster AND d.collection = s.collection AND length(d.period) = 10 AND d.min_of + d.max_of > 0;

CREATE VIEW gaps AS
WITH parts (is_open) AS (VALUES (0), (1))
SELECT
    c.name AS cluster,
    CAST(CASE WHEN parts.is_open THEN c.last_conclusive_at ELSE g.started_at END AS TEXT) AS started_at,
    g.ended_at,
    CAST(CASE
        WHEN parts.is_open THEN round(CAST(strftime('%s', 'now') AS INTEGER) - c.conclusive_ms / 1000.0, 3)
        ELSE (g.ended_ms - g.started_ms) / 1000.0
    END AS DOUBLE) AS seconds,
    CAST(CASE WHEN parts.is_open THEN c.complete_expected_s ELSE g.expected_s END AS DOUBLE) AS expected_seconds
FROM archive_clusters AS c
CROSS JOIN parts
LEFT JOIN archive_gaps AS g ON NOT parts.is_open AND g.cluster = c.id
WHERE CASE
    WHEN parts.is_open THEN CAST(strftime('%s', 'now') AS INTEGER) - c.conclusive_ms / 1000.0 > 2 * c.complete_expected_s
    ELSE g.cluster IS NOT NULL
END;

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
    CAST(f.progress AS DOUBLE) AS progress,
    f.progress_raw,
    f.reason,
    f.completed_at,
    f.extra,
    j.changed_at
FROM archive_files AS f
JOIN archive_clusters AS c ON c.id = f.cluster
JOIN archive_jobs AS j ON j.cluster = f.cluster AND j.seq = f.seq
LEFT JOIN archive_texts AS w ON w.id = f.raw_state
WHERE NOT j.pruned;

CREATE VIEW jobs AS
SELECT
    c.name AS cluster,
    j.job_id,
    n.text AS collection,
    j.state_or_lost AS state,
    w.text AS raw_state,
    j.first_seen_at,
    j.last_state_at,
    -- The store does not write a job only because the newest complete listing had it.
    CAST(strftime('%Y-%m-%d %H:%M:%f',
        CASE WHEN j.misses = 0 THEN max(j.seen_ms, coalesce(c.complete_started_ms, j.seen_ms)) ELSE j.seen_ms END / 1000.0,
        'unixepoch') AS TEXT) AS last_seen_at,
    j.gone_at,
    CAST(CASE
        WHEN j.state IN ('completed', 'failed', 'cancelled') THEN j.state
        WHEN j.gone_ms IS NULL THEN 'open'
        ELSE 'lost'
    END AS TEXT) AS outcome,
    CAST(coalesce(j.progress, d.progress) AS DOUBLE) AS progress,
    CAST(coalesce(j.reason, d.reason) AS TEXT) AS reason,
    -- It appeared in (appeared_after, first_seen] and finished in (state_after, state_seen].
    CAST(CASE WHEN j.state IN ('completed', 'failed', 'cancelled')
        THEN max(0, coalesce(j.state_after_ms, 0) - j.first_seen_ms,
            coalesce(t.completed_ms, j.state_after_ms, 0) - coalesce(t.created_by_ms, j.first_seen_ms)) / 1000.0
    END AS DOUBLE) AS min_seconds,
    CAST(CASE WHEN j.state IN ('completed', 'failed', 'cancelled')
        THEN min(coalesce(j.state_seen_ms - j.appeared_after_ms, 9e18),
            coalesce(t.completed_by_ms, j.state_seen_ms) - coalesce(t.created_ms, j.appeared_after_ms)) / 1000.0
    END AS DOUBLE) AS max_seconds,
    j.extra,
    j.state_not_before,
    j.changed_at,
    (SELECT pruned_at FROM archive_prunes WHERE id = j.prune) AS history_pruned_at,
    d.file_name,
    d.file_size,
    d.total_rows,
    d.imported_rows,
    d.created_at,
    d.completed_at,
    d.progress_raw,
    d.described_at,
    d.extra AS details_extra,
    j.missed_since_at,
    j.state AS last_state,
    j.recency,
    j.seq AS nth
FROM archive_jobs AS j
JOIN archive_clusters AS c ON c.id = j.cluster
LEFT JOIN archive_texts AS n ON n.id = j.collection
LEFT JOIN archive_texts AS w ON w.id = j.raw_state
LEFT JOIN archive_details AS d ON d.cluster = j.cluster AND d.seq = j.seq
LEFT JOIN archive_details AS t ON t.cluster = j.cluster AND t.seq = j.seq
    AND (t.created_ms <= j.first_seen_ms AND t.created_by_ms > coalesce(j.appeared_after_ms, -1e18)) IS NOT FALSE
    AND (t.completed_ms <= j.state_seen_ms AND t.completed_by_ms > coalesce(j.state_after_ms, -1e18)) IS NOT FALSE
    AND (t.created_ms <= t.completed_by_ms) IS NOT FALSE
WHERE NOT j.pruned;

CREATE VIEW loads AS
SELECT
    d.day AS utc_day,
    c.name AS cluster,
    n.text AS collection,
    d.load_jobs AS jobs,
    CAST(CASE WHEN d.rows_jobs > 0 THEN d.rows END AS BIGINT) AS loaded_rows,
    CAST(CASE WHEN d.rows_jobs > 0 THEN d.rows_min_ms / 1000.0 END AS DOUBLE) AS rows_min_seconds,
    CAST(CASE WHEN d.rows_jobs > 0 THEN d.rows_max_ms / 1000.0 END AS DOUBLE) AS rows_max_seconds,
    CAST(CASE WHEN d.bytes_jobs > 0 THEN d.bytes END AS BIGINT) AS loaded_bytes,
    CAST(CASE WHEN d.bytes_jobs > 0 THEN d.bytes_min_ms / 1000.0 END AS DOUBLE) AS bytes_min_seconds,
    CAST(CASE WHEN d.bytes_jobs > 0 THEN d.bytes_max_ms / 1000.0 END AS DOUBLE) AS bytes_max_seconds
FROM archive_days AS d
JOIN archive_clusters AS c ON c.id = d.cluster
LEFT JOIN archive_texts AS n ON n.id = d.collection
WHERE d.load_jobs > 0;

CREATE VIEW notices AS
SELECT
    id, kind, cluster, noticed_at, transition AS transition_id, job_id, collection, facts, attempts,
    CAST(CASE WHEN sent_ms IS NULL AND given_up_ms IS NULL
        THEN coalesce((SELECT strftime('%Y-%m-%d %H:%M:%f', next_ms / 1000.0, 'unixepoch') FROM notify_outbox), noticed_at)
    END AS TEXT) AS next_attempt_at,
    sent_at, given_up_at, error
FROM notify_notices;

CREATE VIEW outcomes AS
SELECT
    c.name AS cluster,
    CAST(sum(CASE WHEN t.state NOT IN ('completed', 'failed', 'cancelled') AND t.gone = 0 THEN t.jobs ELSE 0 END) AS BIGINT) AS open_jobs,
    CAST(sum(CASE WHEN t.state = 'completed' THEN t.jobs ELSE 0 END) AS BIGINT) AS completed,
    CAST(sum(CASE WHEN t.state = 'failed' THEN t.jobs ELSE 0 END) AS BIGINT) AS failed,
    CAST(sum(CASE WHEN t.state = 'cancelled' THEN t.jobs ELSE 0 END) AS BIGINT) AS cancelled,
    CAST(sum(CASE WHEN t.state NOT IN ('completed', 'failed', 'cancelled') AND t.gone = 1 THEN t.jobs ELSE 0 END) AS BIGINT) AS lost
FROM archive_tally AS t
JOIN archive_clusters AS c ON c.id = t.cluster
GROUP BY c.id, c.name;

CREATE VIEW pruned AS
SELECT
    c.name AS cluster,
    j.job_id,
    n.text AS collection,
    j.state AS last_state,
    w.text AS raw_state,
    j.first_seen_at,
    j.last_state_at,
    j.gone_at,
    CAST(CASE WHEN j.state IN ('completed', 'failed', 'cancelled') THEN j.state ELSE 'lost' END AS TEXT) AS outcome,
    j.prune AS prune_id
FROM archive_jobs AS j
JOIN archive_clusters AS c ON c.id = j.cluster
LEFT JOIN archive_texts AS n ON n.id = j.collection
LEFT JOIN archive_texts AS w ON w.id = j.raw_state
WHERE j.pruned;

CREATE VIEW prunes AS
SELECT p.id, p.pruned_at, c.name AS cluster, p.what, p.older_than, p.listed_until, p.jobs, p.transitions, p.runs, p.file,
    p.rejects
FROM archive_prunes AS p
JOIN archive_clusters AS c ON c.id = p.cluster;

CREATE VIEW rejects AS
SELECT r.run AS run_id, c.name AS cluster, r.rejected_at, r.reason, r.raw, r.last_seen_at
FROM archive_rejects AS r
JOIN archive_clusters AS c ON c.id = r.cluster;

CREATE VIEW runs AS
SELECT
    r.id,
    c.name AS cluster,
    r.trigger AS triggered_by,
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
    -- When an interrupted run really ended is unknown.
    CAST(CASE WHEN r.outcome <> 'interrupted' OR r.error_kind IS NOT NULL THEN (r.finished_ms - r.started_ms) / 1000.0 END AS DOUBLE) AS seconds,
    r.described,
    r.describe_failed,
    r.absences_asked,
    r.absences_confirmed,
    r.absences_denied,
    r.absences_undecided,
    r.absences_unconfirmed,
    r.clock_offset_s AS clock_offset_seconds
FROM archive_runs AS r
JOIN archive_clusters AS c ON c.id = r.cluster;

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
    CAST(c.total_gaps_ms / 1000.0 AS DOUBLE) AS gap_seconds,
    c.total_runs_quick AS runs_quick
FROM archive_clusters AS c;

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

