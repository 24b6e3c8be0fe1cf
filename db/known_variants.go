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
	vs := &variants{index: newIndex(0), seed: seed}
	vs.raws.number("")
	vs.number(variant{word: vs.words.number(word{}), collection: vs.collections.number("")})
	return vs
}

// variant returns the variant of a job as the list shows it.
func (vs *variants) variant(j *Job) variant {
	return variant{
		word: vs.words.number(word{j.State, j.RawState}), collection: vs.collections.number(j.Collection),
		listed: vs.raws.number(j.RawState), quiet: vs.quiet(j),
	}
}

// number returns the number of a variant, and adds a new one.
func (vs *variants) number(v variant) uint32 {
	hash := vs.hash(v)
	n, known := vs.index.find(hash, func(n uint32) bool { return *vs.list.at(int(n)) == v })
	if !known {
		n = uint32(vs.list.length)
		vs.list.add(v)
		vs.index.add(hash, n, func(n uint32) uint64 { return vs.hash(*vs.list.at(int(n))) })
	}
	return n
}

func (vs *variants) hash(v variant) uint64 { return maphash.Comparable(vs.seed, v) }

// take copies a variant from others and returns its number here.
func (vs *variants) take(others *variants, v variant) uint32 {
	v.word = vs.words.number(others.words.texts[v.word])
	v.collection = vs.collections.number(others.collections.texts[v.collection])
	v.listed, v.described = vs.raws.number(others.raws.texts[v.listed]), vs.raws.number(others.raws.texts[v.described])
	return vs.number(v)
}

func (vs *variants) of(n uint32) variant { return *vs.list.at(int(n)) }

func (vs *variants) job(n uint32) Job {
	v := vs.of(n)
	w := vs.words.texts[v.word]
	return Job{State: w.state, RawState: w.raw, Collection: vs.collections.texts[v.collection]}
}

func (vs *variants) quiet(j *Job) (q quiet) {
	var h maphash.Hash
	h.SetSeed(vs.seed)
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
	return k.variants.raws.texts[k.variants.of(*e.variant()>>markBits).listed]
}

// RememberListed sets the list's newest word for the job's state.
func (k *Known) RememberListed(e KnownJob, raw string) {
	k.alterVariant(e, func(v *variant) { v.listed = k.variants.raws.number(raw) })
}

// DescribedRaw returns the newest word of the job's details for its state; "" if they
// never had a known one.
func (k *Known) DescribedRaw(e KnownJob) string {
	return k.variants.raws.texts[k.variants.of(*e.variant()>>markBits).described]
}

// RememberDescribed sets the newest word of the job's details for its state.
func (k *Known) RememberDescribed(e KnownJob, raw string) {
	k.alterVariant(e, func(v *variant) { v.described = k.variants.raws.number(raw) })
}

func (k *Known) alterVariant(e KnownJob, alter func(*variant)) {
	v := k.variants.of(*e.variant() >> markBits)
	alter(&v)
	e.setVariant(k.variants.number(v))
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
