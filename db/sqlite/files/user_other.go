//go:build !linux && !darwin

package files

import (
	"io/fs"
	"os"
)

// MayWrite reports whether this user may write a file.
func MayWrite(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&0o200 != 0
}

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
