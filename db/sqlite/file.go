package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"importarchive/db"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"importarchive/db/sqlite/stray"
)

// applicationID marks a database file as an archive; the first migration sets
// it. It reads 'IMAC'.
const applicationID = 0x494d4143

// Errors for a path that has no archive that this program can use. The file
// stays as it is.
var (
	ErrMissing     = errors.New("there is no archive yet: the first `importarchive sync`, `run` or `demo` makes one")
	ErrNotDatabase = errors.New("this file is not an SQLite database: name another path, or move the file away")
	ErrForeign     = errors.New("this SQLite database belongs to another program: name another path for the archive")
	ErrNewer       = errors.New("this archive was written by a newer importarchive: install that version or a later one")
	ErrOlder       = errors.New("this archive was written by an older importarchive: `importarchive sync` or `run` brings it up to date, after a backup")
	ErrNetwork     = errors.New("SQLite's locks can't be trusted on a network file system: put the archive on a local disk")
)

// verdict is what is at an archive's path.
type verdict struct {
	fresh   bool // no file, an empty file, or an archive whose first migration did not finish
	version int64
	stray   bool // the log beside it belongs to another file
}

// inspect determines what is at a path. It alters no byte of the file, and leaves
// nothing beside a file that is not an archive.
func inspect(ctx context.Context, path string) (verdict, error) {
	header, err := readHeader(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return verdict{fresh: true, stray: hasLog(path)}, nil
	case err != nil:
		return verdict{}, err
	case len(header) == 0: // a log beside it would be deleted by SQLite
		return verdict{fresh: true, stray: hasLog(path)}, nil
	case !stray.IsDatabase(header):
		return verdict{}, ErrNotDatabase
	}
	// The header may be older than the write-ahead log. Without a log it is
	// current, and SQLite need not open the file.
	id, version := binary.BigEndian.Uint32(header[68:]), int64(binary.BigEndian.Uint32(header[60:]))
	switch {
	case id == applicationID && !hasLog(path):
		return verdict{version: version}, nil
	case id == applicationID:
		is, err := stray.Log(path, header)
		if err == nil && is {
			is, err = surelyStray(path)
		}
		if err != nil || is {
			return verdict{version: version, stray: is}, err
		}
		return inspectSchema(ctx, path, readerParameters(path))
	case id != 0 || version != 0:
		return verdict{}, ErrForeign
	case !hasLog(path):
		return inspectSchema(ctx, path, immutable)
	}
	// This is another program's file, or an archive whose first migration did not
	// finish. To read a log, SQLite creates a file beside it, so the log must be
	// ours first: then our lock file is beside it as well.
	if _, err := os.Stat(path + lockSuffix); err != nil {
		return verdict{}, ErrForeign
	}
	return inspectSchema(ctx, path, readerParameters(path))
}

// readHeader must not read a file that this process has open as a database: when
// it closes the file, the locks of the process's other connections are gone.
func readHeader(path string) ([]byte, error) {
	// Stat comes before Open, because opening a pipe waits for its writer.
	switch st, err := os.Stat(path); {
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular():
		return nil, errors.New("it is not a regular file: name a file for the archive")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	header := make([]byte, stray.HeaderSize)
	n, err := io.ReadFull(f, header)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return header[:n], err
}

func inspectSchema(ctx context.Context, path, parameters string) (v verdict, err error) {
	file, err := openFile(path, parameters)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var id, foreign int64
	err = file.QueryRowContext(ctx, `SELECT
		(SELECT application_id FROM pragma_application_id),
		(SELECT user_version FROM pragma_user_version),
		(SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' AND name <> 'archive_migrations')`).
		Scan(&id, &v.version, &foreign)
	var se *sqlite.Error
	switch {
	case errors.As(err, &se) && se.Code() == sqlite3.SQLITE_NOTADB:
		return v, ErrNotDatabase
	case err != nil:
		return v, err
	case id == applicationID:
		return v, nil
	case id == 0 && v.version == 0 && foreign == 0:
		return verdict{fresh: true}, nil
	}
	return v, ErrForeign
}

// hasLog reports whether a write-ahead log with something in it is beside the file.
func hasLog(path string) bool {
	st, err := os.Stat(path + "-wal")
	return err == nil && st.Size() > 0
}

// realPath resolves links, as SQLite does for its log: two names of one archive
// must share one lock.
func realPath(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return real, err
	}
	if st, err := os.Lstat(path); err == nil && st.Mode()&fs.ModeSymlink != 0 {
		return "", errors.New("it is a link to a file that does not exist")
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", fmt.Errorf("its folder: %w", err)
	}
	return filepath.Join(dir, filepath.Base(path)), nil
}

// explain adds advice to the errors of SQLite and the system.
func explain(path string, err *error) {
	if *err == nil || errors.Is(*err, db.ErrConflict) || errors.Is(*err, db.ErrOtherCluster) {
		return
	}
	advice := ""
	var se *sqlite.Error
	switch {
	case errors.As(*err, &se):
		advice = sqliteAdvice(se.Code())
		if tooManyFiles() {
			advice = manyFiles
		}
	case errors.Is(*err, syscall.EMFILE), errors.Is(*err, syscall.ENFILE):
		advice = manyFiles
	case errors.Is(*err, fs.ErrPermission):
		advice = "give this user the right to read and write the archive and its folder"
	}
	if advice != "" {
		*err = fmt.Errorf("archive %s: %w: %s", path, *err, advice)
	} else {
		*err = fmt.Errorf("archive %s: %w", path, *err)
	}
}

// manyFiles is the advice for a process that can open no file.
const manyFiles = "too many files are open; raise LimitNOFILE of the unit, or ulimit -n"

// tooManyFiles reports whether this process can't open as many files as an archive takes.
// SQLite says no more than that it can't open one, and has closed its others since.
func tooManyFiles() bool {
	for range 8 {
		file, err := os.Open(os.DevNull)
		if err != nil {
			return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
		}
		defer file.Close()
	}
	return false
}

func sqliteAdvice(code int) string {
	switch code & 0xff { // the low byte is the primary code, the rest refines it
	case sqlite3.SQLITE_FULL:
		return "the disk is full; free some space, everything committed before is safe"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return "the archive's file and folder must be writable for this user"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "another program holds it locked; close that program, or try again later"
	case sqlite3.SQLITE_IOERR:
		return "the disk failed to read or write; check its free space and its health"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return "the file is damaged, or the log beside it (-wal) was another file's; put a backup in its place with `importarchive restore`, which keeps this file for recovery with `sqlite3 FILE .recover`"
	}
	return ""
}
