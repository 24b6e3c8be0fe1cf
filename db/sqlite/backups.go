package sqlite

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
)

// Backups are the scheduled backups of one archive in a folder. Their names sort
// by time: archive-20261125T061500Z.db.
type Backups struct {
	Archive string // path of the archive
	Folder  string
	Keep    int // how many of the newest stay
}

// name returns the two parts of a name around the time: "archive-" and ".db".
func (b *Backups) name() (stem, end string) {
	base := filepath.Base(b.Archive)
	end = filepath.Ext(base)
	return strings.TrimSuffix(base, end) + "-", end
}

const backupTime = "20060102T150405Z"

// Make makes and verifies a backup, and then removes the oldest beyond those to
// keep. An error that comes with a result is about the removal.
func (b *Backups) Make(ctx context.Context, archive *sql.DB, now time.Time) (made Copied, removed int, err error) {
	if err := os.MkdirAll(b.Folder, 0o777); err != nil {
		return made, 0, err
	}
	if made, err = Backup(ctx, archive, b.path(now)); err != nil {
		return made, 0, err
	}
	if removed, err = b.rotate(); err != nil {
		err = fmt.Errorf("removing old backups: %w", err)
	}
	return made, removed, err
}

func (b *Backups) path(now time.Time) string {
	stem, end := b.name()
	return filepath.Join(b.Folder, stem+now.UTC().Format(backupTime)+end)
}

// made lists the names of the backups that are there, the oldest first.
func (b *Backups) made() ([]string, error) {
	entries, err := os.ReadDir(b.Folder)
	if err != nil {
		return nil, err
	}
	stem, end := b.name()
	ours := regexp.MustCompile("^" + regexp.QuoteMeta(stem) + `\d{8}T\d{6}Z` + regexp.QuoteMeta(end) + "$")
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && ours.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// Newest returns the time of the newest backup, from its name; zero for none.
func (b *Backups) Newest() (time.Time, error) {
	names, err := b.made()
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil || len(names) == 0 {
		return time.Time{}, err
	}
	stem, end := b.name()
	return time.Parse(backupTime, strings.TrimSuffix(strings.TrimPrefix(names[len(names)-1], stem), end))
}

// rotate removes the oldest backups beyond those to keep.
func (b *Backups) rotate() (removed int, err error) {
	names, err := b.made()
	if err != nil {
		return 0, err
	}
	for _, name := range names[:max(0, len(names)-b.Keep)] {
		if err := os.Remove(filepath.Join(b.Folder, name)); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}
