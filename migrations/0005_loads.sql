-- +goose Up

-- What completed jobs loaded and how long they took to it, summed, so that the
-- throughput of ten million jobs is no look at each of them.

PRAGMA user_version = 5;

-- By the day on which a job was first seen. Jobs count of which the service told
-- rows or bytes, and of which somebody can say how long they took at most: no
-- more than ten years, which also keeps sums of milliseconds far from what an
-- integer holds. What a service tells may itself be as large as that: it is kept
-- in two parts, as billions and the rest of each job's number.
--
-- A pruned job leaves these sums: nothing is left to prove its part with.
CREATE TABLE archive_loads (
    day            TEXT NOT NULL CHECK (day IS date(day)),
    cluster        INTEGER NOT NULL REFERENCES archive_clusters (id),
    collection     INTEGER NOT NULL, -- as in archive_days
    jobs           INTEGER NOT NULL DEFAULT 0 CHECK (jobs >= 0),
    rows_jobs      INTEGER NOT NULL DEFAULT 0 CHECK (rows_jobs >= 0), -- of which rows were told
    rows_billions  INTEGER NOT NULL DEFAULT 0 CHECK (rows_billions >= 0),
    rows_rest      INTEGER NOT NULL DEFAULT 0 CHECK (rows_rest >= 0),
    rows_min_ms    INTEGER NOT NULL DEFAULT 0 CHECK (rows_min_ms >= 0),
    rows_max_ms    INTEGER NOT NULL DEFAULT 0 CHECK (rows_max_ms >= 0),
    bytes_jobs     INTEGER NOT NULL DEFAULT 0 CHECK (bytes_jobs >= 0),
    bytes_billions INTEGER NOT NULL DEFAULT 0 CHECK (bytes_billions >= 0),
    bytes_rest     INTEGER NOT NULL DEFAULT 0 CHECK (bytes_rest >= 0),
    bytes_min_ms   INTEGER NOT NULL DEFAULT 0 CHECK (bytes_min_ms >= 0),
    bytes_max_ms   INTEGER NOT NULL DEFAULT 0 CHECK (bytes_max_ms >= 0),
    PRIMARY KEY (day, cluster, collection)
) STRICT, WITHOUT ROWID;

INSERT INTO archive_loads (day, cluster, collection, jobs,
    rows_jobs, rows_billions, rows_rest, rows_min_ms, rows_max_ms, bytes_jobs, bytes_billions, bytes_rest, bytes_min_ms, bytes_max_ms)
SELECT day, cluster, collection, count(*),
    count(rows), coalesce(sum(rows / 1000000000), 0), coalesce(sum(rows % 1000000000), 0),
    coalesce(sum(iif(rows IS NULL, NULL, min_ms)), 0), coalesce(sum(iif(rows IS NULL, NULL, max_ms)), 0),
    count(bytes), coalesce(sum(bytes / 1000000000), 0), coalesce(sum(bytes % 1000000000), 0),
    coalesce(sum(iif(bytes IS NULL, NULL, min_ms)), 0), coalesce(sum(iif(bytes IS NULL, NULL, max_ms)), 0)
FROM (
    SELECT
        substr(j.first_seen_at, 1, 10) AS day,
        (SELECT id FROM archive_clusters WHERE name = j.cluster) AS cluster,
        coalesce((SELECT id FROM archive_texts WHERE text = j.collection), 0) AS collection,
        coalesce(j.imported_rows, j.total_rows) AS rows,
        j.file_size AS bytes,
        CAST(round(j.min_seconds * 1000) AS INTEGER) AS min_ms,
        CAST(round(j.max_seconds * 1000) AS INTEGER) AS max_ms
    FROM jobs AS j
    WHERE j.state = 'completed' AND j.max_seconds <= 315576000
)
WHERE rows IS NOT NULL OR bytes IS NOT NULL
GROUP BY day, cluster, collection;

CREATE VIEW loads AS
SELECT
    l.day,
    c.name AS cluster,
    n.text AS collection,
    l.jobs,
    iif(l.rows_jobs > 0, iif(l.rows_billions < 9000000000, l.rows_billions * 1000000000 + l.rows_rest, CAST(l.rows_billions * 1e9 + l.rows_rest AS INTEGER)), NULL) AS rows,
    iif(l.rows_jobs > 0, l.rows_min_ms / 1000.0, NULL) AS rows_min_seconds,
    iif(l.rows_jobs > 0, l.rows_max_ms / 1000.0, NULL) AS rows_max_seconds,
    iif(l.bytes_jobs > 0, iif(l.bytes_billions < 9000000000, l.bytes_billions * 1000000000 + l.bytes_rest, CAST(l.bytes_billions * 1e9 + l.bytes_rest AS INTEGER)), NULL) AS bytes,
    iif(l.bytes_jobs > 0, l.bytes_min_ms / 1000.0, NULL) AS bytes_min_seconds,
    iif(l.bytes_jobs > 0, l.bytes_max_ms / 1000.0, NULL) AS bytes_max_seconds
FROM archive_loads AS l
JOIN archive_clusters AS c ON c.id = l.cluster
LEFT JOIN archive_texts AS n ON n.id = l.collection
WHERE l.jobs > 0;
