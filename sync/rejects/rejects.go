// Package rejects counts the records of one listing that have no usable id. It does no
// I/O. Its memory does not grow with the texts of the records: it keeps their hashes,
// and the whole of a few samples.
package rejects

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"importarchive/db"
)

const (
	// samples is how many records of one listing the archive gets. They are those with
	// the smallest hashes, so a list in another order has the same ones.
	samples = 10

	// most is how many different records a set tells apart.
	most = 1_000_000
)

// Set has the records without an id of one listing. The zero Set is empty.
type Set struct {
	count   int
	sum     uint64 // of the hashes of all records
	seen    map[uint64]struct{}
	kept    []sample // by hash
	tooMany bool
}

type sample struct {
	hash uint64
	db.Reject
}

// Add adds a record. It reports whether the listing has had no record with this text.
func (s *Set) Add(r db.Reject) (fresh bool) {
	sum := sha256.Sum256([]byte(r.Raw))
	hash := binary.BigEndian.Uint64(sum[:])
	s.count++
	s.sum += hash
	if _, known := s.seen[hash]; known {
		return false
	}
	if s.tooMany = len(s.seen) == most; s.tooMany {
		return false
	}
	if s.seen == nil {
		s.seen = map[uint64]struct{}{}
	}
	s.seen[hash] = struct{}{}
	at, _ := slices.BinarySearchFunc(s.kept, hash, func(one sample, sought uint64) int { return cmp.Compare(one.hash, sought) })
	if at < samples {
		s.kept = slices.Insert(s.kept, at, sample{hash, r})
		s.kept = s.kept[:min(len(s.kept), samples)]
	}
	return true
}

// Count returns the number of records, however many have one text.
func (s *Set) Count() int { return s.count }

// TooMany reports whether there are more different records than the set tells apart.
func (s *Set) TooMany() bool { return s.tooMany }

// Digest is the same for all sets of the same records, in any order, and 0 for none.
func (s *Set) Digest() int64 { return int64(s.sum) }

// Samples returns what the archive gets of the set.
func (s *Set) Samples() []db.Reject {
	var all []db.Reject
	for _, one := range s.kept {
		all = append(all, one.Reject)
	}
	return all
}
