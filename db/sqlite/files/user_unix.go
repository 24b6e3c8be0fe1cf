//go:build linux || darwin

package files

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// WriteAccess returns why this user can't write a file or folder. It opens nothing.
func WriteAccess(path string) error {
	return unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS)
}

// MayWrite reports whether this user can write a file or folder.
func MayWrite(path string) bool { return WriteAccess(path) == nil }

// Links returns how many names a file has.
func Links(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 1
}

// OnlyOwnerWrites reports whether this user owns a file that no other one may write,
// except root. Group bits cover access lists too: they are the mask of those.
func OnlyOwnerWrites(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid() && info.Mode().Perm()&0o022 == 0
}

// UserOf returns the process that has a file of SQLite open, 0 for none. It opens the
// file, so no connection of this process may have it open: the close would drop the
// connection's locks.
func UserOf(path string) (pid int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	// SQLite's locks are in the 512 bytes behind the first gigabyte.
	lock := unix.Flock_t{Type: unix.F_WRLCK, Start: 1 << 30, Len: 512}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock); err != nil {
		return 0, err
	}
	if lock.Type == unix.F_UNLCK {
		return 0, nil
	}
	return int(lock.Pid), nil
}

// LikeOld gives a file the owner and the mode of another one.
func LikeOld(path string, old fs.FileInfo) error {
	if st, ok := old.Sys().(*syscall.Stat_t); ok {
		if err := os.Chown(path, int(st.Uid), int(st.Gid)); err != nil {
			return fmt.Errorf("the archive's owner must stay the same, so restore as that user or as root: %w", err)
		}
	}
	return os.Chmod(path, old.Mode().Perm())
}

// NoFollow refuses a link in a lock file's place: the file would be created and written
// where the link leads, with this user's rights. And it does not wait for the writer of
// a pipe.
const NoFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
