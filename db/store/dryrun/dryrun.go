// Package dryrun has the store of `sync --dry-run`: it reads the archive, shows
// what would be stored, and stores nothing.
package dryrun

import (
	"context"
	"database/sql"
	"errors"
	"iter"

	"importarchive/db"
	"importarchive/db/store"
)

// Store is a [db.Store] that shows what would be stored and stores nothing.
type Store struct {
	Reader *sql.DB // nil: there is no archive yet

	// Show receives every change and every reject of a run. It is called
	// from several goroutines.
	Show func(cluster string, b db.Batch)
}

// Known implements [db.Store].
func (s *Store) Known(ctx context.Context, cluster string) (*db.Known, error) {
	return store.LoadKnown(ctx, s.Reader, cluster)
}

// Begin implements [db.Store]. It opens no row, so the run's ID is not one of the
// archive's.
func (s *Store) Begin(ctx context.Context, r *db.Run) error {
	r.ID = -1
	if s.Reader == nil {
		return nil
	}
	var newest int64
	row := s.Reader.QueryRowContext(ctx, `SELECT generation, newest_ms FROM archive_clusters WHERE name = ?`, r.Cluster.Name)
	switch err := row.Scan(&r.Generation, &newest); {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	r.Begun(db.FromMillis(newest))
	return store.Identity(ctx, s.Reader, r.Cluster)
}

// Commit implements [db.Store].
func (s *Store) Commit(_ context.Context, r *db.Run, b db.Batch) error {
	s.Show(r.Cluster.Name, b)
	return nil
}

// Finish implements [db.Store].
func (s *Store) Finish(ctx context.Context, r *db.Run, absences iter.Seq[db.Change]) error {
	if absences == nil {
		return nil
	}
	for c := range absences {
		var err error
		if c.Job.ID, err = s.JobID(ctx, r.Cluster.Name, c.Seq); err != nil {
			return err
		}
		s.Show(r.Cluster.Name, db.Batch{Changes: []db.Change{c}})
	}
	return nil
}

// Undescribed implements [db.Store]. A dry run has no job to query: details are no
// change that it shows.
func (s *Store) Undescribed(context.Context, string, int) ([]db.Undescribed, error) { return nil, nil }

// Described implements [db.Store].
func (s *Store) Described(context.Context, *db.Run, []db.Described) error { return nil }

// JobID implements [db.Store]. A job that appeared in this very run, in a listing
// that was then read again, has none: it was not stored.
func (s *Store) JobID(ctx context.Context, cluster string, seq uint32) (string, error) {
	if s.Reader == nil {
		return "", nil
	}
	return store.JobID(ctx, s.Reader, cluster, seq)
}

// Close closes the archive.
func (s *Store) Close() error {
	if s.Reader == nil {
		return nil
	}
	return s.Reader.Close()
}
