-- Job files
-- One row for each file of a job, where the service's answer about the single job lists files.
--
-- :changed_since  only of jobs that changed at this time or later
--
-- cluster        text      the cluster; with job_id the key of the job
-- job_id         text      the job's id
-- n              integer   which of the job's files it is, from 1
-- name           text?     its name
-- size           integer?  how large it is, in bytes
-- total_rows     integer?  how many rows there are to load
-- imported_rows  integer?  how many are loaded
-- raw_state      text?     the service's own word for the state of the file
-- progress       real?     0 to 100, where the service gives it
-- progress_raw   text?     its progress as the service sent it
-- reason         text?     the service's explanation, where it gives one
-- completed_at   time?     when it was loaded, by the service's own clock
-- extra          text?     the rest of its description, as JSON
-- changed_at     time      when the job's row last changed

SELECT cluster, job_id, n, name, size, total_rows, imported_rows, raw_state, progress, progress_raw, reason, completed_at, extra, changed_at
FROM job_files
WHERE changed_at >= coalesce(:changed_since, '')
ORDER BY changed_at, cluster, job_id, n;
