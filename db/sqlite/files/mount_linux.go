package files

import "golang.org/x/sys/unix"

// IsMountPoint reports whether a file is mounted by itself, as containers do with a
// volume that names a file. Kernels before 5.8 can't say.
func IsMountPoint(path string) bool {
	var st unix.Statx_t
	return unix.Statx(unix.AT_FDCWD, path, 0, 0, &st) == nil && st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
}
