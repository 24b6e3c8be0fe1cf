-- Every move changes the state
-- A move leads to another state, or to another word of the service for the same one.

SELECT c.name AS cluster, t.id, t.seq, t.from_state, t.to_state, w.text AS raw_state
FROM archive_transitions AS t
JOIN archive_clusters AS c ON c.id = t.cluster
LEFT JOIN archive_texts AS w ON w.id = t.to_raw_state
WHERE t.kind = 'moved'
  AND t.from_state = t.to_state
  AND t.from_raw_state IS t.to_raw_state;
