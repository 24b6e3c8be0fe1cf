-- Rejects
-- Samples of the records that could not be archived, because they have no usable id, as the service sent them: ten of a run and a hundred of a cluster.
--
-- :changed_since    only those that came at this time or later
--
-- run_id   integer  the run that first saw it, or saw it again after a prune
-- cluster  text     the cluster
-- rejected_at  time     when its page was received
-- reason   text     why it could not be archived
-- raw      text     the record as it came
-- last_seen_at  time     when a run last kept it as a sample; it moves without rejected_at

SELECT run_id, cluster, rejected_at, reason, raw, last_seen_at
FROM rejects
WHERE rejected_at >= coalesce(:changed_since, '')
ORDER BY rejected_at, cluster, run_id, raw;
