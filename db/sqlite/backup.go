package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"importarchive/db/rows"
	"importarchive/db/store/prune"
)

// Copied has what a backup holds.
type Copied struct {
	Path              string
	Jobs, Transitions int64
	Bytes             int64
	Schema            int64
}

// Backup writes a consistent copy of an archive while it is in use. It verifies
// the whole copy before the file gets its name: every page is sound, the rows
// agree with their sums, and every invariant holds. It replaces an earlier copy at
// the path in one step, and no other file.
func Backup(ctx context.Context, from *sql.DB, path string) (c Copied, err error) {
	defer explain(path, &err)
	if path, err = replaceable(ctx, from, path); err != nil {
		return c, err
	}
	c.Path = path
	return c, backup(ctx, from, path, func(copied *sql.DB) error { return c.verify(ctx, copied) })
}

// verify verifies a copy and counts what it has.
func (c *Copied) verify(ctx context.Context, copied *sql.DB) error {
	findings, err := Verify(ctx, copied)
	if err != nil {
		return err
	}
	if len(findings) > 0 {
		return fmt.Errorf("the copy is not sound, so it was not kept: %v; run `importarchive check` on the archive", findings[0])
	}
	return copied.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM archive_jobs WHERE NOT pruned), (SELECT count(*) FROM archive_transitions),
			(SELECT user_version FROM pragma_user_version), (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)`).
		Scan(&c.Jobs, &c.Transitions, &c.Schema, &c.Bytes)
}

// replaceable returns the real path of a backup. The path must be free or have an
// earlier backup of this archive, and must not be the archive under another name.
func replaceable(ctx context.Context, from *sql.DB, path string) (string, error) {
	real, err := realPath(path)
	if err != nil {
		return "", err
	}
	there, err := os.Stat(real)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return real, nil
	case err != nil:
		return "", err
	case hasLog(real):
		return "", errors.New("an archive that is in use stands there: name another file for the backup")
	}
	var archive string
	if err := from.QueryRowContext(ctx, `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&archive); err != nil {
		return "", err
	}
	if st, err := os.Stat(archive); err == nil && os.SameFile(st, there) {
		return "", errors.New("that is the archive itself: name another file for the backup")
	}
	if v, err := inspect(ctx, real); err != nil || v.fresh {
		return "", errors.New("something that is no importarchive archive stands there: name another file for the backup")
	}
	return real, earlierOf(ctx, from, real)
}

// earlierOf refuses a file that is no earlier state of this archive: another
// archive, or one with runs that this archive lacks because it was restored from
// an older backup.
func earlierOf(ctx context.Context, archive *sql.DB, path string) (err error) {
	const which = `SELECT (SELECT id FROM archive_identity), coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'archive_runs'), 0)`
	var ours, theirs string
	var newest, theirNewest int64
	if err := archive.QueryRowContext(ctx, which).Scan(&ours, &newest); err != nil {
		return err
	}
	there, err := openFile(path, immutable)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, there.Close()) }()
	if err := there.QueryRowContext(ctx, which).Scan(&theirs, &theirNewest); err != nil {
		return err
	}
	if theirs != ours {
		return errors.New("an archive of which this is no backup stands there: name another file for the backup")
	}
	if theirNewest > newest {
		return errors.New("the backup that stands there is newer than this archive: name another file, and keep that one")
	}
	return nil
}

// UnfinishedEnd ends the name of a copy until it is verified.
const UnfinishedEnd = ".unfinished"

// backup copies an archive to a file beside the path, and renames the copy to
// the path when verify has passed. It needs only a reader of the archive, and
// blocks no writer.
func backup(ctx context.Context, from *sql.DB, path string, verify func(copied *sql.DB) error) (err error) {
	unfinished := path + UnfinishedEnd
	if err := os.Remove(unfinished); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer func() {
		if err == nil {
			return
		}
		if gone := os.Remove(unfinished); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	if err := vacuumInto(ctx, from, unfinished); err != nil {
		return err
	}
	copied, err := openFile(unfinished, immutable)
	if err != nil {
		return err
	}
	if err := errors.Join(verify(copied), copied.Close()); err != nil {
		return err
	}
	if err := syncFile(unfinished); err != nil {
		return err
	}
	if err := os.Rename(unfinished, path); err != nil {
		return err
	}
	prune.SyncFolder(filepath.Dir(path))
	return nil
}

// vacuumInto lets SQLite write the copy. On a read-only connection SQLite refuses
// that too, so the connection is writable until the copy is done.
func vacuumInto(ctx context.Context, from *sql.DB, path string) (err error) {
	conn, err := from.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var only int
	if err := conn.QueryRowContext(ctx, "PRAGMA query_only").Scan(&only); err != nil {
		return err
	}
	if only != 0 {
		defer func() {
			_, again := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA query_only = 1")
			err = errors.Join(err, again)
		}()
		if _, err := conn.ExecContext(ctx, "PRAGMA query_only = 0"); err != nil {
			return err
		}
	}
	_, err = conn.ExecContext(ctx, "VACUUM INTO ?", path)
	return err
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// sameRows checks that a copy has as many rows in each table as the archive. It
// is right only while no process writes to the archive.
func sameRows(ctx context.Context, from, copied *sql.DB) error {
	names, err := rows.All(ctx, from, rows.Column[string], `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	if err != nil {
		return err
	}
	for _, name := range names {
		var had, has int64
		count := fmt.Sprintf(`SELECT count(*) FROM "%s"`, name)
		if err := errors.Join(from.QueryRowContext(ctx, count).Scan(&had), copied.QueryRowContext(ctx, count).Scan(&has)); err != nil {
			return fmt.Errorf("counting the rows of %s: %w", name, err)
		}
		if had != has {
			return fmt.Errorf("the copy has %d rows of %s, the archive %d", has, name, had)
		}
	}
	return nil
}

// integrity lets SQLite check every page.
func integrity(ctx context.Context, file *sql.DB) error {
	var verdict string
	if err := file.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("integrity check: %s", verdict)
	}
	return nil
}
