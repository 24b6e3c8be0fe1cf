package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// migrate brings the schema up to the newest version. It first makes a verified
// copy of an existing archive beside it. Each version is one transaction, so a
// process that stops between two of them leaves a whole archive of the version in
// between. The name of the copy has the first version that the copy lacks. The next
// attempt makes a second copy and does not replace the first: that one is what the
// older program left.
func migrate(ctx context.Context, path string, writer *sql.DB, files fs.FS, from verdict) error {
	provider, err := goose.NewProvider(goose.DialectSQLite3, writer, files,
		goose.WithTableName("archive_migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	if !from.fresh {
		copyTo := fmt.Sprintf("%s.before-v%d", path, from.version+1)
		verify := func(copied *sql.DB) error { return errors.Join(integrity(ctx, copied), sameRows(ctx, writer, copied)) }
		if err := backup(ctx, writer, copyTo, verify); err != nil {
			return fmt.Errorf("copying the archive to %s before migrating it: %w", copyTo, err)
		}
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating from version %d to %d: %w", from.version, latest(provider), err)
	}
	// Checkpoint the log, so that the file's header has the new version.
	_, err = writer.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// latestVersion returns the newest version of these migrations.
func latestVersion(files fs.FS) (int64, error) {
	provider, err := goose.NewProvider(goose.DialectSQLite3, new(sql.DB), files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return 0, fmt.Errorf("reading the migrations: %w", err)
	}
	return latest(provider), nil
}

func latest(p *goose.Provider) int64 {
	sources := p.ListSources()
	return sources[len(sources)-1].Version
}
