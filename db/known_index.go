package db

import (
	"crypto/sha256"
	"encoding/binary"
)

// list is a slice that grows without a copy: doubling a slice needs three times its
// memory for a moment.
type list[T any] struct {
	chunks [][]T
	length int
}

const chunkSize = 1 << 12 // for each of our types a whole number of the allocator's pages

func (l *list[T]) at(i int) *T { return &l.chunks[i/chunkSize][i%chunkSize] }

func (l *list[T]) add(v T) {
	if l.length%chunkSize == 0 {
		l.chunks = append(l.chunks, nil)
	}
	last := &l.chunks[len(l.chunks)-1]
	if n := len(*last); n == cap(*last) { // a list may stay small: hundreds of clusters have one each
		*last = append(make([]T, 0, min(max(16, n+n/2), chunkSize)), *last...)
	}
	*last = append(*last, v)
	l.length++
}

// index finds places in a list by a hash of the value there. It is an open-addressing
// hash table, at most four-fifths full, in parts that grow one by one.
type index struct {
	parts []part // a power of two
	bits  int    // how many of the hash's highest bits choose the part
}

// part has in the lower bits of each slot a place plus one, and in the other bits
// some bits of the hash. They rule out most other places without a read of the list.
type part struct {
	slots []uint32
	used  int
}

const (
	partBits  = 13 // of a part's size, at most
	indexBits = 32 - partBits
)

// newIndex returns an index with room for so many places; it can grow.
func newIndex(places int) *index {
	x := &index{}
	for x.bits < indexBits && roomFor(places>>x.bits) > 1<<partBits {
		x.bits++
	}
	x.parts = make([]part, 1<<x.bits)
	each := places >> x.bits
	for i := range x.parts {
		x.parts[i].slots = make([]uint32, roomFor(each+each/32)) // some are fuller than others
	}
	return x
}

func roomFor(places int) int { return places*5/4 + 8 }

// place is the mask of the bits of a slot that hold a place.
func (x *index) place() uint32 { return 1<<(x.bits+partBits) - 1 }

// find returns the place with this hash for which sought returns true.
func (x *index) find(hash uint64, sought func(place uint32) bool) (place uint32, found bool) {
	p, mask := x.part(hash), x.place()
	for i := p.start(hash << x.bits); p.slots[i] != 0; i = p.after(i) {
		if s := p.slots[i]; (s^uint32(hash))&^mask == 0 && sought(s&mask-1) {
			return s&mask - 1, true
		}
	}
	return 0, false
}

// add adds a new place. It needs the hashes of other places when it moves them.
func (x *index) add(hash uint64, place uint32, hashOf func(place uint32) uint64) {
	for place >= x.place() && x.bits < indexBits { // places may have been skipped
		x.split(hashOf)
	}
	if p := x.part(hash); roomFor(p.used+1) > len(p.slots) {
		x.grow(p, hashOf)
	}
	x.put(hash, place)
}

func (x *index) put(hash uint64, place uint32) {
	p := x.part(hash)
	i := p.start(hash << x.bits)
	for p.slots[i] != 0 {
		i = p.after(i)
	}
	mask := x.place()
	p.slots[i] = (place+1)&mask | uint32(hash)&^mask
	p.used++
}

// grow makes a part larger by a quarter, or doubles the number of parts if this one
// has the largest size.
func (x *index) grow(p *part, hashOf func(place uint32) uint64) {
	size := len(p.slots) + len(p.slots)/4
	if size > 1<<partBits && x.bits < indexBits {
		x.split(hashOf)
		return
	}
	old := p.slots
	*p = part{slots: make([]uint32, size)}
	x.move(x.place(), old, hashOf)
}

// split makes two parts of each, one by one.
func (x *index) split(hashOf func(place uint32) uint64) {
	mask, parts := x.place(), x.parts
	x.bits++
	x.parts = make([]part, 1<<x.bits)
	for i := range parts {
		room := roomFor(roomFor(parts[i].used / 2)) // some are fuller than others, and more will come
		x.parts[2*i].slots, x.parts[2*i+1].slots = make([]uint32, room), make([]uint32, room)
		x.move(mask, parts[i].slots, hashOf)
		parts[i].slots = nil
	}
}

// move adds the entries of these slots to their new parts.
func (x *index) move(mask uint32, slots []uint32, hashOf func(place uint32) uint64) {
	for _, s := range slots {
		if s != 0 {
			x.put(hashOf(s&mask-1), s&mask-1)
		}
	}
}

func (x *index) part(hash uint64) *part { return &x.parts[hash>>(64-x.bits)] }

func (p *part) start(hash uint64) int { return int(hash >> 32 * uint64(len(p.slots)) >> 32) }

func (p *part) after(i int) int {
	if i++; i < len(p.slots) {
		return i
	}
	return 0
}

// hash of an id. It is SHA-256 with a key, because a service, or a user who names
// jobs in it, must not be able to make two ids that collide here. The quicker
// maphash gives 64 bits, and two of them with two seeds are not twice as good:
// all seeds of a process share the rest of the key.
func hash[T ~string | ~[]byte](k *Known, id T) [16]byte {
	var few [64]byte // ids have some 30 bytes: no allocation for them
	sum := sha256.Sum256(append(append(few[:0], k.key[:]...), id...))
	return [16]byte(sum[:16])
}

func first64(h *[16]byte) uint64 { return binary.LittleEndian.Uint64(h[:]) }
