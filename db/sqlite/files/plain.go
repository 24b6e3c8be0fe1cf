package files

import (
	"fmt"
	"os"
)

// Plain refuses a file beside an archive that is no regular one.
func Plain(name string) error {
	if st, err := os.Lstat(name); err == nil && !st.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file: remove it", name)
	}
	return nil
}

// PlainLog refuses another kind of file in the place of the log or its index, and one with
// a second name: SQLite would write to what has that name.
func PlainLog(path string) error {
	for _, name := range []string{path + "-wal", path + "-shm"} {
		if err := Plain(name); err != nil {
			return err
		}
		if st, err := os.Lstat(name); err == nil && Links(st) > 1 {
			return fmt.Errorf("%s has more than one name (hard links): remove it", name)
		}
	}
	return nil
}
