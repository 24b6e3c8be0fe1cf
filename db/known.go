package db

import (
	"crypto/rand"
	"hash/maphash"
	"iter"
	"math"
	"time"
)

// Known is the part of a cluster's archive that deciding needs: some 30 bytes per
// job, whatever its texts. The engine loads it once and updates it with each
// decision. The generation shows whether it still agrees with the archive. It is
// not safe for concurrent use.
type Known struct {
	// Generation is the generation of the archive that this was loaded from.
	Generation int64

	// CompleteStart is when the newest complete listing began; zero if there is
	// none. It is the last sighting of every job that this listing had and left
	// unchanged.
	CompleteStart time.Time

	// Newest is the newest time of the cluster in the archive at the load.
	Newest time.Time

	// NewestMiss is the latest time at which a missed job that is not gone was
	// first missed: when that listing was read. Zero: there is no missed job.
	NewestMiss time.Time

	// Each list has the job with the number n at place n-1. Separate lists waste no
	// byte on alignment, and have no pointer for the garbage collector to scan. A
	// number without a job has a zero id.
	ids       list[[16]byte] // of a keyed hash: 128 bits, so that no two ids share one
	variantOf list[uint32]   // its number in variants, above the bits that are marks
	sightings list[uint32]   // the page of the last sighting, as a place in pages
	misses    list[uint8]

	jobs  int
	index *index // of the ids
	key   [16]byte
	found uint32 // the place of the job that Find returned last

	variants *variants
	pages    list[sighting] // 0 is "in the newest complete listing"
	tidied   int            // the number of pages and variants after the last Tidy
}

// KnownJob is one job of a Known.
type KnownJob struct {
	known *Known
	Seq   uint32 // its number within the cluster, from 1
}

// Marks of a job, beside its variant.
const (
	gone uint32 = 1 << iota
	pruned
	markBits = iota
	marks    = 1<<markBits - 1
)

// Sighting has the times at which a page was requested and received.
type Sighting struct{ Asked, Seen time.Time }

// sighting is a Sighting in milliseconds: each gone job has its own.
type sighting struct{ asked, seen int64 }

func (s sighting) times() Sighting {
	if s == (sighting{}) {
		return Sighting{}
	}
	return Sighting{FromMillis(s.asked), FromMillis(s.seen)}
}

// NewKnown returns the Known of an empty cluster.
func NewKnown() *Known { return NewKnownFor(0) }

// NewKnownFor returns one with room for so many jobs; more jobs are possible.
func NewKnownFor(jobs int) *Known {
	k := &Known{index: newIndex(jobs), variants: newVariants(maphash.MakeSeed())}
	_, _ = rand.Read(k.key[:]) // crypto/rand.Read never fails
	k.pages.add(sighting{})
	k.noteTidy()
	return k
}

// Len returns the number of jobs.
func (k *Known) Len() int { return k.jobs }

// Find returns the job with this id; its number is 0 if there is none.
func (k *Known) Find(id string) KnownJob {
	h := hash(k, id)
	is := func(place uint32) bool { return *k.ids.at(int(place)) == h }
	// A list mostly has jobs in the order of their numbers, or in the reverse
	// order, and the neighbours of the last job are in the processor's cache.
	for _, place := range [...]uint32{k.found + 1, k.found - 1} {
		if place < uint32(k.ids.length) && is(place) {
			k.found = place
			return KnownJob{k, place + 1}
		}
	}
	place, known := k.index.find(first64(&h), is)
	if !known {
		return KnownJob{}
	}
	k.found = place
	return KnownJob{k, place + 1}
}

// Add adds a new job under the next number.
func (k *Known) Add(id string) KnownJob {
	h := hash(k, id)
	place := k.leaveOut()
	*k.ids.at(int(place)) = h
	k.index.add(first64(&h), place, func(place uint32) uint64 { return first64(k.ids.at(int(place))) })
	k.jobs++
	return KnownJob{k, place + 1}
}

// leaveOut adds a place for the next number, without a job.
func (k *Known) leaveOut() (place uint32) {
	k.ids.add([16]byte{})
	k.variantOf.add(0)
	k.sightings.add(0)
	k.misses.add(0)
	return uint32(k.ids.length - 1)
}

// All returns every job, in the order of their numbers.
func (k *Known) All() iter.Seq[KnownJob] {
	return func(yield func(KnownJob) bool) {
		for i := range k.ids.length {
			if *k.ids.at(i) != [16]byte{} && !yield(KnownJob{k, uint32(i) + 1}) {
				return
			}
		}
	}
}

// Saw adds a page that the run has read, and returns its number for [KnownJob.See].
// Numbers grow.
func (k *Known) Saw(s Sighting) (page uint32) {
	k.pages.add(sighting{Millis(s.Asked), Millis(s.Seen)})
	return uint32(k.pages.length - 1)
}

// See records that a page had the job.
func (e KnownJob) See(page uint32) {
	*e.sighting() = page
	e.SetMisses(0)
}

// SeenSince reports whether the job's last page has this number or a later one.
func (e KnownJob) SeenSince(page uint32) bool { return *e.sighting() >= page }

// Misses returns how many complete listings in a row lacked the job; 0: the newest
// one had it. It stops at 255.
func (e KnownJob) Misses() uint8 { return *e.known.misses.at(e.place()) }

// SetMisses sets only that number.
func (e KnownJob) SetMisses(n uint8) { *e.known.misses.at(e.place()) = n }

// Gone reports whether the job is gone.
func (e KnownJob) Gone() bool { return *e.variant()&gone != 0 }

// Pruned reports whether the job's row is pruned. Its quiet fields are then unknown.
func (e KnownJob) Pruned() bool { return *e.variant()&pruned != 0 }

// Mark sets whether the job is gone and whether it is pruned.
func (e KnownJob) Mark(isGone, isPruned bool) {
	v := *e.variant() &^ marks
	if isGone {
		v |= gone
	}
	if isPruned {
		v |= pruned
	}
	*e.variant() = v
}

func (e KnownJob) place() int        { return int(e.Seq - 1) }
func (e KnownJob) variant() *uint32  { return e.known.variantOf.at(e.place()) }
func (e KnownJob) sighting() *uint32 { return e.known.sightings.at(e.place()) }

// LastSighting returns a job's newest sighting: that of its own page, or the newest
// complete listing if that had the job and is later.
func (k *Known) LastSighting(e KnownJob) Sighting {
	s := k.pages.at(int(*e.sighting())).times()
	if e.Misses() == 0 && k.CompleteStart.After(s.Asked) {
		s.Asked = k.CompleteStart
		if s.Seen.Before(s.Asked) {
			s.Seen = s.Asked
		}
	}
	return s
}

// MoveFromDetails records that the job's details, received at this time, show it in
// another state. Details are no sighting in a listing, so the listed word and the
// time of the request stay.
func (k *Known) MoveFromDetails(e KnownJob, state State, raw string, at time.Time) {
	last := k.LastSighting(e)
	k.alterVariant(e, func(v *variant) { v.word = k.variants.words.number(word{state, raw}) })
	e.Mark(e.Gone(), false)
	*e.sighting() = k.Saw(Sighting{last.Asked, at})
}

// Miss records that a complete listing, read at this time, lacks the job, and
// returns the job's last sighting. The job gets that sighting as its own, because
// the listing that is about to become the newest complete one did not have it.
func (k *Known) Miss(e KnownJob, at time.Time) Sighting {
	if e.Misses() == 0 && at.After(k.NewestMiss) {
		k.NewestMiss = at
	}
	last := k.LastSighting(e)
	if m := (sighting{Millis(last.Asked), Millis(last.Seen)}); m != *k.pages.at(int(*e.sighting())) {
		if m != *k.pages.at(k.pages.length - 1) {
			k.Saw(last)
		}
		*e.sighting() = uint32(k.pages.length - 1)
	}
	if e.Misses() < math.MaxUint8 {
		e.SetMisses(e.Misses() + 1)
	}
	return last
}

// Job returns the job's state and collection.
func (k *Known) Job(e KnownJob) Job { return k.variants.job(*e.variant() >> markBits) }

// Remember sets the job's state, collection and quiet fields from j, and j's raw
// state as the word of the list.
func (k *Known) Remember(e KnownJob, j *Job) {
	k.alterVariant(e, func(v *variant) {
		described := v.described
		*v = k.variants.variant(j)
		v.described = described
	})
}

func (e KnownJob) setVariant(n uint32) { *e.variant() = n<<markBits | *e.variant()&marks }

// SameQuietly reports whether progress, reason and extra are unchanged. A pruned job
// has none to compare.
func (k *Known) SameQuietly(e KnownJob, j *Job) bool {
	return e.Pruned() || k.variants.of(*e.variant()>>markBits).quiet == k.variants.quiet(j)
}

// Tidy drops page and variant entries that no job refers to, once there are many.
// Page numbers that Saw gave before are invalid then, so no listing may be under way.
func (k *Known) Tidy() {
	if k.pages.length+k.variants.list.length-k.tidied < 64+k.jobs/16 {
		return
	}
	pages, variants := k.pages, k.variants
	k.pages, k.variants = list[sighting]{}, newVariants(k.variants.seed)
	k.pages.add(sighting{})
	page := renumbering(&pages, func(s sighting) uint32 { k.pages.add(s); return uint32(k.pages.length - 1) })
	variant := renumbering(&variants.list, func(v variant) uint32 { return k.variants.take(variants, v) })
	for i := range k.ids.length {
		if s := k.sightings.at(i); *s != 0 {
			*s = page(*s)
		}
		v := k.variantOf.at(i)
		*v = variant(*v>>markBits)<<markBits | *v&marks
	}
	k.noteTidy()
}

func (k *Known) noteTidy() { k.tidied = k.pages.length + k.variants.list.length }

// renumbering maps places in one list to places in another. The first call for a
// place puts its value there.
func renumbering[T any](from *list[T], put func(T) uint32) func(place uint32) uint32 {
	places := make([]uint32, from.length) // plus one
	return func(place uint32) uint32 {
		if places[place] == 0 {
			places[place] = put(*from.at(int(place))) + 1
		}
		return places[place] - 1
	}
}
