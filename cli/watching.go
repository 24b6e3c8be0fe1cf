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
	"importarchive/status"
	"importarchive/sync/remote"
	"importarchive/web/metrics"
)

// statusReader reads how clusters stand, by the settings of the moment.
func (p *program) statusReader(cfg func() *config.Config, archive *sql.DB) *status.Reader {
	return &status.Reader{Archive: archive, Config: cfg, Now: p.Now}
}

// metricsSource is what /metrics comes from.
func (p *program) metricsSource(r *status.Reader, kept *keptStore, traffic *metrics.Traffic, tasks *metrics.Tasks) *metrics.Source {
	path := r.Config().Archive.Path
	return &metrics.Source{
		Archive: r.Archive, Path: path, Version: version(), Status: r.ReadIn, Written: kept.Trouble, Traffic: traffic, Tasks: tasks,
		Free: func() (uint64, error) {
			free, _, err := db.DiskSpace(filepath.Dir(path))
			return free, err
		},
	}
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
type traffic struct{ *metrics.ClusterTraffic }

// Asked implements [remote.Observer].
func (t traffic) Asked(status int, kind remote.Kind, again bool) {
	t.ClusterTraffic.Asked(status, string(kind), again)
}

// Waited implements [remote.Observer].
func (t traffic) Waited(why remote.Wait, took time.Duration) {
	t.ClusterTraffic.Waited(string(why), took)
}
