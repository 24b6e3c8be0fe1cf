-- Every history is continuous
-- It begins with the appearance unless that was pruned, each transition starts in the state in which the one before it ended, and time never runs backwards.

WITH told AS (
    SELECT id, cluster, seq, kind, from_state, to_state, observed_ms,
        lag(observed_ms) OVER job AS observed_before_ms,
        lag(coalesce(to_state, from_state)) OVER job AS state_before
    FROM archive_transitions
    WINDOW job AS (PARTITION BY cluster, seq ORDER BY id)
),
wrong AS (
    SELECT * FROM told
    WHERE (kind = 'appeared') <> (state_before IS NULL)
       OR kind <> 'appeared' AND coalesce(from_state, to_state) <> state_before
       OR observed_ms < observed_before_ms
)
SELECT c.name AS cluster, j.job_id, w.id, w.kind, w.from_state, w.to_state, w.state_before, w.observed_ms, w.observed_before_ms
FROM wrong AS w
JOIN archive_clusters AS c ON c.id = w.cluster
JOIN archive_jobs AS j ON j.cluster = w.cluster AND j.seq = w.seq
WHERE NOT (j.prune IS NOT NULL AND w.state_before IS NULL AND w.kind <> 'appeared');
