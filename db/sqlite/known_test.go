package sqlite_test

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"importarchive/db"
	"importarchive/db/dbtest"
)

// remembered is what Known must remember of a job, in the plainest form.
type remembered struct {
	job          db.Job
	seq          uint32
	misses       int
	gone, pruned bool
	last         db.Sighting
}

// plainMemory does what Known does, with a map.
type plainMemory struct {
	known *db.Known
	jobs  map[string]*remembered
	now   time.Time
	page  uint32
	first uint32 // page of the listing that goes on
	start time.Time
	at    db.Sighting
}

func (m *plainMemory) read() {
	m.at = db.Sighting{Asked: m.now, Seen: m.now.Add(time.Second)}
	m.now = m.at.Seen
	m.page = m.known.Saw(m.at)
}

// conclude ends a listing, as one that was complete.
func (m *plainMemory) conclude(rt *rapid.T) {
	for id, j := range m.jobs {
		e := m.known.Find(id)
		if e.Gone() || e.SeenSince(m.first) {
			continue
		}
		if got := m.known.Miss(e, time.Time{}); got != j.last {
			rt.Fatalf("%q was last seen %v, want %v", id, got, j.last)
		}
		if j.misses = min(j.misses+1, 255); j.misses > 1 {
			e.Mark(true, false)
			j.gone, j.pruned = true, false
		}
	}
	m.known.CompleteStart = m.start
	m.next()
}

// next begins another listing.
func (m *plainMemory) next() {
	m.known.Tidy()
	m.read()
	m.first, m.start = m.page, m.at.Asked
}

func (m *plainMemory) see(rt *rapid.T, id string, now db.Job) {
	e, was := m.known.Find(id), m.jobs[id]
	if (e.Seq == 0) != (was == nil) {
		rt.Fatalf("%q is known: %v", id, e.Seq)
	}
	if was == nil {
		e, was = m.known.Add(id), &remembered{seq: uint32(len(m.jobs)) + 1}
		m.jobs[id] = was
	}
	m.known.Remember(e, &now)
	e.See(m.page)
	e.Mark(false, was.pruned)
	was.job, was.misses, was.gone, was.last = now, 0, false, m.at
}

// tell is between two listings.
func (m *plainMemory) tell(id string, now db.Job) {
	defer m.next()
	e, was := m.known.Find(id), m.jobs[id]
	if was == nil {
		return
	}
	m.now = m.now.Add(time.Second)
	m.known.MoveFromDetails(e, now.State, now.RawState, m.now)
	was.job.State, was.job.RawState, was.pruned, was.last.Seen = now.State, now.RawState, false, m.now
}

func (m *plainMemory) prune(id string) {
	if was := m.jobs[id]; was != nil {
		was.pruned = true
		e := m.known.Find(id)
		e.Mark(e.Gone(), true)
	}
}

func (m *plainMemory) compare(rt *rapid.T) {
	if m.known.Len() != len(m.jobs) {
		rt.Fatalf("%d jobs, want %d", m.known.Len(), len(m.jobs))
	}
	for id, want := range m.jobs {
		e := m.known.Find(id)
		got, last := m.known.Job(e), m.known.LastSighting(e)
		if e.Seq != want.seq || int(e.Misses()) != want.misses || e.Gone() != want.gone || e.Pruned() != want.pruned ||
			got.State != want.job.State || got.RawState != want.job.RawState || got.Collection != want.job.Collection ||
			!m.known.SameQuietly(e, &want.job) || last != want.last {
			rt.Fatalf("%q is %d, missed %d times, %+v, last seen %v; want %+v", id, e.Seq, e.Misses(), got, last, want)
		}
		if other := want.job; !want.pruned {
			if other.Reason += "!"; m.known.SameQuietly(e, &other) {
				rt.Fatalf("%q has another reason unnoticed", id)
			}
		}
	}
}

func TestKnownRemembersWhatAPlainMapRemembers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &plainMemory{known: db.NewKnown(), jobs: map[string]*remembered{}, now: time.Unix(1_000_000, 0).UTC()}
		m.next()
		job := rapid.Custom(func(rt *rapid.T) db.Job {
			j := db.Job{
				State:      rapid.SampledFrom(db.States[:]).Draw(rt, "state"),
				RawState:   rapid.StringN(0, 3, -1).Draw(rt, "raw"),
				Collection: rapid.StringN(0, 3, -1).Draw(rt, "collection"),
				Reason:     rapid.StringN(0, 2, -1).Draw(rt, "reason"),
				Extra:      rapid.StringN(0, 1, -1).Draw(rt, "extra"),
			}
			if rapid.Bool().Draw(rt, "has progress") {
				j.Progress = rapid.Ptr(rapid.Float64Range(0, 100), false).Draw(rt, "progress")
			}
			return j
		})
		anID := rapid.StringMatching(`[a-d]{0,3}`)
		rt.Repeat(map[string]func(*rapid.T){
			"another page":          func(*rapid.T) { m.read() },
			"a listing is complete": m.conclude,
			"a listing breaks off":  func(*rapid.T) { m.next() },
			"a listing of 100 pages": func(*rapid.T) { // more than are left when it is tidied
				for range 100 {
					m.read()
				}
				m.next()
			},
			"add or see": func(rt *rapid.T) { m.see(rt, anID.Draw(rt, "id"), job.Draw(rt, "job")) },
			"tell":       func(rt *rapid.T) { m.tell(anID.Draw(rt, "id"), job.Draw(rt, "job")) },
			"prune":      func(rt *rapid.T) { m.prune(anID.Draw(rt, "id")) },
			"":           m.compare,
		})
	})
}

func TestMissesAreCountedAsFarAsAByteHasRoom(t *testing.T) {
	k := db.NewKnown()
	e := k.Add("a")
	k.Remember(e, &db.Job{State: db.Running})
	for i := range 300 {
		k.Miss(e, time.Time{})
		if want := min(i+1, 255); int(e.Misses()) != want || e.Gone() || k.Job(e).State != db.Running {
			t.Fatalf("missed %d times: %d, %v", i+1, e.Misses(), e.Gone())
		}
	}
	if e.See(k.Saw(db.Sighting{})); e.Misses() != 0 {
		t.Errorf("seen again, and missed %d times", e.Misses())
	}
}

// TestNothingOfOneJobShowsInAnother: each of thousands has words, a
// collection, texts and marks of its own, and all are there after tidying.
func TestNothingOfOneJobShowsInAnother(t *testing.T) {
	t.Parallel()
	k, many := db.NewKnown(), 70_000 // more than two bytes can number
	job := func(i int) *db.Job {
		progress := float64(i)
		return &db.Job{State: db.States[i%len(db.States)], RawState: fmt.Sprint("w", i), Collection: fmt.Sprint("c", i), Reason: fmt.Sprint("r", i), Progress: &progress}
	}
	at := func(i int) db.Sighting {
		asked := time.UnixMilli(int64(i) * 1000).UTC()
		return db.Sighting{Asked: asked, Seen: asked.Add(time.Second)}
	}
	for round := range 2 { // in the second all have another variant, and the first is dropped
		for i := 1; i <= many; i++ {
			e := k.Find(fmt.Sprint("job-", i))
			if round == 0 {
				e = k.Add(fmt.Sprint("job-", i))
			}
			k.Remember(e, job(i+round))
			e.See(k.Saw(at(i + round)))
			e.SetMisses(uint8(i % 256))
			e.Mark(i%2 == 0, i%3 == 0)
		}
		k.Tidy()
	}
	for i := 1; i <= many; i++ {
		e, want := k.Find(fmt.Sprint("job-", i)), job(i+1)
		got := k.Job(e)
		if got.State != want.State || got.RawState != want.RawState || got.Collection != want.Collection || !k.SameQuietly(e, want) ||
			k.LastSighting(e) != at(i+1) || int(e.Misses()) != i%256 || e.Gone() != (i%2 == 0) || e.Pruned() != (i%3 == 0) {
			t.Fatalf("job %d: %+v", i, got)
		}
	}
}

// base is what memory takes however few jobs are known.
const base = 64 << 10

// TestAJobTakesFewBytes: a list of jobs that have ended, as it is loaded and as it grows.
func TestAJobTakesFewBytes(t *testing.T) {
	for _, jobs := range []int{20_000, 300_000} {
		for name, load := range map[string]func(int) *db.Known{
			"loaded": db.NewKnownFor, "grown": func(int) *db.Known { return db.NewKnown() },
		} {
			began := allocated()
			k := load(jobs)
			for i := range jobs {
				e := k.Add(strconv.Itoa(i))
				k.Remember(e, &db.Job{State: db.Completed, Collection: strconv.Itoa(i % 10)})
			}
			each := (float64(allocated()-began) - base) / float64(jobs)
			t.Logf("%d jobs, %s: %.1f bytes each", jobs, name, each)
			if each > 32 {
				t.Errorf("each of %d jobs, %s, takes %.1f bytes", jobs, name, each)
			}
			runtime.KeepAlive(k)
		}
	}
}

func allocated() uint64 {
	runtime.GC()
	runtime.GC() // what tests before left in pools goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestKnownFindsEveryOneOfManyJobs(t *testing.T) {
	k := db.NewKnown()
	const many = 20_000 // several chunks, and an index that has grown
	for i := range many {
		if e := k.Add(fmt.Sprint("job-", i)); e.Seq != uint32(i)+1 {
			t.Fatalf("job %d has number %d", i, e.Seq)
		}
	}
	for i := range many {
		if e := k.Find(fmt.Sprint("job-", i)); e.Seq != uint32(i)+1 {
			t.Fatalf("job %d is found as %+v", i, e)
		}
	}
	if k.Find("job-").Seq != 0 {
		t.Error("a job that was never added is found")
	}
	n := uint32(0)
	for e := range k.All() {
		if n++; e.Seq != n {
			t.Fatalf("job %d comes as number %d", e.Seq, n)
		}
	}
}

func TestProgressReasonAndExtraAreDistinguished(t *testing.T) {
	half, none := 50.0, 0.0
	jobs := []db.Job{
		{},
		{Progress: &half},
		{Progress: &none},
		{Reason: "x"},
		{Extra: "x"},
		{Reason: "x", Extra: "x"},
		{Reason: "xx"},
	}
	for i := range jobs {
		k := db.NewKnown()
		e := k.Add("a")
		k.Remember(e, &jobs[i])
		for j := range jobs {
			if k.SameQuietly(e, &jobs[j]) != (i == j) {
				t.Errorf("%+v and %+v: same is %v", jobs[i], jobs[j], i != j)
			}
		}
	}
}

func TestTheCompleteListingIsTheLastSightingOfWhatItLeftUnchanged(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 5, 1, 12, minute, 0, 0, time.UTC) }
	k := db.NewKnown()
	e := k.Add("a")
	e.See(k.Saw(db.Sighting{Asked: at(1), Seen: at(2)}))
	k.CompleteStart = at(10)
	if s := k.LastSighting(e); !s.Asked.Equal(at(10)) || s.Seen.Before(s.Asked) {
		t.Errorf("last seen %v", s)
	}
	if s := k.Miss(e, time.Time{}); !s.Asked.Equal(at(10)) {
		t.Errorf("missed after it was last seen %v", s)
	}
	k.CompleteStart = at(20) // the listing that did not have it
	if s := k.LastSighting(e); !s.Asked.Equal(at(10)) {
		t.Errorf("the listing that missed it became its last sighting: %v", s)
	}
	e.See(k.Saw(db.Sighting{Asked: at(21), Seen: at(22)}))
	if s := k.LastSighting(e); !s.Asked.Equal(at(21)) || e.Misses() != 0 {
		t.Errorf("seen again: %v, %d misses", s, e.Misses())
	}
}

func BenchmarkFind(b *testing.B) {
	const jobs = 1_000_000
	k, ids := db.NewKnownFor(jobs), make([]string, jobs)
	for i := range jobs {
		ids[i] = fmt.Sprint("job-0123456789abcdef", i)
		k.Add(ids[i])
	}
	for name, place := range map[string]func(int) int{
		"in order": func(i int) int { return i }, "shuffled": func(i int) int { return i * 7_368_787 % jobs },
	} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if k.Find(ids[place(i%jobs)]).Seq == 0 {
					b.Fatal("lost")
				}
			}
		})
	}
}

// A number without a job may have belonged to one that is gone from the table.
func TestNoJobGetsANumberThatWasLeftOut(t *testing.T) {
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	s.Lists(dbtest.Listed("x", db.Running), dbtest.Listed("y", db.Running))
	first := uint32(3)
	for _, left := range []int{3, 10_000} { // more than the index has room for
		if _, err := st.Writer.Exec(`UPDATE archive_clusters SET next_seq = next_seq + ?`, left); err != nil {
			t.Fatal(err)
		}
		k, err := st.Known(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		before, known := k.Len(), []uint32{}
		first += uint32(left)
		if e := k.Add("z"); e.Seq != first || k.Find("z").Seq != e.Seq || k.Find("y").Seq != 2 {
			t.Errorf("after %d left out z has number %d, y %d", left, e.Seq, k.Find("y").Seq)
		}
		for e := range k.All() {
			known = append(known, e.Seq)
		}
		if k.Len() != before+1 || len(known) != k.Len() {
			t.Errorf("%d jobs, all are %v", k.Len(), known)
		}
		k.Tidy()
	}
}
