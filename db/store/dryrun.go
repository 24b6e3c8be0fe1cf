package store

import (
	"context"
	"database/sql"
	"errors"
	"iter"

	"importarchive/db"
)

// Dry is a [Store] that shows what would be stored and stores nothing.
type Dry struct {
	Reader *sql.DB // nil: there is no archive yet

	// Show is told of every change and every reject of a run. It is called
	// from several goroutines.
	Show func(cluster string, b db.Batch)
}

// Known implements [Store].
func (s *Dry) Known(ctx context.Context, cluster string) (*db.Known, error) {
	return LoadKnown(ctx, s.Reader, cluster)
}

// Begin implements [Store]. It opens no row, so the run's ID is not one of the
// archive's.
func (s *Dry) Begin(ctx context.Context, r *db.Run) error {
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
	return Identity(ctx, s.Reader, r.Cluster)
}

// Commit implements [Store].
func (s *Dry) Commit(_ context.Context, r *db.Run, b db.Batch) error {
	s.Show(r.Cluster.Name, b)
	return nil
}

// Finish implements [Store].
func (s *Dry) Finish(ctx context.Context, r *db.Run, absences iter.Seq[db.Change]) error {
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

// Undescribed implements [Store]. Asking changes nothing that could be shown,
// and a service need not answer for it.
func (s *Dry) Undescribed(context.Context, string, int) ([]db.Undescribed, error) { return nil, nil }

// Described implements [Store].
func (s *Dry) Described(context.Context, *db.Run, []db.Described) error { return nil }

// JobID implements [Store]. A job that appeared in this very run, in a listing
// that was then read again, has none: it was not stored.
func (s *Dry) JobID(ctx context.Context, cluster string, seq uint32) (string, error) {
	if s.Reader == nil {
		return "", nil
	}
	return jobID(ctx, s.Reader, cluster, seq)
}

// Close lets go of the archive.
func (s *Dry) Close() error {
	if s.Reader == nil {
		return nil
	}
	return s.Reader.Close()
}
