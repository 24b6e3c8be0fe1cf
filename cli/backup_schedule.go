package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/db"
)

// backups are the scheduled backups of one archive in a folder. Their names
// sort as they were made: archive-20261125T061500Z.db.
type backups struct {
	folder    string
	stem, end string // of the archive's name: "archive", ".db"
	keep      int
}

func newBackups(set *config.Backup, archive string) backups {
	name := filepath.Base(archive)
	end := filepath.Ext(name)
	return backups{folder: set.Dir, stem: strings.TrimSuffix(name, end), end: end, keep: set.Keep}
}

const backupTime = "20060102T150405Z"

func (b *backups) path(now time.Time) string {
	return filepath.Join(b.folder, b.stem+"-"+now.UTC().Format(backupTime)+b.end)
}

// made lists the names of the backups that are there, the oldest first.
func (b *backups) made() ([]string, error) {
	entries, err := os.ReadDir(b.folder)
	if err != nil {
		return nil, err
	}
	ours := regexp.MustCompile("^" + regexp.QuoteMeta(b.stem) + `-\d{8}T\d{6}Z` + regexp.QuoteMeta(b.end) + "$")
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && ours.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// newest is when the newest backup was made, by its name; zero for none.
func (b *backups) newest() (time.Time, error) {
	names, err := b.made()
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil || len(names) == 0 {
		return time.Time{}, err
	}
	name := names[len(names)-1]
	return time.Parse(backupTime, strings.TrimSuffix(strings.TrimPrefix(name, b.stem+"-"), b.end))
}

// rotate removes the oldest backups beyond those to keep.
func (b *backups) rotate() (removed int, err error) {
	names, err := b.made()
	if err != nil {
		return 0, err
	}
	for _, name := range names[:max(0, len(names)-b.keep)] {
		if err := os.Remove(filepath.Join(b.folder, name)); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// scheduledBackup makes a backup in the folder of the settings, and then
// removes the oldest: never before the new one has been verified.
func scheduledBackup(set *config.Backup, archive *sql.DB, path string) func(context.Context, time.Time) (func(*zerolog.Event), error) {
	b := newBackups(set, path)
	return func(ctx context.Context, now time.Time) (func(*zerolog.Event), error) {
		if err := os.MkdirAll(b.folder, 0o777); err != nil {
			return nil, err
		}
		made, err := db.Backup(ctx, archive, b.path(now))
		if err != nil {
			return nil, err
		}
		removed, err := b.rotate()
		if err != nil {
			return nil, fmt.Errorf("removing old backups: %w", err)
		}
		return func(event *zerolog.Event) {
			event.Str("file", filepath.Base(made.Path)).Int64("bytes", made.Bytes).Int64("jobs", made.Jobs).Int("removed", removed)
		}, nil
	}
}
