package db

import (
	"crypto/rand"
	"hash/maphash"
	"iter"
	"math"
	"time"
)

// Known is what must be remembered of a cluster's archive to decide what a
// listing changes: some 30 bytes a job, whatever its texts. The engine loads it
// from the archive once and keeps it in step while it decides; the generation
// says whether it is still what the archive holds. It is not safe for concurrent
// use.
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

	// NewestMiss is when the newest listing was read that was the first to lack
	// a job, of jobs that are not gone; zero where there is none.
	NewestMiss time.Time

	// Of the job with the number n, at n-1 of each list. Lists apart waste no
	// byte on alignment, and have nothing in them that the garbage collector
	// must scan. A number that no job has is left out: its id is zero.
	ids       list[[16]byte] // of a keyed hash: 128 bits, so that no job can hide behind another
	variantOf list[uint32]   // its number in variants, above the bits that are marks
	sightings list[uint32]   // where it was last seen, in pages
	misses    list[uint8]

	jobs  int
	index *index // of the ids
	key   [16]byte
	found uint32 // the place of the job that was found last

	variants *variants
	pages    list[sighting] // 0 is "in the newest complete listing"
	tidied   int            // how many pages and variants there were when it was last tidy
}

// KnownJob is one job of what is known.
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

// Sighting says when a page was asked for and when it had been received.
type Sighting struct{ Asked, Seen time.Time }

// sighting is a Sighting in milliseconds: gone jobs have one each.
type sighting struct{ asked, seen int64 }

func (s sighting) times() Sighting {
	if s == (sighting{}) {
		return Sighting{}
	}
	return Sighting{FromMillis(s.asked), FromMillis(s.seen)}
}

// NewKnown gives the memory of an empty cluster.
func NewKnown() *Known { return NewKnownFor(0) }

// NewKnownFor has room for so many jobs; they may become more.
func NewKnownFor(jobs int) *Known {
	k := &Known{index: newIndex(jobs), variants: newVariants(maphash.MakeSeed())}
	_, _ = rand.Read(k.key[:]) // crypto/rand.Read never fails
	k.pages.add(sighting{})
	k.noteTidy()
	return k
}

// Len is the number of jobs known.
func (k *Known) Len() int { return k.jobs }

// Find gives the job with this id, or one without a number.
func (k *Known) Find(id string) KnownJob {
	h := hash(k, id)
	is := func(place uint32) bool { return *k.ids.at(int(place)) == h }
	// Jobs are mostly listed in the order of their numbers, or against it, and
	// what stands beside the one found before is in the processor's cache.
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

// Add remembers a new job and gives it the next number.
func (k *Known) Add(id string) KnownJob {
	h := hash(k, id)
	place := k.leaveOut()
	*k.ids.at(int(place)) = h
	k.index.add(first64(&h), place, func(place uint32) uint64 { return first64(k.ids.at(int(place))) })
	k.jobs++
	return KnownJob{k, place + 1}
}

// leaveOut makes a place for the next number, without a job.
func (k *Known) leaveOut() (place uint32) {
	k.ids.add([16]byte{})
	k.variantOf.add(0)
	k.sightings.add(0)
	k.misses.add(0)
	return uint32(k.ids.length - 1)
}

// All gives every job known, in the order of their numbers.
func (k *Known) All() iter.Seq[KnownJob] {
	return func(yield func(KnownJob) bool) {
		for i := range k.ids.length {
			if *k.ids.at(i) != [16]byte{} && !yield(KnownJob{k, uint32(i) + 1}) {
				return
			}
		}
	}
}

// Saw notes a page that was read. [KnownJob.See] gives its number to the jobs on
// it. Numbers grow.
func (k *Known) Saw(s Sighting) (page uint32) {
	k.pages.add(sighting{Millis(s.Asked), Millis(s.Seen)})
	return uint32(k.pages.length - 1)
}

// See notes the page that a job was seen on.
func (e KnownJob) See(page uint32) {
	*e.sighting() = page
	e.SetMisses(0)
}

// SeenSince reports whether the job was seen on a page with this number or a
// later one.
func (e KnownJob) SeenSince(page uint32) bool { return *e.sighting() >= page }

// Misses is how many complete listings in a row were without it; 0 says that
// the newest one had it. It stays at 255.
func (e KnownJob) Misses() uint8 { return *e.known.misses.at(e.place()) }

// SetMisses sets that number alone.
func (e KnownJob) SetMisses(n uint8) { *e.known.misses.at(e.place()) = n }

// Gone reports whether the absence of the job was confirmed.
func (e KnownJob) Gone() bool { return *e.variant()&gone != 0 }

// Pruned reports whether the job's row is pruned; then its quiet fields are not
// known any more.
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

// LastSighting is the newest sighting of a job that is known of: of its own
// page, or of the newest complete listing if that had it and is later.
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

// MoveFromDetails notes that the job's details, received at this time, show it in
// another state. Details are no sighting in a listing, so what is known of the
// job's listing stays.
func (k *Known) MoveFromDetails(e KnownJob, state State, raw string, at time.Time) {
	last := k.LastSighting(e)
	k.alterVariant(e, func(v *variant) { v.word = k.variants.words.number(word{state, raw}) })
	e.Mark(e.Gone(), false)
	*e.sighting() = k.Saw(Sighting{last.Asked, at})
}

// Miss notes that a complete listing, read at this time, lacks the job, and gives
// the job's last sighting. From now on the job has that sighting as its own: the
// listing that is about to become the newest complete one did not see it.
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

// Job is the job's state and collection as they are remembered.
func (k *Known) Job(e KnownJob) Job { return k.variants.job(*e.variant() >> markBits) }

// Remember takes the job's state, collection and quiet fields from j, and j's raw
// state as the word that the list gives the job.
func (k *Known) Remember(e KnownJob, j *Job) {
	k.alterVariant(e, func(v *variant) {
		described := v.described
		*v = k.variants.variant(j)
		v.described = described
	})
}

func (e KnownJob) setVariant(n uint32) { *e.variant() = n<<markBits | *e.variant()&marks }

// SameQuietly reports whether progress, reason and extra are as remembered. A
// pruned job has none to compare.
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
