-- Clusters
-- One row a cluster: what it is, when it was last read, how many jobs it has.
--
-- name                text      the cluster
-- api                 text      the API that lists it: zilliz-v1, zilliz-v2 or milvus-v2
-- cluster_id          text?     the service's own id for it
-- base_url            text?     the address of that API
-- first_run_at        time      when its first run began
-- last_run_at         time      when its newest run began
-- last_outcome        text?     how the newest finished run ended: complete, quick, partial, failed or interrupted
-- last_complete_at    time?     when the newest complete listing ended
-- failures            integer   runs in a row that were not conclusive
-- listed              integer   jobs in its list, as far as we know
-- open_jobs           integer   those of them that have not finished
-- archived            integer   all jobs archived
-- expected_seconds    real?     from one run to the next, by the schedule of the newest complete listing
-- last_conclusive_at  time?     when the newest conclusive run (complete or quick) ended
-- rejects             integer   records of the newest whole listing that could not be archived

SELECT name, api, cluster_id, base_url, first_run_at, last_run_at, last_outcome, last_complete_at, failures,
    listed, open_jobs, archived, expected_seconds, last_conclusive_at, rejects
FROM clusters
ORDER BY name;
