package prune

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// pruneFile is the export of one prune: JSON lines, one for each job, run
// and reject that it deletes. A line is the row of the public view with "what" before
// it, and of a job its transitions and files behind it.
//
// Nothing is deleted before its line is on the disk. Each transaction renders
// the rows that it deletes, appends the lines, syncs the file and then commits.
// A crash between the sync and the commit leaves the newest lines, the last one
// perhaps cut short, for rows that are still in the archive. The next prune
// writes them again, to a file of its own: a prune never touches an older file.
//
// So a job can be in two files, for this reason or because it came back and was
// pruned again. A reader takes the newest line for how the job ended, and the
// transitions of all its lines for its history, each id once.
type pruneFile struct {
	file *os.File
	size int64 // of the lines that were synced
}

// newPruneFile makes a file of a name that is free.
func newPruneFile(folder string, now time.Time) (f *pruneFile, err error) {
	defer func() {
		if err != nil {
			err = notExported(folder, err)
		}
	}()
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, err
	}
	stem := filepath.Join(folder, "pruned-"+now.UTC().Format("20060102T150405.000Z"))
	for n := 1; ; n++ {
		name := stem + ".jsonl"
		if n > 1 {
			name = stem + "-" + strconv.Itoa(n) + ".jsonl"
		}
		file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		SyncFolder(folder)
		SyncFolder(filepath.Dir(folder))
		return &pruneFile{file: file}, nil
	}
}

func notExported(place string, err error) error {
	return fmt.Errorf("exporting what is to go to %s, so it stays: %w", place, err)
}

func (f *pruneFile) path() string {
	if f == nil {
		return ""
	}
	return f.file.Name()
}

// append returns when the lines are on the disk. If it fails, it cuts off what it
// wrote, because its transaction never commits.
func (f *pruneFile) append(lines []byte) error {
	if f == nil || len(lines) == 0 {
		return nil
	}
	_, err := f.file.Write(lines)
	if err == nil {
		err = f.file.Sync()
	}
	if err != nil {
		_ = f.file.Truncate(f.size)
		return notExported(f.path(), err)
	}
	f.size += int64(len(lines))
	return nil
}

// close returns the file's path, or "" for a file that has no line: that one is
// removed. All lines are synced, so an error of closing loses nothing.
func (f *pruneFile) close() (path string) {
	if f == nil {
		return ""
	}
	_ = f.file.Close()
	if f.size == 0 {
		_ = os.Remove(f.path())
		return ""
	}
	return f.path()
}

// SyncFolder makes a rename survive a crash of the machine, on systems that can sync
// a folder.
func SyncFolder(path string) {
	if folder, err := os.Open(path); err == nil {
		_ = folder.Sync()
		_ = folder.Close()
	}
}
