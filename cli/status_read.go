package cli

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/robfig/cron/v3"

	"importarchive/config"
	"importarchive/db"
	"importarchive/sync"
)

// status is what the command of that name shows; its JSON is public.
type status struct {
	Now                string          `json:"now"`
	Archive            string          `json:"archive"`
	Stale              bool            `json:"stale"`
	ClockBehindSeconds *float64        `json:"clock_behind_seconds"`
	Clusters           []clusterStatus `json:"clusters"`
	Gaps               []gap           `json:"gaps"`

	now clock
}

type clusterStatus struct {
	Name              string    `json:"name"`
	InSettings        bool      `json:"in_settings"`
	Freshness         *string   `json:"freshness"`
	LastCompleteAt    *string   `json:"last_complete_at"`
	LastLookAt        *string   `json:"last_look_at"` // complete or quick: what age and freshness are measured from
	AgeSeconds        *float64  `json:"age_seconds"`
	StaleAfterSeconds *float64  `json:"stale_after_seconds"`
	RunningSince      *string   `json:"running_since"`
	LastRun           *lastRun  `json:"last_run"`
	Failures          int64     `json:"failures"`
	Listed            int64     `json:"listed"`
	Open              int64     `json:"open"`
	Archived          int64     `json:"archived"`
	Jobs              jobCounts `json:"jobs"`
}

type lastRun struct {
	ID         int64   `json:"id"`
	Trigger    string  `json:"trigger"`
	StartedAt  string  `json:"started_at"`
	FinishedAt string  `json:"finished_at"`
	Outcome    string  `json:"outcome"`
	ErrorKind  *string `json:"error_kind"`
	Error      *string `json:"error"`

	Described      int64 `json:"described"`
	DescribeFailed int64 `json:"describe_failed"`
}

type jobCounts struct {
	Pending   int64 `json:"pending"`
	Running   int64 `json:"running"`
	Unknown   int64 `json:"unknown"`
	Completed int64 `json:"completed"`
	Failed    int64 `json:"failed"`
	Cancelled int64 `json:"cancelled"`
	Lost      int64 `json:"lost"`
}

type gap struct {
	Cluster         string  `json:"cluster"`
	StartedAt       string  `json:"started_at"`
	EndedAt         *string `json:"ended_at"`
	Seconds         float64 `json:"seconds"`
	ExpectedSeconds float64 `json:"expected_seconds"`
}

// How fresh the archive of a cluster is.
const (
	fresh = "fresh"
	stale = "stale"
	never = "never"
)

func (cl *clusterStatus) needsALook() bool { return cl.Freshness != nil && *cl.Freshness != fresh }

// clock is the present time.
type clock time.Time

// since is how long ago a time of the archive is, never less than nothing.
func (now clock) since(spelled string) time.Duration {
	t, err := time.Parse(db.TimeFormat, spelled)
	if err != nil {
		return 0 // unreachable: the schema spells all times so
	}
	return max(0, time.Time(now).Sub(t))
}

// readStatus reads everything from one state of the archive.
func readStatus(ctx context.Context, reader *sql.DB, cfg *config.Config, now time.Time) (s *status, err error) {
	tx, err := reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	s = &status{Now: spellTime(now), Archive: cfg.Archive.Path, Gaps: []gap{}, now: clock(now)}
	if s.Clusters, err = clusterStatuses(ctx, tx); err != nil {
		return nil, fmt.Errorf("reading the clusters: %w", err)
	}
	if err := countJobs(ctx, tx, s.Clusters); err != nil {
		return nil, fmt.Errorf("counting jobs: %w", err)
	}
	s.judge(cfg)
	closed, err := closedGaps(ctx, tx, now)
	if err != nil {
		return nil, fmt.Errorf("reading the gaps: %w", err)
	}
	s.Gaps = append(s.Gaps, closed...)
	s.ClockBehindSeconds, err = clockBehind(ctx, tx, now)
	return s, err
}

// clusterQuery finds each cluster's newest runs in an index, of which there
// may be millions. As a join it would read them all: SQLite makes a table of
// what is joined to the left.
const clusterQuery = `
	SELECT c.name, c.last_complete_at, c.last_look_at, c.failures, c.listed, c.open, c.archived,
		(SELECT iif(outcome IS NULL, started_at, NULL) FROM runs WHERE cluster = c.name ORDER BY started_at DESC, id DESC LIMIT 1),
		(SELECT json_object('id', id, 'trigger', trigger, 'started_at', started_at, 'finished_at', finished_at,
			'outcome', outcome, 'error_kind', error_kind, 'error', error,
			'described', described, 'describe_failed', describe_failed)
		FROM runs WHERE cluster = c.name AND outcome IS NOT NULL ORDER BY started_at DESC, id DESC LIMIT 1)
	FROM clusters AS c
	ORDER BY c.name`

func clusterStatuses(ctx context.Context, tx *sql.Tx) ([]clusterStatus, error) {
	rows, err := tx.QueryContext(ctx, clusterQuery)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []clusterStatus{}
	for rows.Next() {
		var cl clusterStatus
		var last []byte
		if err := rows.Scan(&cl.Name, &cl.LastCompleteAt, &cl.LastLookAt, &cl.Failures, &cl.Listed, &cl.Open, &cl.Archived, &cl.RunningSince, &last); err != nil {
			return nil, err
		}
		if last != nil {
			if err := json.Unmarshal(last, &cl.LastRun); err != nil {
				return nil, err
			}
		}
		all = append(all, cl)
	}
	return all, rows.Err()
}

// countJobs reads the tally: it is a few rows, where the jobs may be millions.
func countJobs(ctx context.Context, tx *sql.Tx, clusters []clusterStatus) error {
	rows, err := tx.QueryContext(ctx, `SELECT c.name, t.state, t.gone, t.jobs
		FROM archive_tally AS t JOIN archive_clusters AS c ON c.id = t.cluster`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var state db.State
		var gone bool
		var jobs int64
		if err := rows.Scan(&name, &state, &gone, &jobs); err != nil {
			return err
		}
		i := slices.IndexFunc(clusters, func(cl clusterStatus) bool { return cl.Name == name })
		*clusters[i].Jobs.of(state, gone) += jobs
	}
	return rows.Err()
}

func (c *jobCounts) of(s db.State, gone bool) *int64 {
	switch {
	case gone && !s.Terminal():
		return &c.Lost
	case s == db.Pending:
		return &c.Pending
	case s == db.Running:
		return &c.Running
	case s == db.Completed:
		return &c.Completed
	case s == db.Failed:
		return &c.Failed
	case s == db.Cancelled:
		return &c.Cancelled
	}
	return &c.Unknown
}

// judge says how fresh each cluster of the settings is, adds those that the
// archive doesn't have yet, and puts them first.
func (s *status) judge(cfg *config.Config) {
	var all []clusterStatus
	for i := range cfg.Clusters {
		set := &cfg.Clusters[i]
		cl := clusterStatus{Name: set.Name}
		if at := slices.IndexFunc(s.Clusters, func(cl clusterStatus) bool { return cl.Name == set.Name }); at >= 0 {
			cl = s.Clusters[at]
			s.Clusters = slices.Delete(s.Clusters, at, at+1)
		}
		cl.InSettings = true
		if g := cl.judge(set.Schedule, s.now); g != nil {
			s.Gaps = append(s.Gaps, *g)
		}
		s.Stale = s.Stale || cl.needsALook()
		all = append(all, cl)
	}
	for _, cl := range s.Clusters {
		cl.age(s.now)
		all = append(all, cl)
	}
	s.Clusters = all
}

// judge gives the gap that is open while the cluster is stale.
func (cl *clusterStatus) judge(schedule cron.Schedule, now clock) *gap {
	freshness := fresh
	cl.Freshness = &freshness
	since := time.Time(now)
	if cl.LastLookAt != nil {
		since = since.Add(-now.since(*cl.LastLookAt))
	}
	limit := sync.StaleAfter(schedule, since).Seconds()
	cl.StaleAfterSeconds = &limit
	switch cl.age(now); {
	case cl.LastLookAt == nil:
		freshness = never
	case *cl.AgeSeconds > limit:
		freshness = stale
		return &gap{cl.Name, *cl.LastLookAt, nil, *cl.AgeSeconds, sync.Expected(schedule, since).Seconds()}
	}
	return nil
}

func (cl *clusterStatus) age(now clock) {
	if cl.LastLookAt != nil {
		age := now.since(*cl.LastLookAt).Seconds()
		cl.AgeSeconds = &age
	}
}

const (
	recentGaps = 24 * time.Hour
	gapsShown  = 5
)

func closedGaps(ctx context.Context, tx *sql.Tx, now time.Time) ([]gap, error) {
	rows, err := tx.QueryContext(ctx, `SELECT cluster, started_at, ended_at, seconds, expected_seconds FROM gaps
		WHERE ended_at > ? ORDER BY ended_at DESC LIMIT ?`, spellTime(now.Add(-recentGaps)), gapsShown)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var gaps []gap
	for rows.Next() {
		var g gap
		if err := rows.Scan(&g.Cluster, &g.StartedAt, &g.EndedAt, &g.Seconds, &g.ExpectedSeconds); err != nil {
			return nil, err
		}
		gaps = append(gaps, g)
	}
	return gaps, rows.Err()
}

// querier is a connection or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// clockBehind is by how much the newest time in the archive is ahead of the
// clock; nil if it isn't. Times are rounded up to a millisecond, and clocks
// are set by a little: less than a second is nothing.
func clockBehind(ctx context.Context, reader querier, now time.Time) (*float64, error) {
	var newest sql.NullInt64
	if err := reader.QueryRowContext(ctx, `SELECT max(newest_ms) FROM archive_clusters`).Scan(&newest); err != nil {
		return nil, fmt.Errorf("looking up the newest time: %w", err)
	}
	behind := time.UnixMilli(newest.Int64).Sub(now)
	if !newest.Valid || behind < time.Second {
		return nil, nil
	}
	s := behind.Seconds()
	return &s, nil
}
