-- Details are those of their jobs
-- A job's row has the time of its newest description, files are numbered without a gap, and only a run that listed
-- something has queried single jobs.

SELECT c.name AS cluster, 'job ' || j.job_id AS of, 'described at ' || ifnull(j.described_ms, 'no time') || ', not ' || ifnull(d.described_ms, 'ever') AS what
FROM archive_jobs AS j
JOIN archive_clusters AS c ON c.id = j.cluster
LEFT JOIN archive_details AS d ON d.cluster = j.cluster AND d.seq = j.seq
WHERE j.described_ms IS NOT d.described_ms
UNION ALL
SELECT c.name, 'job number ' || f.seq, count(*) || ' files, and one with the number ' || max(f.n)
FROM archive_files AS f
JOIN archive_clusters AS c ON c.id = f.cluster
GROUP BY f.cluster, f.seq
HAVING count(*) <> max(f.n)
UNION ALL
SELECT c.name, 'run ' || r.id, r.described || ' described and ' || r.describe_failed || ' not after it was ' || ifnull(r.outcome, 'begun')
FROM archive_runs AS r
JOIN archive_clusters AS c ON c.id = r.cluster
WHERE r.described + r.describe_failed > 0 AND (r.outcome IS NULL OR r.outcome NOT IN ('complete', 'quick', 'partial'));
