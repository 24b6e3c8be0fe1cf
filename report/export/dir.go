package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"importarchive/regular"
)

// ErrExportUnderWay means that another process is exporting to the directory.
var ErrExportUnderWay = errors.New("another export is being written there: wait for it, or name another directory")

// What an export keeps in its directory beside the files. The names begin with a
// dot, so that patterns such as *.csv do not match them.
const (
	// exportLock is never deleted: a lock on a deleted file excludes no one.
	exportLock = ".importarchive.lock"

	// stagingDir has the files until all of them are written. Only the process
	// with the lock makes or removes it, so one that exists at the start is
	// left over from a process that died.
	stagingDir = ".importarchive.partial"
)

// exportDir is the directory of an export that is being written. Its files are in
// the staging directory until publish.
type exportDir struct {
	path   string
	lock   *flock.Flock
	staged []string // names, in the order in which they will appear
}

// openExportDir makes the directory if it is missing, locks it, and removes what a
// killed export left.
func openExportDir(path string) (d *exportDir, err error) {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, err
	}
	d = &exportDir{path: path, lock: flock.New(filepath.Join(path, exportLock), flock.SetPermissions(0o666))}
	got, err := d.lock.TryLock()
	if err == nil && !got {
		err = ErrExportUnderWay
	}
	if err == nil {
		err = os.RemoveAll(d.staging())
	}
	if err == nil {
		err = os.Mkdir(d.staging(), 0o700)
	}
	if err != nil {
		return nil, errors.Join(err, d.lock.Close())
	}
	return d, nil
}

func (d *exportDir) staging() string { return filepath.Join(d.path, stagingDir) }

// close removes what is not published, and unlocks the directory.
func (d *exportDir) close() error {
	return errors.Join(os.RemoveAll(d.staging()), d.lock.Close())
}

// free refuses the name of an existing directory, before a file is written in vain.
func (d *exportDir) free(name string) error {
	path := filepath.Join(d.path, name)
	st, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && st.IsDir():
		return fmt.Errorf("%s is a directory, where a file is to be written", path)
	}
	return err
}

// earlier returns the files of the previous export that still exist, as its manifest
// names them. Without a readable manifest there are none.
func (d *exportDir) earlier() (names []string) {
	var m Manifest
	text, err := regular.Read(filepath.Join(d.path, ManifestFile), 16<<20)
	if err != nil || json.Unmarshal(text, &m) != nil {
		return nil
	}
	for i := range m.Files {
		name := m.Files[i].File
		if name != filepath.Base(name) {
			continue // a manifest of another program
		}
		if st, err := os.Lstat(filepath.Join(d.path, name)); err == nil && st.Mode().IsRegular() {
			names = append(names, name)
		}
	}
	return names
}

// stagedFile counts its bytes and computes their checksum.
type stagedFile struct {
	file  *os.File
	sum   hash.Hash
	bytes int64
}

func (f *stagedFile) Write(b []byte) (int, error) {
	n, err := f.file.Write(b)
	f.sum.Write(b[:n])
	f.bytes += int64(n)
	return n, err
}

func (f *stagedFile) sha256() string { return hex.EncodeToString(f.sum.Sum(nil)) }

// stage writes a file that will appear under this name. It syncs the file to the
// disk, so that no part of the export appears before all of it is safe.
func (d *exportDir) stage(name string, write func(*stagedFile) error) (f *stagedFile, err error) {
	file, err := os.OpenFile(filepath.Join(d.staging(), name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	f = &stagedFile{file: file, sum: sha256.New()}
	if err = write(f); err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	d.staged = append(d.staged, name)
	return f, nil
}

// publish renames the files to their places, each at once and whole.
func (d *exportDir) publish(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, name := range d.staged {
		if err := os.Rename(filepath.Join(d.staging(), name), filepath.Join(d.path, name)); err != nil {
			return err
		}
	}
	// The new names go to the disk too, on systems that can sync a directory.
	if dir, err := os.Open(d.path); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}
