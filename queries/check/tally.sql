-- The tally agrees with the jobs
-- The tally that status reads agrees with the rows.

SELECT cluster, state, gone, sum(jobs) AS difference
FROM (
    SELECT cluster, state, gone_ms IS NOT NULL AS gone, count(*) AS jobs FROM archive_jobs GROUP BY 1, 2, 3
    UNION ALL
    SELECT cluster, state, gone, -jobs FROM archive_tally
)
GROUP BY cluster, state, gone
HAVING sum(jobs) <> 0;
