//go:build linux || darwin

package files

import "golang.org/x/sys/unix"

// DiskSpace returns the bytes that this user can still write to a folder, and
// those of its whole file system.
func DiskSpace(folder string) (free, total uint64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(folder, &st); err != nil {
		return 0, 0, err
	}
	block := uint64(st.Bsize)
	return st.Bavail * block, st.Blocks * block, nil
}
