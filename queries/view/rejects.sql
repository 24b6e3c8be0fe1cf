-- Rejects
-- Samples of the records that could not be archived, because they have no usable id, as the service sent them: ten of a run and a hundred of a cluster.
--
-- :changed_since    only those that came at this time or later
--
-- run_id   integer  the run that first saw it
-- cluster  text     the cluster
-- rejected_at  time     when its page was received
-- reason   text     why it could not be archived
-- raw      text     the record as it came

SELECT run_id, cluster, rejected_at, reason, raw
FROM rejects
WHERE rejected_at >= coalesce(:changed_since, '')
ORDER BY rejected_at, cluster, run_id, raw;
