package db_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"importarchive/db"
)

// remembered is what Known must remember of a job, in the plainest form.
type remembered struct {
	job    db.Job
	seq    uint32
	misses int
	last   db.Sighting
}

func TestKnownRemembersWhatAPlainMapRemembers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k, plain := db.NewKnown(), map[string]*remembered{}
		now := time.Unix(1_000_000, 0).UTC()
		var page uint32
		var s db.Sighting
		read := func() {
			s = db.Sighting{Asked: now, Seen: now.Add(time.Second)}
			now = s.Seen
			page = k.Saw(s)
		}
		read()
		job := rapid.Custom(func(rt *rapid.T) db.Job {
			return db.Job{
				State:      rapid.SampledFrom(db.States[:]).Draw(rt, "state"),
				RawState:   rapid.StringN(0, 3, -1).Draw(rt, "raw"),
				Collection: rapid.StringN(0, 3, -1).Draw(rt, "collection"),
				Reason:     rapid.StringN(0, 2, -1).Draw(rt, "reason"),
			}
		})
		anID := rapid.StringMatching(`[a-d]{0,3}`)
		rt.Repeat(map[string]func(*rapid.T){
			"another page": func(*rapid.T) { read() },
			"a listing was complete": func(*rapid.T) {
				for id, j := range plain {
					e := k.Find(id)
					if e.SeenSince(page) {
						continue
					}
					if got := k.Miss(e); got != j.last {
						rt.Fatalf("%q was last seen %v, want %v", id, got, j.last)
					}
					j.misses = min(j.misses+1, 255)
				}
				k.CompleteStart = s.Asked
			},
			"add or see": func(rt *rapid.T) {
				id, now := anID.Draw(rt, "id"), job.Draw(rt, "job")
				e, was := k.Find(id), plain[id]
				if (e == nil) != (was == nil) {
					rt.Fatalf("%q is known: %v", id, e != nil)
				}
				if e == nil {
					e, was = k.Add(id), &remembered{seq: uint32(len(plain)) + 1}
					plain[id] = was
				}
				k.Remember(e, &now)
				e.See(page)
				was.job, was.misses, was.last = now, 0, s
			},
			"": func(rt *rapid.T) {
				if k.Len() != len(plain) {
					rt.Fatalf("%d jobs, want %d", k.Len(), len(plain))
				}
				for id, want := range plain {
					e := k.Find(id)
					got := k.Job(e)
					if e.Seq != want.seq || int(e.Misses) != want.misses || got.State != want.job.State ||
						got.RawState != want.job.RawState || got.Collection != want.job.Collection || !k.SameQuietly(e, &want.job) {
						rt.Fatalf("%q is %+v %+v, want %+v", id, *e, got, want)
					}
				}
			},
		})
	})
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
		if e := k.Find(fmt.Sprint("job-", i)); e == nil || e.Seq != uint32(i)+1 {
			t.Fatalf("job %d is found as %+v", i, e)
		}
	}
	if k.Find("job-") != nil {
		t.Error("a job that was never added is found")
	}
	n := uint32(0)
	for e := range k.All() {
		if n++; e.Seq != n {
			t.Fatalf("job %d comes as number %d", e.Seq, n)
		}
	}
}

func TestProgressReasonAndExtraAreToldApart(t *testing.T) {
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
	if s := k.Miss(e); !s.Asked.Equal(at(10)) {
		t.Errorf("missed after it was last seen %v", s)
	}
	k.CompleteStart = at(20) // the listing that did not have it
	if s := k.LastSighting(e); !s.Asked.Equal(at(10)) {
		t.Errorf("the listing that missed it became its last sighting: %v", s)
	}
	e.See(k.Saw(db.Sighting{Asked: at(21), Seen: at(22)}))
	if s := k.LastSighting(e); !s.Asked.Equal(at(21)) || e.Misses != 0 {
		t.Errorf("seen again: %v, %d misses", s, e.Misses)
	}
}
