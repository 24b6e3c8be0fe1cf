package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"importarchive/db/sqlite/files"
	"importarchive/db/sqlite/stray"
)

// ErrLost says that the file at the archive's path is no longer the archive that this
// process has open. Nothing can be stored there any more: open the archive again.
var ErrLost = errors.New("the archive's file is no longer the one that this process has open")

// What happened to a lost archive.
var (
	errDeleted     = fmt.Errorf("%w: it was deleted", ErrLost)
	errMoved       = fmt.Errorf("%w: it was moved away, with all that was stored so far", ErrLost)
	errReplaced    = fmt.Errorf("%w: another file was put in its place", ErrLost)
	errUnlogged    = fmt.Errorf("%w: its log (-wal, -shm) was deleted or replaced", ErrLost)
	errOverwritten = fmt.Errorf("%w: another file was copied over it; stop the service before that, or use `importarchive restore`", ErrLost)
)

// Errors for a file whose log other programs may not find.
var (
	ErrLinked  = errors.New("the file has more than one name (hard links), and SQLite's log and locks belong to one of them: remove the other names, which `find -samefile` finds, or copy the file instead of linking it")
	ErrMounted = errors.New("the file is mounted by itself, so SQLite's log and locks are not beside it: mount its folder")
)

// place is the file that this process has open, beside the connections of SQLite.
// It stays open as long as they do: when a process closes a file, POSIX drops all locks
// that the process has on it, also those of SQLite's connections.
type place struct {
	path    string
	file    *os.File
	counter uint32        // of the file's changes, the highest that was seen
	beside  []fs.FileInfo // the log and its index, once SQLite has them open
}

// withLog notes the log and its index that SQLite has open. They must be there before it
// opens them: every writer keeps them. If they are not, a process that has them open still
// writes to files without a name, and a second log would ruin the file.
func (p *place) withLog() error {
	p.beside = nil
	for _, suffix := range []string{"-wal", "-shm"} {
		st, err := os.Lstat(p.path + suffix)
		if err != nil {
			return errLogGone
		}
		p.beside = append(p.beside, st)
	}
	return nil
}

var errLogGone = errors.New("its log (-wal, -shm) was deleted while another importarchive process has it open: stop that process first")

// indexGone reports whether a log has lost its index. It looks for a while, because
// another process may be creating both.
func indexGone(path string) bool {
	for range 3 {
		if !hasLog(path) || exists(path+"-shm") {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}

// logged returns [ErrLost] if another process would find another log than this one.
func (p *place) logged() error {
	for n, opened := range p.beside {
		st, err := os.Lstat(p.path + []string{"-wal", "-shm"}[n])
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err != nil || !os.SameFile(st, opened) {
			return errUnlogged
		}
	}
	return nil
}

func openPlace(path string) (*place, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &place{path: path, file: f}, nil
}

// check returns an [ErrLost] if the file at the path is not the open one, or has the
// content of another file. It compares the content twice,
// some time apart, because a checkpoint may be writing the header.
func (p *place) check() error {
	// The path has no links in it (see realPath). If the file gives way to a link that leads
	// to it, its log is no longer beside the name that others see, so Lstat.
	there, err := os.Lstat(p.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	mine, failed := p.file.Stat()
	switch {
	case failed != nil:
		return failed
	case err != nil && files.Links(mine) == 0:
		return errDeleted
	case err != nil:
		return errMoved
	case !os.SameFile(there, mine):
		return errReplaced
	}
	if err = p.content(); errors.Is(err, ErrLost) {
		time.Sleep(20 * time.Millisecond)
		err = p.content()
	}
	if err != nil {
		return err
	}
	return p.logged()
}

// content compares the file's header with what was seen of it. SQLite counts the
// changes of a file in its header, and only a checkpoint of the log writes the file
// of an open archive. A backup has no log, and its count begins anew.
func (p *place) content() error {
	header := make([]byte, stray.HeaderSize)
	if _, err := p.file.ReadAt(header, 0); errors.Is(err, io.EOF) {
		return errOverwritten
	} else if err != nil {
		return err
	}
	counter := stray.Changes(header)
	if !stray.IsDatabase(header) || !stray.UsesLog(header) || counter < p.counter {
		return errOverwritten
	}
	p.counter = counter
	return nil
}

// soleName returns an error for a file whose log other programs may not find, because
// they know the file by another name.
func soleName(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil || !info.Mode().IsRegular():
		return nil // opening it will say why; a folder has several names
	case files.Links(info) > 1:
		return ErrLinked
	case files.IsMountPoint(path):
		return ErrMounted
	}
	return nil
}

// Ready implements [store.Engine].
func (s *Archive) Ready() error {
	s.placing.Lock()
	defer s.placing.Unlock()
	return s.place.check()
}

// InPlace returns an error if the archive's file is no longer the one at its path
// ([ErrLost]), or got a second name.
func (s *Archive) InPlace() (err error) {
	defer explain(s.path, &err)
	if err := s.Ready(); err != nil {
		return err
	}
	return soleName(s.path)
}

// leave saves what a lost archive has, before its connections close. SQLite itself moves
// the log into the file at the last close, but not for a file that was moved.
func (s *Archive) leave() error {
	if s.Writer == nil || s.Reader == nil {
		return nil
	}
	var errs []error
	if mine, err := s.place.file.Stat(); err == nil && files.Links(mine) == 0 {
		errs = append(errs, s.rescue())
	}
	_, err := s.Writer.ExecContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)")
	return errors.Join(append(errs, err)...)
}

// rescue copies an archive that has no name any more to a file beside its path: its
// blocks are free once the last process closes it. It returns an error either way,
// so that the user hears of it.
func (s *Archive) rescue() error {
	to := files.FreeName(s.path + rescuedSuffix)
	if err := backup(context.Background(), s.Reader, to, func(*sql.DB) error { return nil }); err != nil {
		return fmt.Errorf("copying what the archive had to %s: %w", to, err)
	}
	return fmt.Errorf("what the archive had is in %s: `importarchive restore %s` goes on with it", to, to)
}

const rescuedSuffix = ".rescued"

// notRescued refuses to make a new archive where the old one was deleted and rescued.
func notRescued(path string) error {
	found, err := rescuedBeside(path)
	if err != nil || len(found) == 0 {
		return err
	}
	return deletedError(found[0])
}

func deletedError(rescued string) error {
	return fmt.Errorf("the archive was deleted, and what it had is in %[1]s: `importarchive restore %[1]s` goes on with it; move that file away to begin a new archive", rescued)
}

func rescuedBeside(path string) (found []string, err error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	for _, e := range entries {
		base := filepath.Base(path)
		if strings.Contains(e.Name(), UnfinishedEnd) {
			continue
		}
		if strings.HasPrefix(e.Name(), base+rescuedSuffix) || strings.HasPrefix(e.Name(), base+beforeSuffix) {
			found = append(found, filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
	return found, err
}
