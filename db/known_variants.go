package db

import (
	"encoding/binary"
	"hash/maphash"
	"math"
)

// variants numbers the combinations of state, collection and quiet fields of jobs.
// Thousands of jobs of a collection complete with the same words and no reason, so
// each job needs only the number of its variant.
type variants struct {
	list        list[variant]
	index       *index
	words       dictionary[word]
	raws        dictionary[string] // the newest words of lists and details
	collections dictionary[string]
	seed        maphash.Seed // of the digests of quiet fields, and of the index
}

// variant is everything about a job that the next listing may show differently.
type variant struct {
	word, collection  uint32 // in their dictionaries
	listed, described uint32 // the newest words of the list and of the job's details, in raws; 0 for none
	quiet             quiet
}

// quiet is a digest of the fields that change without a line in history:
// progress, reason and extra.
type quiet [8]byte

type word struct {
	state State
	raw   string
}

// newVariants returns variants with one entry: that of a job without any field.
func newVariants(seed maphash.Seed) *variants {
	l := &variants{index: newIndex(0), seed: seed}
	l.raws.number("")
	l.number(variant{word: l.words.number(word{}), collection: l.collections.number("")})
	return l
}

// variant returns the variant of a job as the list shows it.
func (l *variants) variant(j *Job) variant {
	return variant{
		word: l.words.number(word{j.State, j.RawState}), collection: l.collections.number(j.Collection),
		listed: l.raws.number(j.RawState), quiet: l.quiet(j),
	}
}

// number returns the number of a variant, and adds a new one.
func (l *variants) number(k variant) uint32 {
	hash := l.hash(k)
	n, known := l.index.find(hash, func(n uint32) bool { return *l.list.at(int(n)) == k })
	if !known {
		n = uint32(l.list.length)
		l.list.add(k)
		l.index.add(hash, n, func(n uint32) uint64 { return l.hash(*l.list.at(int(n))) })
	}
	return n
}

func (l *variants) hash(k variant) uint64 { return maphash.Comparable(l.seed, k) }

// take copies a variant from others and returns its number here.
func (l *variants) take(others *variants, k variant) uint32 {
	k.word = l.words.number(others.words.texts[k.word])
	k.collection = l.collections.number(others.collections.texts[k.collection])
	k.listed, k.described = l.raws.number(others.raws.texts[k.listed]), l.raws.number(others.raws.texts[k.described])
	return l.number(k)
}

func (l *variants) of(n uint32) variant { return *l.list.at(int(n)) }

func (l *variants) job(n uint32) Job {
	k := l.of(n)
	w := l.words.texts[k.word]
	return Job{State: w.state, RawState: w.raw, Collection: l.collections.texts[k.collection]}
}

func (l *variants) quiet(j *Job) (q quiet) {
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

// ListedRaw returns the list's newest word for the job's state.
func (k *Known) ListedRaw(e KnownJob) string {
	return k.seen.raws.texts[k.seen.of(*e.variant()>>markBits).listed]
}

// RememberListed sets the list's newest word for the job's state.
func (k *Known) RememberListed(e KnownJob, raw string) {
	k.alterVariant(e, func(l *variant) { l.listed = k.seen.raws.number(raw) })
}

// DescribedRaw returns the newest word of the job's details for its state; "" if they
// never had a known one.
func (k *Known) DescribedRaw(e KnownJob) string {
	return k.seen.raws.texts[k.seen.of(*e.variant()>>markBits).described]
}

// RememberDescribed sets the newest word of the job's details for its state.
func (k *Known) RememberDescribed(e KnownJob, raw string) {
	k.alterVariant(e, func(l *variant) { l.described = k.seen.raws.number(raw) })
}

func (k *Known) alterVariant(e KnownJob, alter func(*variant)) {
	l := k.seen.of(*e.variant() >> markBits)
	alter(&l)
	e.setVariant(k.seen.number(l))
}

// dictionary numbers values from 0 in the order of their first appearance.
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
