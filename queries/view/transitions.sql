-- Transitions
-- What changed, one row each, append-only: it happened after not_before and no later than observed_at.
--
-- :since_id         only those with a greater id
-- :changed_since    only those seen at this time or later
--
-- id              integer   the transition's number; it grows, so it can be used as a cursor
-- run_id          integer   the run that saw it
-- cluster         text      the cluster
-- job_id          text      the job's id
-- collection      text?     the target collection, from then on
-- kind            text      appeared, moved, renamed (another collection), gone or returned
-- from_state      text?     the state before; NULL when it was not listed
-- to_state        text?     the state from then on; NULL when it is gone
-- from_raw_state  text?     the service's own word for the state before
-- to_raw_state    text?     the service's own word from then on
-- not_before      time?     it happened after this; NULL: the job was there at the first run
-- observed_at     time      it happened no later than this, when a run had seen it

-- One branch for each index; the values decide which one gives rows.
SELECT id, run_id, cluster, job_id, collection, kind, from_state, to_state, from_raw_state, to_raw_state, not_before, observed_at
FROM transitions
WHERE :changed_since IS NULL AND id > coalesce(:since_id, 0)
UNION ALL
SELECT * FROM (
    SELECT id, run_id, cluster, job_id, collection, kind, from_state, to_state, from_raw_state, to_raw_state, not_before, observed_at
    FROM transitions
    WHERE observed_at >= :changed_since AND id > coalesce(:since_id, 0)
    ORDER BY observed_at LIMIT -1 -- the limit makes SQLite keep this order, and so use the index
)
ORDER BY id;
