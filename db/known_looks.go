package db

import (
	"encoding/binary"
	"hash/maphash"
	"math"
)

// looks numbers how jobs look. Thousands of jobs of a collection have
// completed in the same words and without a reason, so a job needs no more than
// the number of its look.
type looks struct {
	list        list[look]
	index       *index
	words       dictionary[word]
	raws        dictionary[string] // that the list and details gave last
	collections dictionary[string]
	seed        maphash.Seed // of what is quiet, and of the index
}

// look is all of a job that a listing may show otherwise the next time.
type look struct {
	word, collection  uint32 // in their dictionaries
	listed, described uint32 // the words that the list and the job's details gave last; 0 for none
	quiet             quiet
}

// quiet stands for what can be edited without a trace in history: progress,
// reason and extra. Texts are a hash.
type quiet [8]byte

type word struct {
	state State
	raw   string
}

// newLooks has one look, which is that of nothing yet.
func newLooks(seed maphash.Seed) *looks {
	l := &looks{index: newIndex(0), seed: seed}
	l.raws.number("")
	l.number(look{word: l.words.number(word{}), collection: l.collections.number("")})
	return l
}

// look is how a job looks that its list shows so.
func (l *looks) look(j *Job) look {
	return look{
		word: l.words.number(word{j.State, j.RawState}), collection: l.collections.number(j.Collection),
		listed: l.raws.number(j.RawState), quiet: l.quiet(j),
	}
}

// number gives the number of a look, a new one if it is new.
func (l *looks) number(k look) uint32 {
	hash := l.hash(k)
	n, known := l.index.find(hash, func(n uint32) bool { return *l.list.at(int(n)) == k })
	if !known {
		n = uint32(l.list.length)
		l.list.add(k)
		l.index.add(hash, n, func(n uint32) uint64 { return l.hash(*l.list.at(int(n))) })
	}
	return n
}

func (l *looks) hash(k look) uint64 { return maphash.Comparable(l.seed, k) }

// take numbers a look of others.
func (l *looks) take(others *looks, k look) uint32 {
	k.word = l.words.number(others.words.texts[k.word])
	k.collection = l.collections.number(others.collections.texts[k.collection])
	k.listed, k.described = l.raws.number(others.raws.texts[k.listed]), l.raws.number(others.raws.texts[k.described])
	return l.number(k)
}

func (l *looks) of(n uint32) look { return *l.list.at(int(n)) }

func (l *looks) job(n uint32) Job {
	k := l.of(n)
	w := l.words.texts[k.word]
	return Job{State: w.state, RawState: w.raw, Collection: l.collections.texts[k.collection]}
}

func (l *looks) quiet(j *Job) (q quiet) {
	var h maphash.Hash
	h.SetSeed(l.seed)
	if j.Progress != nil {
		var bits [8]byte
		binary.LittleEndian.PutUint64(bits[:], math.Float64bits(*j.Progress))
		_, _ = h.Write(bits[:])
	}
	_ = h.WriteByte(0)
	_, _ = h.WriteString(j.Reason)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(j.Extra)
	binary.LittleEndian.PutUint64(q[:], h.Sum64())
	return q
}

// ListedRaw is the word that the list gave the job last.
func (k *Known) ListedRaw(e KnownJob) string {
	return k.seen.raws.texts[k.seen.of(*e.look()>>markBits).listed]
}

// RememberListed makes this the word that the list gave the job last.
func (k *Known) RememberListed(e KnownJob, raw string) {
	k.alterLook(e, func(l *look) { l.listed = k.seen.raws.number(raw) })
}

// DescribedRaw is the word that the job's details gave it last, "" where they
// never gave one that we know.
func (k *Known) DescribedRaw(e KnownJob) string {
	return k.seen.raws.texts[k.seen.of(*e.look()>>markBits).described]
}

// RememberDescribed makes this the word that the job's details gave it last.
func (k *Known) RememberDescribed(e KnownJob, raw string) {
	k.alterLook(e, func(l *look) { l.described = k.seen.raws.number(raw) })
}

func (k *Known) alterLook(e KnownJob, alter func(*look)) {
	l := k.seen.of(*e.look() >> markBits)
	alter(&l)
	e.setLook(k.seen.number(l))
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
