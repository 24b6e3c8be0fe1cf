package export

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
)

// spool keeps on disk what can only be written after something that depends
// on its end. It is compressed, for it may be long, and its checksum tells
// whether the disk gave back what it got.
type spool struct {
	*bufio.Writer // what is kept goes here

	file   *os.File
	disk   *bufio.Writer
	packed *gzip.Writer
}

// openSpool makes a file that only its owner reads, in the directory or, if
// that is "", in the system's for temporary files. It lasts until remove.
func openSpool(dir string) (*spool, error) {
	file, err := os.CreateTemp(dir, ".importarchive-*.spool")
	if err != nil {
		return nil, fmt.Errorf("keeping rows on disk: %w", err)
	}
	s := &spool{file: file, disk: bufio.NewWriterSize(file, 32<<10)}
	if s.packed, err = gzip.NewWriterLevel(s.disk, gzip.BestSpeed); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	s.Writer = bufio.NewWriterSize(s.packed, 32<<10)
	return s, nil
}

// copyTo writes all that is kept to w. Nothing more can be kept then.
func (s *spool) copyTo(w io.Writer) error {
	for _, end := range []func() error{s.Flush, s.packed.Close, s.disk.Flush} {
		if err := end(); err != nil {
			return fmt.Errorf("keeping rows on disk: %w", err)
		}
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reading rows kept on disk: %w", err)
	}
	kept, err := gzip.NewReader(s.file)
	if err != nil {
		return fmt.Errorf("reading rows kept on disk: %w", err)
	}
	if _, err := io.Copy(w, kept); err != nil {
		return fmt.Errorf("copying rows kept on disk: %w", err)
	}
	return nil
}

// remove leaves nothing on the disk.
func (s *spool) remove() error {
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}
