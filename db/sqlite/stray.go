package sqlite

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// ErrStray says that the log beside a file is the log of another file. SQLite applies
// every log that it finds, and would ruin the file with it.
var ErrStray = errors.New("the log beside it (-wal) belongs to another state of this file, which was put in place without `importarchive restore`: `importarchive sync` or `run` sets that log aside")

// strayLog reports whether the log beside a file is provably the log of another file.
// An archive that is copied or moved into the place of one that was killed finds that one's
// log. header is the start of the file.
//
// A log has nothing that names its file. But page 1 counts the changes of the
// file, and a writer writes the count that it found plus one. So the first page 1 in a log
// has at most the count of its own file plus one, since the file's count only grows.
// And while a log has no page 1, it does not alter the number of the file's pages.
func strayLog(path string, header []byte) (bool, error) {
	f, err := os.Open(path + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	l, err := readLog(bufio.NewReaderSize(f, 1<<16))
	switch {
	case err != nil || !l.committed:
		return false, err // SQLite ignores such a log
	case !usesLog(header):
		return true, nil
	case l.first != nil:
		return changes(l.first) > changes(header)+1, nil
	}
	return l.pages != binary.BigEndian.Uint32(header[28:]), nil
}

// logged is what a log has of the file that it belongs to.
type logged struct {
	committed bool
	pages     uint32 // of the file, as of the newest commit
	first     []byte // the header in the first page 1, nil for none
}

// readLog reads a log up to its first page 1 and the commit of that, as far as its checksums are right.
// The format is at https://www.sqlite.org/fileformat.html#the_write_ahead_log.
func readLog(r io.Reader) (l logged, err error) {
	head := make([]byte, 32)
	if _, err := io.ReadFull(r, head); err != nil {
		return l, unlessShort(err)
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch binary.BigEndian.Uint32(head) {
	case 0x377f0682:
	case 0x377f0683:
		order = binary.BigEndian
	default:
		return l, nil
	}
	size := binary.BigEndian.Uint32(head[8:])
	if size < 512 || size > 65536 {
		return l, nil
	}
	sum := checksum{order: order}
	if sum.add(head[:24]); !sum.is(head[24:]) {
		return l, nil
	}
	frame := make([]byte, 24+size)
	for {
		if _, err := io.ReadFull(r, frame); err != nil {
			return l, unlessShort(err)
		}
		sum.add(frame[:8])
		sum.add(frame[24:])
		if string(frame[8:16]) != string(head[16:24]) || !sum.is(frame[16:]) {
			return l, nil
		}
		if l.first == nil && binary.BigEndian.Uint32(frame) == 1 {
			l.first = append([]byte{}, frame[24:24+headerSize]...)
		}
		if pages := binary.BigEndian.Uint32(frame[4:]); pages > 0 {
			l.committed, l.pages = true, pages
			if l.first != nil {
				return l, nil
			}
		}
	}
}

// unlessShort drops the error of a log that ends.
func unlessShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// checksum is that of SQLite's log: it goes on from frame to frame.
type checksum struct {
	order binary.ByteOrder
	a, b  uint32
}

func (s *checksum) add(data []byte) {
	for ; len(data) >= 8; data = data[8:] {
		s.a += s.order.Uint32(data) + s.b
		s.b += s.order.Uint32(data[4:]) + s.a
	}
}

func (s *checksum) is(stored []byte) bool {
	return binary.BigEndian.Uint32(stored) == s.a && binary.BigEndian.Uint32(stored[4:]) == s.b
}

// setAside renames a stray log, so that SQLite does not find it. The caller has the archive
// to itself.
func setAside(path string) (name string, err error) {
	name = freeName(path + ".stray-wal")
	if err := os.Rename(path+"-wal", name); err != nil {
		return "", fmt.Errorf("setting a log aside that belongs to another file: %w", err)
	}
	return name, nil
}

// surelyStray looks again at a log that may be of another file, because a live
// writer may have begun it anew between the two looks of strayLog.
func surelyStray(path string) (bool, error) {
	for range 5 {
		time.Sleep(20 * time.Millisecond)
		header, err := readHeader(path)
		if err != nil || len(header) < headerSize {
			return false, err
		}
		if stray, err := strayLog(path, header); err != nil || !stray {
			return false, err
		}
	}
	return true, nil
}

// freeName returns the first of a name, name-2, name-3 … that no file has.
func freeName(name string) string {
	free := name
	for n := 2; ; n++ {
		if _, err := os.Lstat(free); errors.Is(err, fs.ErrNotExist) {
			return free
		}
		free = fmt.Sprintf("%s-%d", name, n)
	}
}

// fields of the first bytes of a file.
const headerSize = 100

func isDatabase(header []byte) bool {
	return len(header) >= headerSize && string(header[:16]) == "SQLite format 3\x00"
}

// usesLog reports whether writers of the file use a write-ahead log. A backup has no
// log until a writer opens it.
func usesLog(header []byte) bool { return header[18] == 2 }

func changes(header []byte) uint32 { return binary.BigEndian.Uint32(header[24:]) }
