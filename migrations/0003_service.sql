-- +goose Up

-- What a service needs that runs for years.

PRAGMA user_version = 3;

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
