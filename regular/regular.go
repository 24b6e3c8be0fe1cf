// Package regular reads files that a person names: settings, keys, certificates.
//
// Opening a pipe waits for its writer, and reading a terminal or /dev/zero never ends.
// Neither listens to a context, so one such name would hold up a stop, a reload or a
// request of /healthz for ever. [Read] opens without waiting, and reads only a regular
// file, up to a limit.
package regular

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Read returns the content of a regular file, or of the one that links lead to, without
// the byte order mark that some editors write first. Its errors do not name the file,
// because the caller does.
func Read(path string, limit int64) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, cause(err)
	}
	defer file.Close()
	// The open file, not the path: another file may have taken its place.
	st, err := file.Stat()
	switch {
	case err != nil:
		return nil, cause(err)
	case st.IsDir():
		return nil, errors.New("is a directory, not a file")
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("is %s, not a regular file", kind(st.Mode()))
	}
	content := bytes.NewBuffer(make([]byte, 0, min(st.Size(), limit)+bytes.MinRead)) // a file of /proc has no size
	_, err = content.ReadFrom(io.LimitReader(file, limit+1))
	data := content.Bytes()
	switch {
	case err != nil:
		return nil, cause(err)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("is bigger than %d KiB", limit>>10)
	case bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")):
		return nil, errors.New("is UTF-16 text: save it as UTF-8") // as redirection in Windows PowerShell writes it
	}
	return bytes.TrimPrefix(data, []byte("\ufeff")), nil
}

// cause removes the path from an error of package os. It explains an error that is about
// this process and not about the file.
func cause(err error) error {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return fmt.Errorf("%w: raise LimitNOFILE of the unit, or ulimit -n", syscall.EMFILE)
	}
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

func kind(m fs.FileMode) string {
	switch {
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeDevice != 0:
		return "a device"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "special"
}
