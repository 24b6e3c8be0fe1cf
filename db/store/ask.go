package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"importarchive/db"
	"importarchive/db/rows"
)

// Querier is a connection, a pool of them, or a transaction.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// TallyLine counts a cluster's jobs in one state that are all listed, or all
// gone.
type TallyLine struct {
	Cluster string
	State   db.State
	Gone    bool
	Jobs    int64
}

// Tally counts all jobs of the archive. It reads the tally's few rows, not the
// jobs, of which there may be millions.
func Tally(ctx context.Context, archive Querier) ([]TallyLine, error) {
	return rows.All(ctx, archive, func(line *TallyLine) []any {
		return []any{&line.Cluster, &line.State, &line.Gone, &line.Jobs}
	}, `SELECT c.name, t.state, t.gone, t.jobs
		FROM archive_tally AS t JOIN archive_clusters AS c ON c.id = t.cluster`)
}

// NewestTime returns the newest time that the archive has of any cluster; zero for
// an archive without clusters.
func NewestTime(ctx context.Context, archive Querier) (time.Time, error) {
	var newest time.Time
	err := archive.QueryRowContext(ctx, `SELECT max(newest_ms) FROM archive_clusters`).Scan(db.IntoTime{Time: &newest})
	return newest, err
}

// Contradictions counts the jobs of a cluster whose times by the service contradict
// the bounds from our sightings.
type Contradictions struct {
	Described int64         // jobs with times of the service
	Off       int64         // those whose times can't be true
	Most      time.Duration // the largest contradiction
	Example   string        // the id of one of them
}

// TimeContradictions compares the service's own times with the bounds from our
// runs, as the view jobs does: a job was created after a run that did not
// see it and before the first that saw it, and completed after the last run that
// saw it unfinished and before the first that saw it finished.
func TimeContradictions(ctx context.Context, archive Querier, cluster string) (Contradictions, error) {
	var c Contradictions
	var most sql.NullInt64
	var example sql.NullString
	err := archive.QueryRowContext(ctx, `
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
		)`, cluster).Scan(&c.Described, &c.Off, &most, &example)
	c.Most, c.Example = time.Duration(most.Int64)*time.Millisecond, example.String
	return c, err
}

// Snapshot is the moment of the archive that a transaction shows.
type Snapshot struct {
	Schema         int64
	Newest         sql.NullInt64 // time in milliseconds, like OpenSince
	OpenSince      sql.NullInt64 // the start of the earliest run that is still open
	LastTransition int64         // its id; 0 for none
}

// ReadSnapshot fixes the moment that a transaction shows: SQLite takes its
// snapshot with its first query.
func ReadSnapshot(ctx context.Context, archive Querier) (s Snapshot, err error) {
	err = archive.QueryRowContext(ctx, `SELECT
		(SELECT user_version FROM pragma_user_version),
		(SELECT max(newest_ms) FROM archive_clusters),
		(SELECT min(started_ms) FROM archive_runs WHERE finished_at IS NULL),
		(SELECT coalesce(max(id), 0) FROM archive_transitions)`).
		Scan(&s.Schema, &s.Newest, &s.OpenSince, &s.LastTransition)
	if err != nil {
		err = fmt.Errorf("looking up how far the archive is: %w", err)
	}
	return s, err
}
