package answer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Bounds limit what [Bounds.Read] takes of an answer. They hold while the answer is
// read, so that an answer beyond them costs no more memory than one within.
type Bounds struct {
	Bytes   int64  // of the whole answer
	Records int    // of its list
	Why     string // why there may be no more records, for people
}

// maxRecord is how much one record of a list, and one text anywhere, may have. A record
// has some hundred bytes, and a reason of a failure some thousand.
const maxRecord = 1 << 20

// ErrTooMuch is an answer beyond its bounds. Another try would not help.
var ErrTooMuch = errors.New("the answer is too large")

// block is how much Read allocates at a time. A buffer that doubles holds three times
// the answer while it grows.
const block = 1 << 20

// Read reads an answer. With an error it returns what came before it.
func (b Bounds) Read(r io.Reader) ([]byte, error) {
	var (
		m    = meter{bounds: b}
		full [][]byte
		size int64
		part = make([]byte, 0, 32<<10)
	)
	for {
		if len(part) == cap(part) {
			full, part = append(full, part), make([]byte, 0, block)
		}
		n, err := r.Read(part[len(part):cap(part)])
		fresh := part[len(part) : len(part)+n]
		part, size = part[:len(part)+n], size+int64(n)
		if size > b.Bytes {
			fresh, err = nil, fmt.Errorf("%w: more than %d bytes", ErrTooMuch, b.Bytes)
			part = part[:int64(len(part))-(size-b.Bytes)]
		}
		if beyond := m.take(fresh); beyond != nil {
			err = beyond
		}
		if errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			continue
		}
		if full == nil {
			return part, err
		}
		return bytes.Join(append(full, part), nil), err
	}
}

// meter counts what an answer has, byte by byte, as far as its brackets and quotes say
// it. The list is an array within data, so its records are three levels deep. Bytes
// that are no JSON may be counted wrongly, and are refused later.
type meter struct {
	bounds  Bounds
	depth   int
	list    bool // the array three levels deep is open
	quoted  bool
	escaped bool
	text    int // bytes of the present string, or of the present number or word
	record  int // bytes of the present record
	records int // that have ended
}

func (m *meter) take(b []byte) error {
	for _, c := range b {
		m.record++
		switch {
		case m.quoted:
			m.inText(c)
		case c == '"':
			m.quoted, m.text = true, 0
		case c == '{' || c == '[':
			if m.depth++; m.depth == 3 {
				m.list, m.record = c == '[', 0
			}
		case c == '}' || c == ']':
			m.depth--
			m.list = m.list && m.depth >= 3
		case c == ',' && m.depth == 3 && m.list:
			m.records++
			m.record = 0
		}
		if !m.quoted {
			m.outside(c)
		}
		switch {
		case m.bounds.Records > 0 && m.records >= m.bounds.Records:
			return fmt.Errorf("%w: its list has more than %d records%s", ErrTooMuch, m.bounds.Records, m.bounds.Why)
		case m.text > maxRecord || m.list && m.record > maxRecord:
			return fmt.Errorf("%w: a record or a text in it has more than %d bytes", ErrTooMuch, maxRecord)
		}
	}
	return nil
}

// outside counts a number or a word: encoding/json takes a number of any length.
func (m *meter) outside(c byte) {
	switch c {
	case '{', '}', '[', ']', ',', ':', '"', ' ', '\t', '\r', '\n':
		m.text = 0
	default:
		m.text++
	}
}

func (m *meter) inText(c byte) {
	m.text++
	switch {
	case m.escaped:
		m.escaped = false
	case c == '\\':
		m.escaped = true
	case c == '"':
		m.quoted, m.text = false, 0
	}
}
