//go:build !linux

package files

// IsMountPoint returns false: only Linux mounts single files.
func IsMountPoint(string) bool { return false }
