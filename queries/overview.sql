-- Overview
-- Each cluster at a glance: what is listed, how its jobs ended, how fresh that is.
--
-- :cluster    only this cluster

SELECT
    c.name AS cluster,
    c.listed,
    c.open,
    coalesce(o.completed, 0) AS completed,
    coalesce(o.failed, 0) AS failed,
    coalesce(o.cancelled, 0) AS cancelled,
    coalesce(o.lost, 0) AS lost,
    round(100.0 * o.completed / nullif(o.completed + o.failed, 0), 1) AS success_percent,
    c.last_complete_at,
    c.last_outcome,
    c.failures
FROM clusters AS c
LEFT JOIN outcomes AS o ON o.cluster = c.name
WHERE :cluster IS NULL OR c.name = :cluster
ORDER BY c.name;
