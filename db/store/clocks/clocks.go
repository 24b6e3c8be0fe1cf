// Package clocks reads what the archive knows about its clusters' clocks: how far the
// service's was from ours, and how far apart the newest listings are. [db.Clocks.Doubt]
// decides from that whether ages can be judged.
package clocks

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"importarchive/db"
	"importarchive/db/rows"
	"importarchive/db/store"
)

// All returns the clocks of all clusters, by name. It finds each cluster's newest run
// by an index.
func All(ctx context.Context, archive store.Querier) ([]db.Clocks, error) {
	all, err := rows.All(ctx, archive, func(c *db.Clocks) []any {
		return []any{
			&c.Cluster,
			db.IntoTime{Time: &c.Newest},
			db.IntoTime{Time: &c.Before},
			db.IntoTime{Time: &c.ClockThen},
			intoSeconds{&c.Expected},
			db.IntoTime{Time: &c.GapEnded},
			intoOffset{&c.Offset},
		}
	}, `
		SELECT name, newest_ms, conclusive_ms, coalesce(conclusive_clock_ms, conclusive_ms), complete_expected_s,
			(SELECT max(ended_ms) FROM archive_gaps WHERE cluster = c.id),
			(SELECT clock_offset_s FROM archive_runs AS r
				WHERE r.cluster = c.id AND clock_offset_s IS NOT NULL AND r.started_at >= coalesce(newest_at, '')
				ORDER BY r.started_at DESC, r.id DESC LIMIT 1)
		FROM (SELECT id, name, conclusive_ms, conclusive_clock_ms, complete_expected_s, newest_at, CAST(round(unixepoch(newest_at, 'subsec') * 1000) AS INTEGER) AS newest_ms
			FROM (SELECT *, (SELECT r.started_at FROM archive_runs AS r
				WHERE r.cluster = archive_clusters.id AND (r.outcome = 'complete' OR r.outcome = 'quick' OR r.outcome = 'partial')
				ORDER BY r.started_at DESC LIMIT 1) AS newest_at FROM archive_clusters)) AS c
		ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("reading the clocks of the clusters: %w", err)
	}
	return all, nil
}

// Why returns why ages of clusters can't be judged, by name. It has no entry for a
// cluster whose ages can be.
func Why(all []db.Clocks) map[string]string {
	doubts := map[string]string{}
	for i := range all {
		if doubt := all[i].Doubt(); doubt != "" {
			doubts[all[i].Cluster] = doubt
		}
	}
	return doubts
}

// intoSeconds scans a column of seconds, NULL as 0.
type intoSeconds struct{ *time.Duration }

// Scan implements [sql.Scanner].
func (d intoSeconds) Scan(column any) error {
	var s sql.NullFloat64
	err := s.Scan(column)
	*d.Duration = seconds(s.Float64)
	return err
}

// intoOffset scans a column of seconds, NULL as nil.
type intoOffset struct{ to **time.Duration }

// Scan implements [sql.Scanner].
func (o intoOffset) Scan(column any) error {
	var s sql.NullFloat64
	err := s.Scan(column)
	if *o.to = nil; s.Valid {
		d := seconds(s.Float64)
		*o.to = &d
	}
	return err
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond)
}
