package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"importarchive/db/sqlite/files"
	"importarchive/db/store/prune"
	"importarchive/migrations"
)

// Restored says what Restore has done.
type Restored struct {
	Copied
	Before string // where the archive is that was there before; "" for none
}

const beforeSuffix = ".before-restore"

// Restore puts a copy of a backup in an archive's place, with the owner and the mode of
// the archive, and keeps the archive beside it. No other process of ours may have the archive open.
//
// The copy is verified first, under the name that the old archive gets in the end.
// Then the two change names in one step. A process that dies before that leaves the old
// archive in its place; one that dies later may leave the old archive's log there, which
// the next Open sets aside, since a copy has no log.
func Restore(ctx context.Context, from, path string, now time.Time) (r Restored, err error) {
	if path, err = realPath(path); err != nil {
		return r, err
	}
	if err := cmp.Or(soleName(path), mayWrite(path)); err != nil {
		explain(path, &err)
		return r, err
	}
	release, err := excludeAll(ctx, path, now)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, release()) }()
	old, err := replaced(ctx, path)
	if err != nil {
		return r, err
	}
	copyTo := path
	if old != nil {
		copyTo = files.FreeName(path + beforeSuffix)
	}
	if r.Copied, err = copyBackup(ctx, from, copyTo, old); err != nil {
		return r, err
	}
	r.Path = path
	if old == nil {
		return r, nil
	}
	r.Before = copyTo
	folded := fold(ctx, path)
	if err := files.Exchange(copyTo, path); err != nil {
		return r, errors.Join(err, os.Remove(copyTo))
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		// A reader that stays goes on with the files that it has open.
		err := os.Remove(path + suffix)
		if suffix == "-wal" && !folded {
			err = os.Rename(path+suffix, r.Before+suffix)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
	}
	prune.SyncFolder(filepath.Dir(path))
	return r, nil
}

// excludeAll excludes the service and every writer of ours.
func excludeAll(ctx context.Context, path string, now time.Time) (release func() error, err error) {
	service, err := holdService(ctx, path, path, now)
	if err != nil {
		return nil, err
	}
	l, err := lockFile(path+lockSuffix, os.O_CREATE)
	if err != nil {
		return nil, errors.Join(err, service())
	}
	got, err := l.TryLock()
	if err == nil && !got {
		err = fmt.Errorf("archive %s: an importarchive process writes to it: wait for its end, or end it", path)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close(), service())
	}
	return func() error { return errors.Join(l.Close(), service()) }, nil
}

// replaced returns the file that Restore will replace, nil for none. A damaged archive
// may be replaced, another program's database may not.
func replaced(ctx context.Context, path string) (old fs.FileInfo, err error) {
	defer explain(path, &err)
	if _, err := inspect(ctx, path); errors.Is(err, ErrForeign) {
		return nil, err
	}
	old, err = os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && !old.Mode().IsRegular() {
		err = errors.New("it is not a regular file: name a file for the archive")
	}
	return old, err
}

// copyBackup copies a backup to a path, verifies the copy, and gives it the owner and
// the mode of the file that it is for.
func copyBackup(ctx context.Context, from, to string, old fs.FileInfo) (c Copied, err error) {
	defer func() {
		var se *sqlite.Error
		if errors.As(err, &se) && (se.Code()&0xff == sqlite3.SQLITE_CORRUPT || se.Code()&0xff == sqlite3.SQLITE_NOTADB) {
			err = fmt.Errorf("%s is damaged, so nothing was restored: name another backup (%w)", from, err)
			return
		}
		explain(from, &err)
	}()
	real, err := filepath.EvalSymlinks(from)
	if err != nil {
		return c, err
	}
	there, err := os.Stat(real)
	if err != nil {
		return c, err
	}
	if old != nil && os.SameFile(there, old) {
		return c, errors.New("that is the archive itself: name one of its backups")
	}
	newest, err := latestVersion(migrations.Files)
	if err != nil {
		return c, err
	}
	v, err := inspect(ctx, real)
	switch {
	case err != nil:
		return c, err
	case v.fresh:
		return c, errors.New("there is no archive in it")
	case v.stray:
		return c, ErrStray
	case v.version > newest:
		return c, fmt.Errorf("%w (schema %d, this program knows %d)", ErrNewer, v.version, newest)
	}
	reader, err := openReader(ctx, real)
	if err != nil {
		return c, err
	}
	defer reader.Close()
	c.Path = to
	return c, backup(ctx, reader, to, func(copied *sql.DB) error {
		if v.version < newest { // the invariants are those of the newest schema
			return integrity(ctx, copied)
		}
		if err := c.verify(ctx, copied); err != nil {
			return err
		}
		if old == nil {
			return nil
		}
		return files.LikeOld(to+UnfinishedEnd, old)
	})
}

// fold moves an archive's log into its file, and reports whether the file is whole
// without the log. It is not if the archive is damaged: then its log is kept.
func fold(ctx context.Context, path string) bool {
	if !hasLog(path) {
		return true
	}
	if v, err := inspect(ctx, path); err != nil || v.stray {
		return false
	}
	writer, err := openWriter(path)
	if err != nil {
		return false
	}
	_, err = writer.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return errors.Join(err, writer.Close()) == nil && !hasLog(path)
}
