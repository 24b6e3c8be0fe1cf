package cli

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// contradictions compares the service's own times with the bounds that our
// looks gave, as the view jobs does: a job was created after a look that did not
// have it and before the first that had it, and completed after the last look
// that had it unfinished and before the first that had it finished. It gives by
// how many milliseconds they are off.
const contradictions = `
	SELECT count(*), count(*) FILTER (WHERE off > 0), max(off), max(iif(off > 0, job_id, NULL))
	FROM (
		SELECT j.job_id, max(
			coalesce(d.created_ms - j.first_seen_ms, 0),
			coalesce(j.appeared_after_ms - d.created_by_ms + 1, 0),
			iif(finished, coalesce(d.completed_ms - j.state_seen_ms, 0), 0),
			iif(finished, coalesce(j.state_after_ms - d.completed_by_ms + 1, 0), 0),
			coalesce(d.created_ms - d.completed_by_ms, 0)) AS off
		FROM archive_details AS d
		JOIN (SELECT *, state = 'completed' OR state = 'failed' OR state = 'cancelled' AS finished FROM archive_jobs) AS j
			ON j.cluster = d.cluster AND j.seq = d.seq
		WHERE d.cluster = (SELECT id FROM archive_clusters WHERE name = ?)
		  AND (d.created_ms IS NOT NULL OR d.completed_ms IS NOT NULL)
	)`

// checkTimes says where the service's own times can't be true beside ours. It
// is no problem of the archive, which keeps both, and nothing that could be put
// right afterwards.
func checkTimes(ctx context.Context, cluster string, reader *sql.DB) []checked {
	var told, off int64
	var most sql.NullInt64
	var example sql.NullString
	if err := reader.QueryRowContext(ctx, contradictions, cluster).Scan(&told, &off, &most, &example); err != nil {
		return []checked{broken("details", fmt.Errorf("comparing the service's own times with ours: %w", err))}
	}
	switch {
	case told == 0:
		return nil
	case off == 0:
		return []checked{fine("details", "the service's own times of %s agree with when they were seen", counted(told, "job"))}
	}
	return []checked{note("details",
		"the service's clock and this machine's differed then, or its list lagged; how long those jobs took is told by our looks alone",
		"the service's own times of %d of %s can't be true beside when they were seen, by up to %s, as of %s",
		off, counted(told, "job"), spanUp(time.Duration(most.Int64)*time.Millisecond), example.String)}
}
