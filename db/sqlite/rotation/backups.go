// Package rotation makes the backups that a schedule asks for, and removes old ones.
//
// A folder has the backups of one archive, each named after the moment at which it was
// made. Make adds one, and removes the oldest beyond those to keep. Clocks can be wrong,
// so the order is that in which the files were made, and the newest one made always
// stays (see surplus). Package sqlite makes and verifies the copy itself.
package rotation

import (
	"cmp"
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

	"importarchive/db/sqlite"
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

// Rotated is what Make did beside the backup.
type Rotated struct {
	Removed    int      // backups beyond those to keep
	Unfinished int      // files of backups that were killed
	Later      []string // names that are later than the clock: made by a clock that was ahead, or it is behind now
}

// Make makes and verifies a backup, and then removes the oldest beyond those to
// keep. It first removes what earlier backups left when they were killed, so only the
// archive's one service may call it. An error that comes with a result is about the
// removal.
func (b *Backups) Make(ctx context.Context, archive *sql.DB, now time.Time) (made sqlite.Copied, r Rotated, err error) {
	if err := os.MkdirAll(b.Folder, 0o777); err != nil {
		return made, r, err
	}
	if r.Unfinished, err = b.clean(); err != nil {
		return made, r, fmt.Errorf("removing unfinished backups: %w", err)
	}
	if made, err = sqlite.Backup(ctx, archive, b.path(now)); err != nil {
		return made, r, err
	}
	if err = b.rotate(filepath.Base(made.Path), now, &r); err != nil {
		err = fmt.Errorf("removing old backups: %w", err)
	}
	return made, r, err
}

func (b *Backups) path(now time.Time) string {
	stem, end := b.name()
	return filepath.Join(b.Folder, stem+now.UTC().Format(backupTime)+end)
}

// backupFile is a backup in the folder.
type backupFile struct {
	name  string
	named time.Time // the time in its name
	wrote time.Time // when its file was last written
}

// made returns when the backup was made, as far as the present time allows: the time in
// the name, unless that is still to come. Then a clock was wrong, and the file system
// may know better. Zero: neither does.
func (f *backupFile) made(now time.Time) time.Time {
	for _, at := range []time.Time{f.named, f.wrote} {
		if !at.After(now) {
			return at
		}
	}
	return time.Time{}
}

// files lists the files of backups that are there, by name. With an end they are those
// whose names have it too.
func (b *Backups) files(end string) ([]backupFile, error) {
	entries, err := os.ReadDir(b.Folder)
	if err != nil {
		return nil, err
	}
	stem, suffix := b.name()
	ours := regexp.MustCompile("^" + regexp.QuoteMeta(stem) + `(\d{8}T\d{6}Z)` + regexp.QuoteMeta(suffix+end) + "$")
	var all []backupFile
	for _, e := range entries {
		parts := ours.FindStringSubmatch(e.Name())
		if parts == nil || !e.Type().IsRegular() {
			continue
		}
		st, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // a person has removed it
		}
		if err != nil {
			return nil, err
		}
		named, _ := time.Parse(backupTime, parts[1]) // a month 13 is as old as can be
		all = append(all, backupFile{e.Name(), named, st.ModTime()})
	}
	return all, nil
}

// clean removes the copies that a kill left unfinished.
func (b *Backups) clean() (removed int, err error) {
	all, err := b.files(sqlite.UnfinishedEnd)
	for i := range all {
		if err := os.Remove(filepath.Join(b.Folder, all[i].name)); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, err
}

// Newest returns when the newest backup was made; zero for none.
func (b *Backups) Newest(now time.Time) (newest time.Time, err error) {
	all, err := b.files("")
	if errors.Is(err, fs.ErrNotExist) {
		return newest, nil
	}
	for i := range all {
		if at := all[i].made(now); at.After(newest) {
			newest = at
		}
	}
	return newest, err
}

// rotate removes the oldest backups beyond those to keep, and never the one that was
// just made.
func (b *Backups) rotate(made string, now time.Time, r *Rotated) error {
	all, err := b.files("")
	if err != nil {
		return err
	}
	now = now.Add(time.Second) // a name has whole seconds
	for i := range all {
		if all[i].named.After(now) {
			r.Later = append(r.Later, all[i].name)
		}
	}
	for _, name := range surplus(all, made, b.Keep, now) {
		if err := os.Remove(filepath.Join(b.Folder, name)); err != nil {
			return err
		}
		r.Removed++
	}
	return nil
}

// surplus returns the names of the backups that go, the oldest first. Backups go in the
// order in which they were made. If nothing says when one was made, it was made before
// the newest: its clock was wrong, and it goes first. Of several such, the file system
// still knows the order.
func surplus(all []backupFile, made string, keep int, now time.Time) (names []string) {
	others := slices.DeleteFunc(slices.Clone(all), func(f backupFile) bool { return f.name == made })
	slices.SortStableFunc(others, func(a, b backupFile) int { return cmp.Or(a.made(now).Compare(b.made(now)), a.wrote.Compare(b.wrote)) })
	for i := range others[:max(0, len(others)-max(0, keep-1))] {
		names = append(names, others[i].name)
	}
	return names
}
