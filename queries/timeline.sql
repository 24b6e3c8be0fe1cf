-- Timeline
-- Every transition of one job, oldest first: each happened after not_before and no later than observed_at.
--
-- :job      required  the job's id
-- :cluster            only on this cluster
--
-- id              integer   the transition's number; it grows
-- cluster         text      the cluster
-- job_id          text      the job's id
-- collection      text?     the target collection, from then on
-- kind            text      appeared, moved, renamed, gone or returned
-- from_state      text?     the state before; NULL when it was not listed
-- to_state        text?     the state from then on; NULL when it is gone
-- from_raw_state  text?     the service's own word for the state before
-- to_raw_state    text?     the service's own word from then on
-- not_before      time?     it happened after this; NULL: the job was there at the first run
-- observed_at     time      it happened no later than this, when a run had seen it
-- run_id          integer   the run that saw it

SELECT id, cluster, job_id, collection, kind, from_state, to_state, from_raw_state, to_raw_state, not_before, observed_at, run_id
FROM transitions
WHERE job_id = :job AND (:cluster IS NULL OR cluster = :cluster)
ORDER BY cluster, id;
