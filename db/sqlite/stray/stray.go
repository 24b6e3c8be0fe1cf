// Package stray tells whether a log of SQLite belongs to the file that it lies beside.
package stray

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
)

// Log reports whether the log beside a file is provably the log of another file.
// An archive that is copied or moved into the place of one that was killed finds that one's
// log. header is the start of the file.
//
// A log has nothing that names its file. But page 1 counts the changes of the
// file, and a writer writes the count that it found plus one. So the first page 1 in a log
// has at most the count of its own file plus one, since the file's count only grows.
// And while a log has no page 1, it does not alter the number of the file's pages.
func Log(path string, header []byte) (bool, error) {
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
	case !UsesLog(header):
		return true, nil
	case l.first != nil:
		return Changes(l.first) > Changes(header)+1, nil
	}
	return l.pages != binary.BigEndian.Uint32(header[28:]), nil
}

// logged is what a log has of the file that it belongs to.
type logged struct {
	committed bool
	pages     uint32 // of the file, as of the newest commit
	first     []byte // the header in the first page 1, nil for none
}

// readLog reads a log up to its first page 1 and the commit of that, as far as its
// checksums are right.
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
			l.first = append([]byte{}, frame[24:24+HeaderSize]...)
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

// HeaderSize is how many bytes of the start of a file the functions here read.
const HeaderSize = 100

// IsDatabase reports whether a file that starts so is one of SQLite.
func IsDatabase(header []byte) bool {
	return len(header) >= HeaderSize && string(header[:16]) == "SQLite format 3\x00"
}

// UsesLog reports whether writers of the file use a write-ahead log. A backup has no
// log until a writer opens it.
func UsesLog(header []byte) bool { return header[18] == 2 }

// Changes returns the count of the changes of a file, as its header has it.
func Changes(header []byte) uint32 { return binary.BigEndian.Uint32(header[24:]) }
