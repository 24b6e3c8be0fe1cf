-- Pruned
-- What is kept for ever of each pruned job: that there was one, when it was first seen, and how it ended.
--
-- cluster        text      the cluster; with job_id the key
-- job_id         text      the job's id, exactly as the service sent it
-- collection     text?     the target collection
-- last_state     text      the state that it was last seen in
-- raw_state      text?     the service's own word
-- first_seen_at  time      when a listing first had the job; never changes again
-- last_state_at  time      when a listing first had it in that state
-- gone_at        time?     when its absence was confirmed; NULL while it is listed
-- outcome        text      completed, failed, cancelled, or lost: it went away unfinished
-- prune_id       integer   the prune that deleted its history

SELECT cluster, job_id, collection, last_state, raw_state, first_seen_at, last_state_at, gone_at, outcome, prune_id
FROM pruned
ORDER BY first_seen_at, cluster, job_id;
