-- Every job is in the state that its history ends in
-- The newest appearance or move has the job's state, and the two moments between which that state began.

SELECT c.name AS cluster, j.job_id, j.state, j.last_state_at, t.to_state, t.observed_at
FROM archive_jobs AS j
JOIN archive_clusters AS c ON c.id = j.cluster
JOIN archive_transitions AS t ON t.id = (
    SELECT h.id FROM archive_transitions AS h
    WHERE h.cluster = j.cluster AND h.seq = j.seq AND h.kind IN ('appeared', 'moved') AND h.from_state IS NOT h.to_state
    ORDER BY h.id DESC LIMIT 1
)
WHERE t.to_state <> j.state
   OR t.observed_ms <> j.state_seen_ms
   OR t.not_before_ms IS NOT j.state_after_ms;
