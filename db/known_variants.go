package db

import (
	"encoding/binary"
	"hash/maphash"
	"math"
)

// variants numbers the combinations of state, collection and quiet fields that
// jobs have. Thousands of jobs of a collection complete in the same words and
// without a reason, so each job keeps no more than the number of its variant.
type variants struct {
	list        list[variant]
	index       *index
	words       dictionary[word]
	raws        dictionary[string] // that the list and details gave last
	collections dictionary[string]
	seed        maphash.Seed // of what is quiet, and of the index
}

// variant is everything about a job that the next listing may show differently.
type variant struct {
	word, collection  uint32 // in their dictionaries
	listed, described uint32 // the words that the list and the job's details gave last; 0 for none
	quiet             quiet
}

// quiet is a digest of the fields that change without a line in history:
// progress, reason and extra.
type quiet [8]byte

type word struct {
	state State
	raw   string
}

// newVariants has one variant: that of a job of which nothing is stored yet.
func newVariants(seed maphash.Seed) *variants {
	vs := &variants{index: newIndex(0), seed: seed}
	vs.raws.number("")
	vs.number(variant{word: vs.words.number(word{}), collection: vs.collections.number("")})
	return vs
}

// variant gives the variant of a job as its list shows it.
func (vs *variants) variant(j *Job) variant {
	return variant{
		word: vs.words.number(word{j.State, j.RawState}), collection: vs.collections.number(j.Collection),
		listed: vs.raws.number(j.RawState), quiet: vs.quiet(j),
	}
}

// number gives the number of a variant, and numbers one that is new.
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

// take numbers a variant that others numbered before.
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

// ListedRaw is the word that the list gave the job last.
func (k *Known) ListedRaw(e KnownJob) string {
	return k.variants.raws.texts[k.variants.of(*e.variant()>>markBits).listed]
}

// RememberListed makes this the word that the list gave the job last.
func (k *Known) RememberListed(e KnownJob, raw string) {
	k.alterVariant(e, func(v *variant) { v.listed = k.variants.raws.number(raw) })
}

// DescribedRaw is the word that the job's details gave it last, "" where they
// never gave a known one.
func (k *Known) DescribedRaw(e KnownJob) string {
	return k.variants.raws.texts[k.variants.of(*e.variant()>>markBits).described]
}

// RememberDescribed makes this the word that the job's details gave it last.
func (k *Known) RememberDescribed(e KnownJob, raw string) {
	k.alterVariant(e, func(v *variant) { v.described = k.variants.raws.number(raw) })
}

func (k *Known) alterVariant(e KnownJob, alter func(*variant)) {
	v := k.variants.of(*e.variant() >> markBits)
	alter(&v)
	e.setVariant(k.variants.number(v))
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
