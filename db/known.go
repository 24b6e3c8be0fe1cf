package db

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash/maphash"
	"iter"
	"math"
	"time"
)

// Known is what must be remembered of a cluster's archive to decide what a
// listing changes: about 50 bytes a job, whatever its texts. It is loaded
// from the archive once and then kept in step by whoever decides with it; the
// generation says whether it is still what the archive holds. It is not safe
// for concurrent use.
type Known struct {
	// Generation of the archive that this is the memory of.
	Generation int64

	// CompleteStart is when the newest complete listing began, zero if there
	// never was one. It is the last sighting of every job that this listing
	// had and left unchanged.
	CompleteStart time.Time

	// Newest is the newest time that the archive held of the cluster when
	// this was loaded.
	Newest time.Time

	nextSeq uint32
	key     [16]byte
	seed    maphash.Seed

	// Jobs stand in chunks, so that a million of them grow without being
	// copied; index is an open-addressing table of their places plus one.
	chunks [][]KnownJob
	length int
	index  []uint32

	words       dictionary[word]
	collections dictionary[string]
	sightings   []sighting
	loaded      int // how many of the sightings came from the archive
}

// KnownJob is what is remembered of one job.
type KnownJob struct {
	id         [16]byte // of a keyed hash: 128 bits, so that no job can hide behind another
	digest     [8]byte  // of what can be edited quietly
	Seq        uint32   // its number within the cluster
	word       uint32
	collection uint32
	sighting   uint32
	Misses     uint8 // complete listings in a row without it; 0 says that the newest one had it
	Gone       bool
	Pruned     bool // its row is pruned, and what can be edited quietly is not known any more
}

// Sighting says when a page was asked for and when it had been received.
type Sighting struct{ Asked, Seen time.Time }

// sighting is a Sighting in milliseconds: gone jobs have one each.
type sighting struct{ asked, seen int64 }

func (s sighting) times() Sighting {
	if s == (sighting{}) {
		return Sighting{}
	}
	return Sighting{fromMillis(s.asked), fromMillis(s.seen)}
}

type word struct {
	state State
	raw   string
}

const (
	chunkSize  = 1 << 12
	freshIndex = 1 << 6
)

// NewKnown gives the memory of an empty cluster.
func NewKnown() *Known {
	k := &Known{nextSeq: 1, seed: maphash.MakeSeed(), index: make([]uint32, freshIndex)}
	_, _ = rand.Read(k.key[:])   // crypto/rand.Read never fails
	k.collections.number("")     // 0 is "not told"
	k.sightings = []sighting{{}} // 0 is "in the newest complete listing"
	return k
}

// Len is the number of jobs known.
func (k *Known) Len() int { return k.length }

// Find gives the job with this id, or nil.
func (k *Known) Find(id string) *KnownJob {
	h := hash(k, id)
	if place := k.index[k.slot(&h)]; place != 0 {
		return k.at(int(place - 1))
	}
	return nil
}

// Add remembers a job that is not known yet and gives it the next number.
func (k *Known) Add(id string) *KnownJob {
	e := k.add(hash(k, id), k.nextSeq)
	k.nextSeq++
	return e
}

func (k *Known) add(h [16]byte, seq uint32) *KnownJob {
	if (k.length+1)*4 > len(k.index)*3 {
		k.grow()
	}
	if k.length%chunkSize == 0 {
		k.chunks = append(k.chunks, make([]KnownJob, chunkSize))
	}
	k.index[k.slot(&h)] = uint32(k.length) + 1
	e := k.at(k.length)
	e.id, e.Seq = h, seq
	k.length++
	return e
}

// All gives every job known, in the order of their numbers.
func (k *Known) All() iter.Seq[*KnownJob] {
	return func(yield func(*KnownJob) bool) {
		for i := range k.length {
			if !yield(k.at(i)) {
				return
			}
		}
	}
}

// Saw notes that a page was read; jobs seen on it are given its number with
// [Known.See]. Numbers grow.
func (k *Known) Saw(s Sighting) (page uint32) {
	k.sightings = append(k.sightings, sighting{millis(s.Asked), millis(s.Seen)})
	return uint32(len(k.sightings) - 1)
}

// See notes the page that a job was seen on.
func (e *KnownJob) See(page uint32) { e.sighting = page; e.Misses = 0 }

// SeenSince reports whether the job was seen on a page with this number or a
// later one.
func (e *KnownJob) SeenSince(page uint32) bool { return e.sighting >= page }

// LastSighting is the newest sighting of a job that is known of: of its own
// page, or of the newest complete listing if that had it and is later.
func (k *Known) LastSighting(e *KnownJob) Sighting {
	s := k.sightings[e.sighting].times()
	if e.Misses == 0 && k.CompleteStart.After(s.Asked) {
		s.Asked = k.CompleteStart
		if s.Seen.Before(s.Asked) {
			s.Seen = s.Asked
		}
	}
	return s
}

// Tell notes that the job's details, received at this time, show it in another
// state. They are no sighting in a listing, so what is known of that stays.
func (k *Known) Tell(e *KnownJob, state State, raw string, at time.Time) {
	last := k.LastSighting(e)
	e.word = k.words.number(word{state, raw})
	e.sighting, e.Pruned = k.Saw(Sighting{last.Asked, at}), false
}

// Miss notes that a complete listing did not have the job, and gives its last
// sighting, which from now on stands by itself: the listing that is about to
// become the newest complete one is no sighting of this job.
func (k *Known) Miss(e *KnownJob) Sighting {
	last := k.LastSighting(e)
	if m := (sighting{millis(last.Asked), millis(last.Seen)}); m != k.sightings[e.sighting] {
		if m != k.sightings[len(k.sightings)-1] {
			k.Saw(last)
		}
		e.sighting = uint32(len(k.sightings) - 1)
	}
	if e.Misses < math.MaxUint8 {
		e.Misses++
	}
	return last
}

// Pages is how many pages were noted since the memory was loaded. A fresh load
// forgets all but those that still matter.
func (k *Known) Pages() int { return len(k.sightings) - k.loaded }

// Job is the job's state and collection as they are remembered.
func (k *Known) Job(e *KnownJob) Job {
	w := k.words.texts[e.word]
	return Job{State: w.state, RawState: w.raw, Collection: k.collections.texts[e.collection]}
}

// Remember makes the job's state, collection and quiet fields those of j.
func (k *Known) Remember(e *KnownJob, j *Job) {
	e.word = k.words.number(word{j.State, j.RawState})
	e.collection = k.collections.number(j.Collection)
	e.digest = k.digest(j)
}

// SameQuietly reports whether progress, reason and extra are as remembered. Of
// a pruned job nobody wants to know.
func (k *Known) SameQuietly(e *KnownJob, j *Job) bool { return e.Pruned || e.digest == k.digest(j) }

func (k *Known) at(i int) *KnownJob { return &k.chunks[i/chunkSize][i%chunkSize] }

func hash[T ~string | ~[]byte](k *Known, id T) [16]byte {
	var few [64]byte // ids have some 30 bytes: no allocation for them
	sum := sha256.Sum256(append(append(few[:0], k.key[:]...), id...))
	return [16]byte(sum[:16])
}

// slot is where the id stands in the index, or the free place where it would.
func (k *Known) slot(h *[16]byte) uint64 {
	mask := uint64(len(k.index) - 1)
	for i := binary.LittleEndian.Uint64(h[:]) & mask; ; i = (i + 1) & mask {
		if place := k.index[i]; place == 0 || k.at(int(place-1)).id == *h {
			return i
		}
	}
}

func (k *Known) grow() {
	k.index = make([]uint32, 2*len(k.index))
	for i := range k.length {
		k.index[k.slot(&k.at(i).id)] = uint32(i) + 1
	}
}

func (k *Known) digest(j *Job) (d [8]byte) {
	var h maphash.Hash
	h.SetSeed(k.seed)
	if j.Progress != nil {
		var bits [8]byte
		binary.LittleEndian.PutUint64(bits[:], math.Float64bits(*j.Progress))
		_, _ = h.Write(bits[:])
	}
	_ = h.WriteByte(0)
	_, _ = h.WriteString(j.Reason)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(j.Extra)
	binary.LittleEndian.PutUint64(d[:], h.Sum64())
	return d
}

// dictionary numbers values from 0 in the order in which they first come.
type dictionary[T comparable] struct {
	numbers map[T]uint32
	texts   []T
}

func (d *dictionary[T]) number(v T) uint32 {
	n, ok := d.numbers[v]
	if !ok {
		if d.numbers == nil {
			d.numbers = map[T]uint32{}
		}
		n = uint32(len(d.texts))
		d.numbers[v] = n
		d.texts = append(d.texts, v)
	}
	return n
}
