-- Diff
-- What changed between two moments: each job with a transition in between, the newest change first.
--
-- :from              after this moment; by default a day ago
-- :to                up to this moment; by default now
-- :cluster           only this cluster
-- :collection        only this collection
-- :limit       100   how many; 0: all
--
-- cluster      text      the cluster
-- job_id       text      the job's id
-- collection   text?     the target collection at the later moment
-- was          text?     the state in which it was listed at the first moment; NULL when it was not
-- became       text?     the state in which it was listed at the later moment; NULL when it was not
-- transitions  integer   how many changes were seen in between
-- first_at     time      when the first of them was seen
-- last_at      time      when the last of them was seen

-- The report reads transitions from the newest one back. Where a cluster or a
-- collection has few jobs, it starts from those jobs instead, because the walk
-- would pass too many others. A name that is not in the archive chooses no way,
-- and the report is empty at once.
WITH way AS (
    SELECT CASE
        WHEN :cluster IS NOT NULL AND NOT EXISTS (SELECT * FROM clusters WHERE name = :cluster) THEN 'none'
        WHEN :collection IS NOT NULL AND NOT EXISTS (SELECT * FROM collections WHERE collection = :collection) THEN 'none'
        WHEN (SELECT sum(jobs) FROM collections WHERE collection = :collection AND (:cluster IS NULL OR cluster = :cluster)) < 10000 THEN 'collection'
        WHEN (SELECT archived FROM clusters WHERE name = :cluster) < 10000 THEN 'cluster'
        ELSE 'newest'
    END AS taken,
    coalesce(:from, strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 day')) AS after,
    coalesce(:to, '9') AS upto
),
-- In a branch of another way the comparison is with NULL, so it ends before its first row.
few AS (
    SELECT cluster, job_id FROM jobs
    WHERE cluster = (SELECT :cluster FROM way WHERE taken = 'cluster')
    UNION
    -- The index of collections is (collection, cluster, …), so the walk goes cluster by cluster.
    SELECT j.cluster, j.job_id
    FROM clusters AS c
    CROSS JOIN jobs AS j ON j.cluster = c.name
    WHERE (:cluster IS NULL OR c.name = :cluster)
      AND j.collection = (SELECT :collection FROM way WHERE taken = 'collection')
    UNION
    -- A job that has another collection now was renamed later.
    SELECT cluster, job_id FROM transitions
    WHERE kind = 'renamed' AND observed_at > (SELECT upto FROM way WHERE taken = 'collection')
),
candidates AS (
    SELECT id, cluster, job_id, collection, to_state, observed_at
    FROM transitions
    WHERE observed_at > (SELECT after FROM way WHERE taken = 'newest')
      AND observed_at <= (SELECT upto FROM way WHERE taken = 'newest')
    UNION ALL
    SELECT t.id, t.cluster, t.job_id, t.collection, t.to_state, t.observed_at
    FROM few
    CROSS JOIN transitions AS t ON t.cluster = few.cluster AND t.job_id = few.job_id
    WHERE +t.observed_at > (SELECT after FROM way) AND +t.observed_at <= (SELECT upto FROM way)
)
SELECT cluster, job_id, collection, was, became, transitions, first_at, last_at
FROM (
    SELECT last.cluster, last.job_id, last.collection,
        -- A job that returns in another state has the move first and the return second. Where a prune took the earlier
        -- transitions, the return is the only sign that the job was gone.
        iif(coalesce(
            (SELECT kind FROM transitions
             WHERE cluster = last.cluster AND job_id = last.job_id AND id < first.id AND kind IN ('appeared', 'gone', 'returned')
             ORDER BY id DESC LIMIT 1),
            (SELECT iif(kind = 'returned', 'gone', NULL) FROM transitions
             WHERE cluster = last.cluster AND job_id = last.job_id AND id >= first.id AND kind IN ('appeared', 'gone', 'returned')
             ORDER BY id LIMIT 1)) IS 'gone', NULL, first.from_state) AS was,
        iif((SELECT kind FROM transitions
             WHERE cluster = last.cluster AND job_id = last.job_id AND id <= last.id AND kind IN ('appeared', 'gone', 'returned')
             ORDER BY id DESC LIMIT 1) IS 'gone', NULL, last.to_state) AS became,
        (SELECT count(*) FROM transitions
         WHERE cluster = last.cluster AND job_id = last.job_id AND id BETWEEN first.id AND last.id) AS transitions,
        first.observed_at AS first_at,
        last.observed_at AS last_at,
        last.id AS last_id
    FROM candidates AS last
    CROSS JOIN transitions AS first ON first.id = (
        SELECT id FROM transitions
        WHERE cluster = last.cluster AND job_id = last.job_id AND observed_at > (SELECT after FROM way)
        ORDER BY id LIMIT 1)
    -- CASE fixes the order: it reads the history only of jobs that the filters let through.
    WHERE CASE WHEN (:cluster IS NULL OR last.cluster = :cluster) AND (:collection IS NULL OR last.collection = :collection)
        THEN NOT EXISTS (
            SELECT * FROM transitions
            WHERE cluster = last.cluster AND job_id = last.job_id AND id > last.id AND observed_at <= (SELECT upto FROM way))
      END
    ORDER BY last_at DESC, last_id DESC
    LIMIT iif(:limit = 0, -1, coalesce(:limit, 100))
)
ORDER BY last_at DESC, last_id DESC;
