-- Notices are made and sent in order
-- No notice is about a transition beyond the cursor, each agrees with its transition, and of the waiting ones only the oldest have had attempts.

SELECT n.id, n.kind, n.cluster, n.transition, n.attempts
FROM notify_notices AS n
LEFT JOIN notify_outbox AS o ON o.one = 1
WHERE o.one IS NULL
   OR n.transition > o.cursor
   OR EXISTS (
        SELECT 1 FROM archive_transitions AS t JOIN archive_clusters AS c ON c.id = t.cluster
        WHERE t.id = n.transition AND NOT (
            c.name = n.cluster AND CASE n.kind
                WHEN 'failed' THEN t.to_state IS 'failed' AND t.kind IN ('appeared', 'moved')
                WHEN 'found' THEN t.kind = 'returned'
                ELSE t.kind = 'gone' AND t.from_state NOT IN ('completed', 'failed', 'cancelled') END))
   OR n.attempts > 0 AND n.sent_ms IS NULL AND n.given_up_ms IS NULL
        AND n.id > (SELECT min(id) FROM notify_notices WHERE sent_ms IS NULL AND given_up_ms IS NULL AND attempts = 0);
