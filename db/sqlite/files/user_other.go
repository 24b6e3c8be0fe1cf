//go:build !linux && !darwin

package files

import (
	"io/fs"
	"os"
)

// WriteAccess returns why this user can't write a file.
func WriteAccess(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o200 == 0 {
		return fs.ErrPermission
	}
	return err
}

// MayWrite reports whether this user can write a file.
func MayWrite(path string) bool { return WriteAccess(path) == nil }

// Links returns 1: on this system the program can't read how many names a file has.
func Links(fs.FileInfo) uint64 { return 1 }

// OnlyOwnerWrites returns false, which is what costs no other program anything.
func OnlyOwnerWrites(fs.FileInfo) bool { return false }

// UserOf returns 0: on this system a file that is in use can't be removed anyway.
func UserOf(string) (pid int, err error) { return 0, nil }

// LikeOld does nothing: a new file gets the rights of its folder.
func LikeOld(string, fs.FileInfo) error { return nil }

// NoFollow is 0 where making Links takes an administrator.
const NoFollow = 0
