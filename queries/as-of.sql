-- As of
-- The list as it stood at a moment, as far as the archive knew it then. The newest job first.
--
-- :at          required  the moment
-- :cluster               only this cluster
-- :collection            only this collection
-- :gone                  1: also jobs that were gone by then
-- :state                 only jobs in one of these states then: pending, running, unknown, completed, failed, cancelled, open or, with :gone, lost; separate several by commas
-- :limit       50        how many; 0: all
--
-- cluster        text   the cluster
-- job_id         text   the job's id
-- collection     text?  the target collection then
-- state          text   the state that it was known to be in; lost once it was gone and not finished
-- raw_state      text?  the service's own word for it when that state began
-- first_seen_at  time   when a listing first had it
-- last_state_at  time?  when a listing first had it in that state; NULL: that was pruned
-- outcome        text   completed, failed, cancelled; open while listed and not finished; lost when gone and not finished
-- gone_at        time?  when its absence was confirmed; NULL while it was listed

-- There are four ways to find the candidates, and way chooses one. Most jobs that
-- were listed at a moment appeared in the eight days before it. An index has the
-- few that stay longer. A job that was gone for good has not changed since, so
-- the indexes by state find it. Where a cluster or a collection has few jobs,
-- reading all of them is faster than reading the newest jobs of all. A name that
-- is not in the archive chooses no way, and the report is empty at once.
WITH way AS (
    SELECT CASE
        WHEN :cluster IS NOT NULL AND NOT EXISTS (SELECT * FROM clusters WHERE name = :cluster) THEN 'none'
        WHEN :collection IS NOT NULL AND NOT EXISTS (SELECT * FROM collections WHERE collection = :collection) THEN 'none'
        WHEN (SELECT sum(jobs) FROM collections WHERE collection = :collection AND (:cluster IS NULL OR cluster = :cluster))
            < iif(:gone = 1, 5000, 50000) THEN 'collection'
        WHEN (SELECT archived FROM clusters WHERE name = :cluster) < iif(:gone = 1, 5000, 50000) THEN 'cluster'
        WHEN :gone = 1 AND (:state IS NULL OR instr(:state, 'completed')) THEN 'all'
        ELSE 'newest'
    END AS taken,
    datetime(:at, '-8 days') AS before,
    -- A job's recency is at most a day before first_seen_at. The second is more than what julianday() rounds.
    (coalesce(julianday(:at, '-8 days'), 2440587.5) - 2440587.5) * 86400000 - 86401000 AS lower,
    (julianday(:at, '-8 days') - 2440587.5) * 86400000 + 1000 AS middle,
    (julianday(:at) - 2440587.5) * 86400000 + 1000 AS upper
),
renamed AS (
    SELECT DISTINCT cluster, job_id FROM transitions
    WHERE kind = 'renamed' AND observed_at > iif(:collection IS NULL, NULL, :at)
),
-- CASE fixes the order of the conditions, and coalesce() reads gone_at once: this filter excludes most jobs before
-- their history is read.
possible AS NOT MATERIALIZED (
    SELECT * FROM jobs
    WHERE CASE WHEN :cluster IS NULL OR cluster = :cluster
        THEN (:collection IS NULL OR collection = :collection OR (cluster, job_id) IN (SELECT cluster, job_id FROM renamed))
            -- A job that was listed then is listed now, or was gone later.
            AND (:gone = 1 OR coalesce(gone_at, '9') > :at)
      END
      -- A job that did not move later was already in its present state. instr() is safe: no state word contains another.
      AND (:state IS NULL OR instr(:state, last_state)
        OR last_state NOT IN ('completed', 'failed', 'cancelled') AND (instr(:state, 'open') OR instr(:state, 'lost'))
        OR last_state_at > :at)
),
-- In a branch of another way the comparison is with NULL, so it ends before its first row.
candidates AS (
    SELECT cluster, job_id, first_seen_at, recency, nth FROM possible
    WHERE recency < (SELECT upper FROM way WHERE taken = 'all') AND +first_seen_at <= :at
    UNION ALL
    SELECT cluster, job_id, first_seen_at, recency, nth FROM possible
    WHERE recency > (SELECT lower FROM way WHERE taken = 'newest') AND recency < (SELECT upper FROM way)
      AND +first_seen_at > (SELECT coalesce(before, '') FROM way) AND +first_seen_at <= :at
    UNION ALL
    SELECT cluster, job_id, first_seen_at, recency, nth FROM possible
    WHERE coalesce(gone_at, '9') > :at
      -- SQLite uses the partial index of these jobs only if the condition is spelled as in its WHERE.
      AND (gone_at IS NULL OR gone_at > datetime(first_seen_at, '+8 days'))
      AND recency < (SELECT middle FROM way WHERE taken = 'newest')
      AND +first_seen_at <= (SELECT before FROM way)
    UNION ALL
    SELECT cluster, job_id, first_seen_at, recency, nth FROM possible
    WHERE gone_at <= :at
      AND state <> 'completed' AND state <> 'failed' AND state <> 'cancelled'
      AND recency < (SELECT middle FROM way WHERE taken = 'newest' AND :gone = 1 AND instr(:state, 'lost'))
      AND +first_seen_at <= (SELECT before FROM way)
    UNION ALL
    SELECT cluster, job_id, first_seen_at, recency, nth FROM possible
    WHERE gone_at <= :at AND state = 'failed'
      AND recency < (SELECT middle FROM way WHERE taken = 'newest' AND :gone = 1 AND instr(:state, 'failed'))
      AND +first_seen_at <= (SELECT before FROM way)
    UNION ALL
    SELECT cluster, job_id, first_seen_at, recency, nth FROM possible
    WHERE gone_at <= :at AND state = 'cancelled'
      AND recency < (SELECT middle FROM way WHERE taken = 'newest' AND :gone = 1 AND instr(:state, 'cancelled'))
      AND +first_seen_at <= (SELECT before FROM way)
    UNION ALL
    SELECT cluster, job_id, first_seen_at, recency, nth FROM possible
    WHERE cluster = (SELECT :cluster FROM way WHERE taken = 'cluster')
      AND +first_seen_at <= :at
    UNION ALL
    -- The index of collections is (collection, cluster, …), so the walk goes cluster by cluster.
    SELECT j.cluster, j.job_id, j.first_seen_at, j.recency, j.nth
    FROM clusters AS c
    CROSS JOIN possible AS j ON j.cluster = c.name
    WHERE (:cluster IS NULL OR c.name = :cluster)
      AND j.collection = (SELECT :collection FROM way WHERE taken = 'collection')
      AND +j.first_seen_at <= :at
    UNION ALL
    SELECT j.cluster, j.job_id, j.first_seen_at, j.recency, j.nth
    FROM renamed
    CROSS JOIN possible AS j ON j.cluster = renamed.cluster AND j.job_id = renamed.job_id
    WHERE (SELECT taken FROM way) = 'collection'
      AND j.collection IS NOT :collection
      AND +j.first_seen_at <= :at
)
SELECT cluster, job_id, collection, state, raw_state, first_seen_at, last_state_at, outcome, gone_at
FROM (
    -- SQLite merges the ordered candidates, instead of sorting them all, only if this order is that of the whole too.
    SELECT cluster, job_id, collection, iif(outcome = 'lost', 'lost', state) AS state, raw_state, first_seen_at, last_state_at, outcome, gone_at, recency, nth
    FROM (
        SELECT *, CASE
            WHEN state IN ('completed', 'failed', 'cancelled') THEN state
            WHEN gone_at IS NULL THEN 'open'
            ELSE 'lost'
        END AS outcome
        FROM (
            -- A job that came back after a prune lacks its earlier transitions. The newest one then stands in for them.
            SELECT j.cluster, j.job_id, newest.collection,
                coalesce(began.to_state, began.from_state) AS state,
                iif(began.to_state IS NULL, began.from_raw_state, began.to_raw_state) AS raw_state,
                j.first_seen_at, j.recency, j.nth,
                iif(began.kind IN ('appeared', 'moved'), began.observed_at, (
                    SELECT last_state_at FROM jobs WHERE cluster = j.cluster AND job_id = j.job_id AND last_state_at <= :at)) AS last_state_at,
                iif(present.kind = 'gone', present.observed_at, NULL) AS gone_at
            FROM candidates AS j
            CROSS JOIN transitions AS newest ON newest.id = (
                SELECT id FROM transitions
                WHERE cluster = j.cluster AND job_id = j.job_id AND observed_at <= :at
                ORDER BY id DESC LIMIT 1)
            -- The newest transition is mostly of these kinds. Where none is left after a prune, it stands in for them.
            CROSS JOIN transitions AS began ON began.id = iif(newest.kind IN ('appeared', 'moved'), newest.id, coalesce((
                SELECT id FROM transitions
                WHERE cluster = j.cluster AND job_id = j.job_id AND observed_at <= :at AND kind IN ('appeared', 'moved')
                ORDER BY id DESC LIMIT 1), newest.id))
            CROSS JOIN transitions AS present ON present.id = iif(newest.kind IN ('appeared', 'gone', 'returned'), newest.id, coalesce((
                SELECT id FROM transitions
                WHERE cluster = j.cluster AND job_id = j.job_id AND observed_at <= :at AND kind IN ('appeared', 'gone', 'returned')
                ORDER BY id DESC LIMIT 1), newest.id))
        )
    )
    WHERE (:gone = 1 OR gone_at IS NULL)
      AND (:collection IS NULL OR collection = :collection)
      -- Of a lost job and a finished one, the state is the outcome.
      AND (:state IS NULL OR instr(:state, outcome) OR outcome = 'open' AND instr(:state, state))
    ORDER BY recency DESC, nth, cluster
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 50))
)
ORDER BY recency DESC, nth, cluster;
