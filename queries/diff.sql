-- Diff
-- What changed between two moments: each job that something was seen of, the newest change first.
--
-- :from              after this moment; a day ago where it is not given
-- :to                up to this moment; now where it is not given
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

SELECT last.cluster, last.job_id, last.collection,
    -- A job that returns in another state has moved before it has returned.
    (SELECT iif(kind = 'gone', NULL, first.from_state) FROM transitions
     WHERE cluster = last.cluster AND job_id = last.job_id AND id < first.id AND kind IN ('appeared', 'gone', 'returned')
     ORDER BY id DESC LIMIT 1) AS was,
    (SELECT iif(kind = 'gone', NULL, last.to_state) FROM transitions
     WHERE cluster = last.cluster AND job_id = last.job_id AND id <= last.id AND kind IN ('appeared', 'gone', 'returned')
     ORDER BY id DESC LIMIT 1) AS became,
    (SELECT count(*) FROM transitions
     WHERE cluster = last.cluster AND job_id = last.job_id AND id BETWEEN first.id AND last.id) AS transitions,
    first.observed_at AS first_at,
    last.observed_at AS last_at
FROM transitions AS last
CROSS JOIN transitions AS first ON first.id = (
    SELECT id FROM transitions
    WHERE cluster = last.cluster AND job_id = last.job_id
      AND observed_at > coalesce(:from, strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 day'))
    ORDER BY id LIMIT 1)
WHERE last.observed_at > coalesce(:from, strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 day'))
  AND last.observed_at <= coalesce(:to, '9')
  -- A CASE, because the history of a job that nobody asked for need not be read.
  AND CASE WHEN (:cluster IS NULL OR last.cluster = :cluster) AND (:collection IS NULL OR last.collection = :collection)
    THEN NOT EXISTS (
        SELECT * FROM transitions
        WHERE cluster = last.cluster AND job_id = last.job_id AND id > last.id AND observed_at <= coalesce(:to, '9'))
  END
ORDER BY last.observed_at DESC, last.id DESC
LIMIT iif(:limit = 0, -1, coalesce(:limit, 100));
