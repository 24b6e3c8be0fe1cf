// Package sqlite keeps an archive in one SQLite file: it opens, locks, migrates
// and copies the file, and gives package store its connections.
//
// Where to read:
//
//	sqlite.go   Open and OpenReader
//	connect.go  connections: a writer's, and a reader's that leaves nothing behind
//	beside.go   the log's files, kept as this user's
//	file.go     what a file is, before anything writes to it; errors with advice
//	place.go    the file under the open archive: moved, deleted, replaced
//	stray.go    a log that belongs to another file
//	lock.go     two lock files: all writers, and the one service
//	migrate.go  the schema's versions, with a copy of the file before each
//	log.go      the write-ahead log, kept small beside readers
//	backup.go   a verified copy; backups.go keeps some of them
//	space.go    pages that a prune freed go back to the disk
//	verify.go   every page, and the invariants, run as queries
//
// Beside the archive are SQLite's log (-wal, -shm) while it is in use, and the
// lock files .writers and .service. The first distinguishes an open run of a live
// process from one of a dead process, the second excludes a second service. Before
// a migration Open copies the archive to .before-vN. A file that is not an archive
// stays byte for byte as it is, and gets no file beside it.
//
// One connection writes. A commit is quick, because only the next checkpoint syncs
// it to the disk: a crash of the process loses nothing, and a crash of the machine
// loses the newest commits. The commit that closes a run is synced at once. Readers
// use separate read-only connections, and neither blocks the other. The log grows
// while a reader stays, and shrinks when it has left.
package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	gosync "sync"
	"time"

	"github.com/gofrs/flock"

	"importarchive/db/sqlite/files"
	"importarchive/db/sqlite/stray"
	"importarchive/db/store"
	"importarchive/migrations"
)

// Archive is an archive in one SQLite file, open for writing. It is safe for
// concurrent use: there is one writing connection, and a second writer waits.
type Archive struct {
	*store.Store
	path string
	lock *flock.Flock

	placing gosync.Mutex
	place   *place
	aside   string // the name of a log of another file that was beside this one

	readerWaits int   // how often relax waits for readers
	waitFrom    int64 // the log's size from which on relax waits for readers; guarded by the writing connection
	quietRuns   int   // runs closed since the last checkpoint
}

// Options are the options of Open. A zero value stands for the default.
type Options struct {
	Migrations fs.FS            // the embedded ones
	Now        func() time.Time // time.Now
}

// Open opens an archive for writing. It creates or migrates the archive where
// needed, and closes runs that a dead process left open. A file that is not an
// archive stays byte for byte as it is.
func Open(ctx context.Context, path string, o Options) (s *Archive, err error) {
	defer explain(path, &err)
	if o.Migrations == nil {
		o.Migrations = migrations.Files
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	newest, err := latestVersion(o.Migrations)
	if err != nil {
		return nil, err
	}
	if path, err = realPath(path); err != nil {
		return nil, err
	}
	if indexGone(path) && hasWriter(path) { // an inspection creates the index anew
		return nil, errLogGone
	}
	if err := usable(ctx, path, newest); err != nil {
		return nil, err
	}
	s = &Archive{Store: &store.Store{}, path: path, readerWaits: usualWaits}
	s.Engine = s
	s.lock, err = lockWriters(ctx, path, func() error { return s.prepare(ctx, o, newest) })
	if err == nil {
		err = s.connect(ctx, newest)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// usable refuses a wrong path before Open creates or locks a file beside it.
func usable(ctx context.Context, path string, newest int64) error {
	if name := files.NetworkFileSystem(filepath.Dir(path)); name != "" {
		return fmt.Errorf("%w (this is %s)", ErrNetwork, name)
	}
	if err := cmp.Or(soleName(path), files.PlainLog(path)); err != nil {
		return err
	}
	v, err := inspect(ctx, path)
	if err == nil && v.version > newest {
		err = fmt.Errorf("%w (schema %d, this program knows %d)", ErrNewer, v.version, newest)
	}
	return cmp.Or(err, mayWrite(path))
}

// prepare creates, migrates and repairs the archive while no other process writes
// to it.
func (s *Archive) prepare(ctx context.Context, o Options, newest int64) (err error) {
	if err := ownLog(s.path); err != nil {
		return err
	}
	v, err := inspect(ctx, s.path)
	if err == nil && v.stray {
		if s.aside, err = setAside(s.path); err == nil {
			v, err = inspect(ctx, s.path)
		}
	}
	if err == nil && v.fresh {
		err = notRescued(s.path)
	}
	if err != nil {
		return err
	}
	writer, err := openWriter(s.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, writer.Close()) }()
	if v.fresh || v.version < newest {
		if err := migrate(ctx, s.path, writer, o.Migrations, v); err != nil {
			return err
		}
	}
	return store.CloseOpenRuns(ctx, writer, o.Now())
}

func (s *Archive) connect(ctx context.Context, newest int64) (err error) {
	if v, err := inspect(ctx, s.path); err != nil {
		return err
	} else if v.stray {
		return errors.New("another importarchive process has the file open that was here before this one: stop it first")
	} else if v.version < newest {
		return errors.New("another importarchive process has this older archive open: stop it, so that the archive can be migrated")
	}
	if s.place, err = openPlace(s.path); err != nil {
		return err
	}
	if err = s.place.withLog(); err != nil {
		return err
	}
	if s.Writer, err = openWriter(s.path); err != nil {
		return err
	}
	if s.Reader, err = openFile(s.path, besideWriter); err != nil {
		return err
	}
	// The writer comes first, because it creates the files that a reader needs. The log is
	// noted again: until now, a reader that closed the archive may have deleted it.
	if err := errors.Join(s.Writer.PingContext(ctx), s.Reader.PingContext(ctx), s.place.withLog()); err != nil {
		return err
	}
	return s.Ready() // SQLite has opened the same file
}

// openWriter opens the one connection that writes. SQLite syncs the log at
// checkpoints and when a run closes; a crash of the machine in between loses the
// newest commits, never the file. A new file gets auto_vacuum, so that pages which
// a prune frees can return to the disk, a few at a time. The setting does nothing
// in a file that has tables already.
func openWriter(path string) (*sql.DB, error) {
	writer, err := openKeeping(path, "mode=rwc&_txlock=immediate"+
		"&_pragma=busy_timeout("+busyWait+")&_pragma=auto_vacuum(INCREMENTAL)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)"+
		"&_pragma=foreign_keys(1)&_pragma=journal_size_limit("+strconv.Itoa(logLimit)+")")
	if err == nil {
		writer.SetMaxOpenConns(1)
	}
	return writer, err
}

// SetAside returns the new name of a log that Open found beside the archive's file and
// that belonged to another file; "" for none.
func (s *Archive) SetAside() string { return s.aside }

// Close closes the archive and releases its lock. SQLite moves the log into the file
// that is open, wherever that is now, so a file that was moved away is whole. A
// deleted one is copied beside its path first. If another file was copied over the
// open one, SQLite must not write to it: its connections stay open until the process
// ends, and the next Open sets the log aside.
func (s *Archive) Close() error {
	var errs []error
	var lost error
	if s.place != nil {
		lost = s.Ready()
	}
	switch {
	case errors.Is(lost, errOverwritten):
		return s.lock.Close()
	case errors.Is(lost, ErrLost):
		errs = append(errs, s.leave())
	}
	if s.Reader != nil {
		errs = append(errs, s.Reader.Close())
	}
	if s.Writer != nil {
		errs = append(errs, s.Writer.Close())
	}
	if s.place != nil {
		if err := s.place.file.Close(); !errors.Is(err, fs.ErrClosed) { // Close is harmless twice
			errs = append(errs, err)
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// OpenReader opens an archive for reading. It never changes or migrates it.
func OpenReader(ctx context.Context, path string) (reader *sql.DB, err error) {
	defer explain(path, &err)
	newest, err := latestVersion(migrations.Files)
	if err != nil {
		return nil, err
	}
	if path, err = realPath(path); errors.Is(err, fs.ErrNotExist) {
		return nil, ErrMissing
	} else if err != nil {
		return nil, err
	}
	v, err := inspect(ctx, path)
	switch {
	case err != nil:
		return nil, err
	case v.fresh:
		if found, _ := rescuedBeside(path); len(found) > 0 {
			return nil, deletedError(found[0])
		}
		return nil, ErrMissing
	case v.stray:
		return nil, ErrStray
	case v.version > newest:
		return nil, fmt.Errorf("%w (schema %d, this program knows %d)", ErrNewer, v.version, newest)
	case v.version < newest:
		return nil, fmt.Errorf("%w (schema %d, this program needs %d)", ErrOlder, v.version, newest)
	}
	if err := logBeside(path); err != nil {
		return nil, err
	}
	return openReader(ctx, path)
}

// logBeside refuses a file whose log may be beside another of its names: a reader
// would see an old state. Writers keep the log, so under the right name it is there.
func logBeside(path string) error {
	if exists(path + "-wal") {
		return nil
	}
	err := soleName(path)
	if err == nil {
		return nil
	}
	header, failed := readHeader(path)
	if failed == nil && stray.IsDatabase(header) && !stray.UsesLog(header) {
		return nil // a backup
	}
	return errors.Join(err, failed)
}
