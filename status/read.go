package status

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/robfig/cron/v3"

	"importarchive/config"
	"importarchive/db"
	"importarchive/db/rows"
	"importarchive/db/store"
	"importarchive/db/store/clocks"
	"importarchive/queries"
	"importarchive/timetable"
)

// Reader reads the state of clusters.
type Reader struct {
	Archive *sql.DB // read-only connections
	Config  *config.Config
	Now     func() time.Time
}

// Read reads everything from one state of the archive.
func (r *Reader) Read(ctx context.Context) (s *Status, err error) {
	tx, err := r.Archive.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // fails if the context has ended, which rolls back too
	return r.ReadIn(ctx, tx)
}

// ReadIn reads in a transaction, for a caller that reads more of the same state.
func (r *Reader) ReadIn(ctx context.Context, tx *sql.Tx) (s *Status, err error) {
	cfg, now := r.Config, r.Now()
	s = &Status{Now: queries.SpellTime(now), Archive: cfg.Archive.Path, Gaps: []Gap{}}
	if s.Clusters, err = clusters(ctx, tx); err != nil {
		return nil, fmt.Errorf("reading the clusters: %w", err)
	}
	if err := countJobs(ctx, tx, s.Clusters); err != nil {
		return nil, fmt.Errorf("counting jobs: %w", err)
	}
	if err := s.clocks(ctx, tx); err != nil {
		return nil, err
	}
	s.judge(cfg, now)
	closed, err := closedGaps(ctx, tx, now)
	if err != nil {
		return nil, fmt.Errorf("reading the gaps: %w", err)
	}
	s.Gaps = append(s.Gaps, closed...)
	s.ClockBehindSeconds, err = ClockBehind(ctx, tx, now)
	return s, err
}

// clusterQuery finds each cluster's newest runs by an index. There may be millions
// of runs, and a join would read them all, because SQLite materializes the right
// side of a LEFT JOIN.
const clusterQuery = `
	SELECT c.name, c.last_complete_at, c.last_conclusive_at, c.failures, c.rejects, c.listed, c.open_jobs, c.archived,
		(SELECT iif(outcome IS NULL, started_at, NULL) FROM runs WHERE cluster = c.name ORDER BY started_at DESC, id DESC LIMIT 1),
		(SELECT json_object('id', id, 'triggered_by', triggered_by, 'started_at', started_at, 'finished_at', finished_at,
			'outcome', outcome, 'error_kind', error_kind, 'error', error,
			'rejected', rejected, 'described', described, 'describe_failed', describe_failed)
		FROM runs WHERE cluster = c.name AND outcome IS NOT NULL ORDER BY started_at DESC, id DESC LIMIT 1)
	FROM clusters AS c
	ORDER BY c.name`

func clusters(ctx context.Context, tx *sql.Tx) ([]Cluster, error) {
	return rows.All(ctx, tx, func(cl *Cluster) []any {
		return []any{&cl.Name, &cl.LastCompleteAt, &cl.LastConclusiveAt, &cl.Failures, &cl.Rejects, &cl.Listed, &cl.Open, &cl.Archived, &cl.RunningSince, asJSON{&cl.LastRun}}
	}, clusterQuery)
}

// asJSON scans a column of JSON, and leaves the value as it is for NULL.
type asJSON struct{ into any }

// Scan implements [sql.Scanner].
func (j asJSON) Scan(column any) error {
	text, ok := column.(string)
	if !ok {
		return nil
	}
	return json.Unmarshal([]byte(text), j.into)
}

func countJobs(ctx context.Context, tx *sql.Tx, clusters []Cluster) error {
	tally, err := store.Tally(ctx, tx)
	if err != nil {
		return err
	}
	for _, line := range tally {
		i := slices.IndexFunc(clusters, func(cl Cluster) bool { return cl.Name == line.Cluster })
		*clusters[i].Jobs.of(line.State, line.Gone) += line.Jobs
	}
	return nil
}

func (c *JobCounts) of(s db.State, gone bool) *int64 {
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

// clocks sets what depends on the clusters' clocks.
func (s *Status) clocks(ctx context.Context, tx *sql.Tx) error {
	all, err := clocks.All(ctx, tx)
	for i := range all {
		at := slices.IndexFunc(s.Clusters, func(cl Cluster) bool { return cl.Name == all[i].Cluster })
		cl := &s.Clusters[at]
		if doubt := all[i].Doubt(); doubt != "" {
			cl.ClockDoubt = &doubt
		}
		cl.clockThen = queries.SpellTime(all[i].ClockThen)
	}
	return err
}

// judge sets the freshness of each cluster of the settings. It adds clusters that
// the archive doesn't have yet, and puts those of the settings first.
func (s *Status) judge(cfg *config.Config, now time.Time) {
	var all []Cluster
	for i := range cfg.Clusters {
		set := &cfg.Clusters[i]
		cl := Cluster{Name: set.Name}
		if at := slices.IndexFunc(s.Clusters, func(cl Cluster) bool { return cl.Name == set.Name }); at >= 0 {
			cl = s.Clusters[at]
			s.Clusters = slices.Delete(s.Clusters, at, at+1)
		}
		cl.InSettings = true
		if g := cl.judge(set.Schedule, now); g != nil {
			cl.OpenGapSeconds = g.Seconds
			s.Gaps = append(s.Gaps, *g)
		}
		if !set.Enabled {
			off := Off
			cl.Freshness = &off
		}
		s.Stale = s.Stale || cl.NotFresh()
		all = append(all, cl)
	}
	for _, cl := range s.Clusters {
		cl.age(now)
		all = append(all, cl)
	}
	s.Clusters = all
}

// judge sets the freshness of the cluster. It returns the open gap of a stale one.
func (cl *Cluster) judge(schedule cron.Schedule, now time.Time) *Gap {
	freshness := Fresh
	cl.Freshness = &freshness
	since := now
	if cl.LastConclusiveAt != nil {
		since = since.Add(-Since(now, cl.clockThen))
	}
	limit := timetable.StaleAfter(schedule, since).Seconds()
	cl.StaleAfterSeconds = &limit
	switch cl.age(now); {
	case cl.LastConclusiveAt == nil:
		freshness = Never
	case ahead(now, cl.clockThen) > db.ClockTolerance:
		freshness = Stale // its age is unknown: the clock was wrong then, or is wrong now
	case *cl.AgeSeconds > limit:
		freshness = Stale
		return &Gap{cl.Name, *cl.LastConclusiveAt, nil, *cl.AgeSeconds, timetable.Expected(schedule, since).Seconds()}
	}
	return nil
}

func (cl *Cluster) age(now time.Time) {
	if cl.LastConclusiveAt != nil {
		age := Since(now, cl.clockThen).Seconds()
		cl.AgeSeconds = &age
	}
}

// Since returns the time from a time of the archive to now, at least 0.
func Since(now time.Time, at string) time.Duration { return max(0, -ahead(now, at)) }

// ahead returns by how much a time of the archive is later than now.
func ahead(now time.Time, at string) time.Duration {
	t, err := time.Parse(db.TimeFormat, at)
	if err != nil {
		return 0 // unreachable: the schema spells all times this way
	}
	return t.Sub(now)
}

const (
	recentGaps = 24 * time.Hour
	gapsShown  = 5
)

func closedGaps(ctx context.Context, tx *sql.Tx, now time.Time) ([]Gap, error) {
	return rows.All(ctx, tx, func(g *Gap) []any {
		return []any{&g.Cluster, &g.StartedAt, &g.EndedAt, &g.Seconds, &g.ExpectedSeconds}
	}, `SELECT cluster, started_at, ended_at, seconds, expected_seconds FROM gaps
		WHERE ended_at > ? ORDER BY ended_at DESC LIMIT ?`, queries.SpellTime(now.Add(-recentGaps)), gapsShown)
}

// ClockBehind returns the seconds by which the newest time in the archive is ahead
// of the clock; nil if it isn't. It ignores less than a second: times are rounded up
// to a millisecond, and NTP adjusts clocks by small steps.
func ClockBehind(ctx context.Context, archive store.Querier, now time.Time) (*float64, error) {
	newest, err := store.NewestTime(ctx, archive)
	if err != nil {
		return nil, fmt.Errorf("reading the newest time: %w", err)
	}
	behind := newest.Sub(now)
	if newest.IsZero() || behind < time.Second {
		return nil, nil
	}
	s := behind.Seconds()
	return &s, nil
}
