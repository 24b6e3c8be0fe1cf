package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// migrate brings the schema up to the newest version. What an existing archive
// was is kept beside it first, as a verified copy. Each version is a
// transaction of its own, so a process that is cut short between two of them
// leaves a whole archive of the version in between. The copy is named for the first
// version that it is not, and the next attempt makes another beside it: the
// copy of what the older program left must not be replaced by it.
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
	// Out of the log and into the file, so that its header tells what it is.
	_, err = writer.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// latestVersion is the newest version that these migrations lead to.
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
