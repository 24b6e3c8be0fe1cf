package cli

import (
	"context"
	"database/sql"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/db"
)

// scheduledBackup makes a backup in the folder of the settings, and then
// removes the oldest: never before the new one has been verified.
func scheduledBackup(set *config.Backup, archive *sql.DB, path string) func(context.Context, time.Time) (func(*zerolog.Event), error) {
	b := db.Backups{Archive: path, Folder: set.Dir, Keep: set.Keep}
	return func(ctx context.Context, now time.Time) (func(*zerolog.Event), error) {
		made, removed, err := b.Make(ctx, archive, now)
		if err != nil {
			return nil, err
		}
		return func(event *zerolog.Event) {
			event.Str("file", filepath.Base(made.Path)).Int64("bytes", made.Bytes).Int64("jobs", made.Jobs).Int("removed", removed)
		}, nil
	}
}
