-- As of
-- The list as it stood at a moment, as far as the archive knew it then. The newest job first.
--
-- :at          required  the moment
-- :cluster               only this cluster
-- :collection            only this collection
-- :gone                  1: also jobs that were gone by then
-- :limit       50        how many; 0: all
--
-- cluster        text   the cluster
-- job_id         text   the job's id
-- collection     text?  the target collection then
-- state          text   the state that it was known to be in
-- raw_state      text?  the service's own word when it began to be in it
-- first_seen_at  time   when a listing first had it
-- last_state_at  time   when a listing first had it in that state
-- outcome        text   completed, failed, cancelled; open while listed and not finished; lost when gone and not finished
-- gone_at        time?  when its absence was confirmed; NULL while it was listed

SELECT cluster, job_id, collection, state, raw_state, first_seen_at, last_state_at,
    CASE
        WHEN state IN ('completed', 'failed', 'cancelled') THEN state
        WHEN gone_at IS NULL THEN 'open'
        ELSE 'lost'
    END AS outcome,
    gone_at
FROM (
    SELECT j.cluster, j.job_id, newest.collection, began.to_state AS state, began.to_raw_state AS raw_state,
        j.first_seen_at, began.observed_at AS last_state_at, iif(present.kind = 'gone', present.observed_at, NULL) AS gone_at
    FROM jobs AS j
    CROSS JOIN transitions AS newest ON newest.id = (
        SELECT id FROM transitions
        WHERE cluster = j.cluster AND job_id = j.job_id AND observed_at <= :at
        ORDER BY id DESC LIMIT 1)
    CROSS JOIN transitions AS began ON began.id = (
        SELECT id FROM transitions
        WHERE cluster = j.cluster AND job_id = j.job_id AND observed_at <= :at AND kind IN ('appeared', 'moved')
        ORDER BY id DESC LIMIT 1)
    CROSS JOIN transitions AS present ON present.id = (
        SELECT id FROM transitions
        WHERE cluster = j.cluster AND job_id = j.job_id AND observed_at <= :at AND kind IN ('appeared', 'gone', 'returned')
        ORDER BY id DESC LIMIT 1)
    WHERE j.first_seen_at <= :at
      -- What was listed then is listed now, or went away later: most jobs need no look at their history.
      AND (:gone = 1 OR j.gone_at IS NULL OR j.gone_at > :at)
      AND (:cluster IS NULL OR j.cluster = :cluster)
)
WHERE (:gone = 1 OR gone_at IS NULL)
  AND (:collection IS NULL OR collection = :collection)
ORDER BY first_seen_at DESC, cluster, job_id
LIMIT iif(:limit = 0, -1, coalesce(:limit, 50));
