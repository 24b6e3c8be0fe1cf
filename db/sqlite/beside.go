package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"importarchive/db/sqlite/files"
)

// mayWrite refuses an archive that this user may not write, before a lock file of this
// user's stays in a folder that many may write: the service could not write its own then.
func mayWrite(path string) error {
	if err := files.WriteAccess(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the file is not writable for this user (%w)", err)
	}
	return nil
}

// ownLog makes sure that this user can write the log beside a file and the log's index.
// Another user who reads a file without them creates them, and then owns them. ownLog
// removes such files where they hold nothing: SQLite creates them anew, as this user's.
// The caller has the archive to itself, and no connection to it.
//
// A log without a byte holds nothing, and an index is made from its log. Still no
// program may be writing through them. Either no other user may write the archive, so
// that all who have it open only read (until they open it again, perhaps an old state),
// or no program has it open.
func ownLog(path string) error {
	archive, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var foreign []string
	for _, suffix := range []string{"-wal", "-shm"} {
		switch _, err := os.Lstat(path + suffix); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case !files.MayWrite(path + suffix):
			foreign = append(foreign, path+suffix)
		}
	}
	if len(foreign) == 0 || !files.MayWrite(path) {
		return nil // without the right to write the archive this user can't use a log either
	}
	if foreign[0] == path+"-wal" && hasLog(path) {
		return fmt.Errorf("%s is another user's, and may hold what is not in the archive yet: give it to this user with `chown`", foreign[0])
	}
	if !files.OnlyOwnerWrites(archive) {
		pid, err := files.UserOf(path)
		if err != nil {
			return err
		}
		if pid != 0 {
			return fmt.Errorf("%s is another user's, and process %d uses it: end that process", foreign[0], pid)
		}
	}
	for _, name := range foreign {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("%s is another user's, and stops every writer: remove it as root (%w)", name, err)
		}
	}
	return nil
}
