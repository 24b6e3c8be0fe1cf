// Package files has what the system knows of a file beside its content: who may write
// it, how many names it has, which process uses it.
package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// FreeName returns the first of a name, name-2, name-3 … that no file has.
func FreeName(name string) string {
	free := name
	for n := 2; ; n++ {
		if _, err := os.Lstat(free); errors.Is(err, fs.ErrNotExist) {
			return free
		}
		free = fmt.Sprintf("%s-%d", name, n)
	}
}

// inThreeSteps exchanges two names where the system can't do it in one step. A process that dies
// in between leaves no file at other; then Open makes no new archive there, because
// the old one lies beside it.
func inThreeSteps(one, other string) error {
	between := one + ".between"
	if err := os.Rename(one, between); err != nil {
		return err
	}
	if err := os.Rename(other, one); err != nil {
		return errors.Join(err, os.Rename(between, one))
	}
	return os.Rename(between, other)
}
