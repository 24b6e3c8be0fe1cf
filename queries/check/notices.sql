-- Notices are made and sent in order
-- None tells of a transition that was not looked at yet, or of another than it says; what was tried is older than what was not.

SELECT n.id, n.kind, n.cluster, n.transition, n.attempts, n.next_attempt_at
FROM archive_notices AS n
LEFT JOIN archive_outbox AS o ON o.one = 1
WHERE o.one IS NULL
   OR n.transition > o.cursor
   OR EXISTS (
        SELECT 1 FROM archive_transitions AS t JOIN archive_clusters AS c ON c.id = t.cluster
        WHERE t.id = n.transition AND NOT (
            c.name = n.cluster AND CASE n.kind
                WHEN 'failed' THEN t.to_state IS 'failed' AND t.kind IN ('appeared', 'moved')
                WHEN 'found' THEN t.kind = 'returned'
                ELSE t.kind = 'gone' AND t.from_state NOT IN ('completed', 'failed', 'cancelled') END))
   OR n.attempts > 0 AND n.next_ms IS NOT NULL
        AND n.id > (SELECT min(id) FROM archive_notices WHERE next_ms IS NOT NULL AND attempts = 0);
