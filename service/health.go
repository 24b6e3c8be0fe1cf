package service

import (
	"context"
	"errors"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	gosync "sync"

	"importarchive/config"
	"importarchive/db"
	"importarchive/db/sqlite/files"
	"importarchive/status"
	"importarchive/web/health"
	"importarchive/web/metrics"
)

// health returns the sources of the handlers of /healthz, /readyz and /metrics.
func (s *Service) health(cfg *config.Config) (*health.Source, *metrics.Source) {
	path := cfg.Archive.Path
	standing := &status.Reader{Archive: s.st.Reader, Config: cfg, Now: s.opts.Now}
	return &health.Source{Archive: standing.Archive, Status: standing.Read, Written: s.written},
		&metrics.Source{
			Archive: standing.Archive, Path: path, Version: s.opts.Version, Status: standing.ReadIn, Written: s.written,
			Traffic: s.traffic, Tasks: s.counts, Free: func() (uint64, error) {
				free, _, err := files.DiskSpace(filepath.Dir(path))
				return free, err
			},
		}
}

// written returns why the archive can't be written; nil if it can.
func (s *Service) written() error {
	if err := s.st.InPlace(); err != nil {
		return err
	}
	return s.store.Trouble()
}

// troubleStore is a store that records errors of writing a cluster's runs, so that
// /readyz reports a full disk without a write of its own. A full disk may still have
// room for the few bytes that close a run, so a run with an error does not clear the
// error: the next run of the cluster that closes without one does.
type troubleStore struct {
	db.Store

	mu       gosync.Mutex
	troubles map[string]trouble // by the cluster's name
}

type trouble struct {
	run int64 // 0: it did not even begin
	err error
}

// Trouble returns an error of the newest writes of any cluster; nil if all succeeded.
func (s *troubleStore) Trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.troubles)) {
		return s.troubles[name].err
	}
	return nil
}

// Begin implements [db.Store].
func (s *troubleStore) Begin(ctx context.Context, r *db.Run) error {
	return s.heed(r, s.Store.Begin(ctx, r))
}

// Commit implements [db.Store].
func (s *troubleStore) Commit(ctx context.Context, r *db.Run, b db.Batch) error {
	return s.heed(r, s.Store.Commit(ctx, r, b))
}

// Finish implements [db.Store].
func (s *troubleStore) Finish(ctx context.Context, r *db.Run, absences iter.Seq[db.Change]) error {
	err := s.heed(r, s.Store.Finish(ctx, r, absences))
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.troubles[r.Cluster.Name]; err == nil && t.run != r.ID {
		delete(s.troubles, r.Cluster.Name)
	}
	return err
}

// heed remembers an error that is about the archive. An error that refuses the
// change shows that the archive works; a context's end shows nothing.
func (s *troubleStore) heed(r *db.Run, err error) error {
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
