package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"importarchive/db/sqlite/files"
)

// Probe returns why this user could not write to an archive; nil if it could. It leaves
// no file behind and alters none. readable says that this process has the archive open,
// by [OpenReader]. Only then does Probe take SQLite's lock: to open an archive for writing
// is to apply the log that lies beside it, which would ruin the file if that log is another
// file's, and the last connection to close moves the log into the file.
func Probe(ctx context.Context, path string, readable bool) (err error) {
	defer explain(path, &err)
	if path, err = realPath(path); err != nil {
		return err
	}
	if err := soleName(path); err != nil {
		return err
	}
	// SQLite creates files in the folder.
	f, err := os.CreateTemp(filepath.Dir(path), ".importarchive-probe-*")
	if err != nil {
		return err
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm", lockSuffix, serviceSuffix} {
		st, err := os.Lstat(path + suffix)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case suffix != "" && !st.Mode().IsRegular():
			return fmt.Errorf("%s%s is not a regular file: remove it", path, suffix)
		case suffix != lockSuffix && !files.MayWrite(path+suffix): // the lock of writers is only read
			return fmt.Errorf("%s%s is not writable for this user (%w)", path, suffix, fs.ErrPermission)
		}
	}
	if !readable {
		return nil
	}
	return beginAndRollBack(ctx, path)
}

// beginAndRollBack takes SQLite's lock for a moment, if the files for that are there: it
// would leave new ones behind. A lock that another process has is no problem.
func beginAndRollBack(ctx context.Context, path string) (err error) {
	if !exists(path+"-wal") || !exists(path+"-shm") {
		return nil
	}
	writer, err := openKeeping(path, "mode=rw")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, writer.Close()) }()
	conn, err := writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := begin(ctx, conn); err != nil {
		var se *sqlite.Error
		if errors.As(err, &se) && se.Code()&0xff == sqlite3.SQLITE_BUSY {
			return nil
		}
		return err
	}
	_, err = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	return err
}

func begin(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
	return err
}
