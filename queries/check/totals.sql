-- Totals outlive their rows
-- Each total is the number of present rows plus the number of pruned ones.

SELECT cluster, what, sum(n) AS difference
FROM (
    SELECT cluster, 'runs_' || outcome AS what, count(*) AS n FROM archive_runs WHERE outcome IS NOT NULL GROUP BY 1, 2
    UNION ALL
    SELECT cluster, 'pages', coalesce(sum(pages), 0) FROM archive_runs GROUP BY 1
    UNION ALL
    SELECT cluster, 'requests', coalesce(sum(requests), 0) FROM archive_runs GROUP BY 1
    UNION ALL
    SELECT cluster, 'retries', coalesce(sum(retries), 0) FROM archive_runs GROUP BY 1
    UNION ALL
    SELECT cluster, kind, count(*) FROM archive_transitions GROUP BY 1, 2
    UNION ALL
    SELECT cluster, 'rejects', sum(rejected) FROM archive_runs GROUP BY 1
    UNION ALL
    SELECT cluster, 'gaps', count(*) FROM archive_gaps GROUP BY 1
    UNION ALL
    SELECT cluster, 'gaps_ms', sum(ended_ms - started_ms) FROM archive_gaps GROUP BY 1
    UNION ALL
    SELECT cluster, what, n FROM archive_totals_pruned
    UNION ALL
    SELECT id, 'runs_complete', -total_runs_complete FROM archive_clusters
    UNION ALL
    SELECT id, 'runs_partial', -total_runs_partial FROM archive_clusters
    UNION ALL
    SELECT id, 'runs_failed', -total_runs_failed FROM archive_clusters
    UNION ALL
    SELECT id, 'runs_interrupted', -total_runs_interrupted FROM archive_clusters
    UNION ALL
    SELECT id, 'runs_quick', -total_runs_quick FROM archive_clusters
    UNION ALL
    SELECT id, 'pages', -total_pages FROM archive_clusters
    UNION ALL
    SELECT id, 'requests', -total_requests FROM archive_clusters
    UNION ALL
    SELECT id, 'retries', -total_retries FROM archive_clusters
    UNION ALL
    SELECT id, 'appeared', -total_appeared FROM archive_clusters
    UNION ALL
    SELECT id, 'moved', -total_moved FROM archive_clusters
    UNION ALL
    SELECT id, 'renamed', -total_renamed FROM archive_clusters
    UNION ALL
    SELECT id, 'gone', -total_gone FROM archive_clusters
    UNION ALL
    SELECT id, 'returned', -total_returned FROM archive_clusters
    UNION ALL
    SELECT id, 'rejects', -total_rejects FROM archive_clusters
    UNION ALL
    SELECT id, 'gaps', -total_gaps FROM archive_clusters
    UNION ALL
    SELECT id, 'gaps_ms', -total_gaps_ms FROM archive_clusters
)
GROUP BY cluster, what
HAVING sum(n) <> 0;
