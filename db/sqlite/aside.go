package sqlite

import (
	"errors"
	"fmt"
	"os"
	"time"

	"importarchive/db/sqlite/files"
	"importarchive/db/sqlite/stray"
)

// ErrStray says that the log beside a file is the log of another file. SQLite applies
// every log that it finds, and would ruin the file with it.
var ErrStray = errors.New("the log beside it (-wal) belongs to another state of this file, which was put in place without `importarchive restore`: `importarchive sync` or `run` sets that log aside")

// setAside renames a stray log, so that SQLite does not find it. The caller has the
// archive to itself.
func setAside(path string) (name string, err error) {
	name = files.FreeName(path + ".stray-wal")
	if err := os.Rename(path+"-wal", name); err != nil {
		return "", fmt.Errorf("setting a log aside that belongs to another file: %w", err)
	}
	return name, nil
}

// surelyStray looks again at a log that may be of another file, because a live
// writer may have begun it anew while stray.Log read it.
func surelyStray(path string) (bool, error) {
	for range 5 {
		time.Sleep(20 * time.Millisecond)
		header, err := readHeader(path)
		if err != nil || len(header) < stray.HeaderSize {
			return false, err
		}
		if is, err := stray.Log(path, header); err != nil || !is {
			return false, err
		}
	}
	return true, nil
}
