package cli

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"importarchive/config"
	"importarchive/db"
	"importarchive/sync/remote"
	"importarchive/web"
)

// source is what /healthz, /readyz and /metrics are told from. The settings
// are asked for each time, since they may be read anew.
func (p *program) source(cfg func() *config.Config, reader *sql.DB, kept *keptStore, traffic *web.Traffic, tasks *web.Tasks) *web.Source {
	path := cfg().Archive.Path
	return &web.Source{
		Archive: reader, Path: path, Version: version(), Written: kept.Trouble, Traffic: traffic, Tasks: tasks,
		Standing: func(ctx context.Context, tx *sql.Tx) (*web.Standing, error) {
			return standingOf(ctx, tx, cfg(), p.Now())
		},
		Free: func() (uint64, error) {
			free, _, err := diskSpace(filepath.Dir(path))
			return free, err
		},
	}
}

// standingOf says of the clusters what the command status says, because it
// judges them by the same functions.
func standingOf(ctx context.Context, tx *sql.Tx, cfg *config.Config, now time.Time) (*web.Standing, error) {
	s := &status{now: clock(now)}
	var err error
	if s.Clusters, err = clusterStatuses(ctx, tx); err != nil {
		return nil, err
	}
	s.judge(cfg)
	behind, err := clockBehind(ctx, tx, now)
	if err != nil {
		return nil, err
	}
	all := &web.Standing{}
	if behind != nil {
		all.ClockBehind = *behind
	}
	open := map[string]float64{}
	for _, g := range s.Gaps {
		open[g.Cluster] = g.Seconds
	}
	for i := range s.Clusters {
		cl := &s.Clusters[i]
		c := web.Cluster{Name: cl.Name, InSettings: cl.InSettings, Running: cl.RunningSince != nil}
		if cl.LastCompleteAt != nil {
			if c.LastComplete, err = time.Parse(db.TimeFormat, *cl.LastCompleteAt); err != nil {
				return nil, err
			}
		}
		if cl.InSettings {
			c.Freshness, c.Expected, c.OpenGap, c.Failures = *cl.Freshness, *cl.StaleAfterSeconds/2, open[cl.Name], cl.Failures
		}
		all.Clusters = append(all.Clusters, c)
	}
	return all, nil
}

// keptStore is a store that remembers which clusters' runs the archive did not
// take: whether the disk is full can be known without another write. A full
// disk may still take the few bytes that close a run, so a run that had trouble
// does not end it: the cluster's next one does, when it is closed without any.
type keptStore struct {
	db.Store

	mu       sync.Mutex
	troubles map[string]trouble // by the cluster's name
}

type trouble struct {
	run int64 // 0: it could not even be begun
	err error
}

// Trouble is why the archive did not take all of what was last written for
// each cluster; nil if it did.
func (s *keptStore) Trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.troubles)) {
		return s.troubles[name].err
	}
	return nil
}

// Begin implements [db.Store].
func (s *keptStore) Begin(ctx context.Context, r *db.Run) error {
	return s.heed(r, s.Store.Begin(ctx, r))
}

// Commit implements [db.Store].
func (s *keptStore) Commit(ctx context.Context, r *db.Run, b db.Batch) error {
	return s.heed(r, s.Store.Commit(ctx, r, b))
}

// Finish implements [db.Store].
func (s *keptStore) Finish(ctx context.Context, r *db.Run, absences iter.Seq[db.Change]) error {
	err := s.heed(r, s.Store.Finish(ctx, r, absences))
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.troubles[r.Cluster.Name]; err == nil && t.run != r.ID {
		delete(s.troubles, r.Cluster.Name)
	}
	return err
}

// heed remembers an error that is about the archive. One that refuses the
// change shows that the archive is there; a context's end shows nothing.
func (s *keptStore) heed(r *db.Run, err error) error {
	for _, harmless := range []error{context.Canceled, context.DeadlineExceeded, db.ErrConflict, db.ErrOtherCluster} {
		if errors.Is(err, harmless) {
			return err
		}
	}
	if err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.troubles == nil {
		s.troubles = map[string]trouble{}
	}
	s.troubles[r.Cluster.Name] = trouble{r.ID, err}
	return err
}

// traffic counts what one client does.
type traffic struct{ *web.ClusterTraffic }

// Asked implements [remote.Observer].
func (t traffic) Asked(status int, kind remote.Kind, again bool) {
	t.ClusterTraffic.Asked(status, string(kind), again)
}

// Waited implements [remote.Observer].
func (t traffic) Waited(why remote.Wait, took time.Duration) {
	t.ClusterTraffic.Waited(string(why), took)
}
