package files

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Exchange lets two files change names, in one step where the file system can.
func Exchange(one, other string) error {
	err := unix.Renameat2(unix.AT_FDCWD, one, unix.AT_FDCWD, other, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return inThreeSteps(one, other)
	}
	if err != nil {
		return &os.LinkError{Op: "exchanging names of", Old: one, New: other, Err: err}
	}
	return nil
}
