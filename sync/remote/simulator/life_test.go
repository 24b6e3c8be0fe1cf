package simulator_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"importarchive/sync/remote/simulator"
)

func TestLivesGoForwardAndEndByTheRules(t *testing.T) {
	at := clock{epoch.Add(20 * 24 * time.Hour)}
	for _, dialect := range dialects {
		c := lively(dialect)
		w := simulator.New(1, at.now, c)
		ended, n := map[string]int{}, 0
		rank := map[string]int{"pending": 0, "running": 1, "completed": 2, "failed": 2, "cancelled": 2}
		for _, l := range w.Truth(c.ID) {
			if l.Moments[0].Kind != "appeared" || l.Moments[0].State != "pending" {
				t.Fatalf("%s begins with %+v", l.ID, l.Moments[0])
			}
			if l.Moments[0].At.Before(epoch) {
				t.Errorf("%s was born too early", l.ID)
			}
			for i, m := range l.Moments[1:] {
				before := l.Moments[i]
				if m.At.Before(before.At) {
					t.Errorf("%s: %+v after %+v", l.ID, m, before)
				}
				if moved := m.Kind == "moved"; moved != (rank[m.State] > rank[before.State]) {
					t.Errorf("%s: %+v follows %+v", l.ID, m, before)
				}
				ended[m.Kind]++
			}
			ended[l.Moments[len(l.Moments)-1].State]++
			n++
		}
		share := func(of string) float64 { return float64(ended[of]) / float64(n) }
		want := map[string]float64{"completed": .68, "failed": .15, "cancelled": .10, "renamed": .10, "returned": .10}
		if dialect == "milvus-v2" { // it can't tell a cancelled job from a failed one
			want["failed"], want["cancelled"] = .25, 0
		}
		for of, want := range want {
			if got := share(of); got < want-.02 || got > want+.02 {
				t.Errorf("%s: %.3f of %d %s, want about %.2f", dialect, got, n, of, want)
			}
		}
	}
}

func TestFinishedJobsStayListedForKeepFor(t *testing.T) {
	at := clock{epoch.Add(30 * 24 * time.Hour)}
	c := lively("zilliz-v1")
	lost, left := 0, 0
	for _, l := range simulator.New(2, at.now, c).Truth(c.ID) {
		gone := slices.IndexFunc(l.Moments, func(m simulator.Moment) bool { return m.Kind == "gone" })
		if gone < 0 {
			continue
		}
		left++
		switch m := l.Moments[gone]; m.State {
		case "pending", "running":
			lost++
		default:
			end := slices.IndexFunc(l.Moments, func(k simulator.Moment) bool { return k.Kind == "moved" && k.State == m.State })
			if kept := m.At.Sub(l.Moments[end].At); kept != c.KeepFor {
				t.Errorf("%s was kept for %v", l.ID, kept)
			}
		}
	}
	if lost < left/40 || lost > left/10 {
		t.Errorf("%d of %d left unfinished", lost, left)
	}
}

func TestWithoutAKeepTimeNobodyLeaves(t *testing.T) {
	at := clock{epoch.Add(24 * time.Hour)}
	c := lively("zilliz-v2")
	c.KeepFor, c.LostShare = 0, 0
	w := simulator.New(2, at.now, c)
	if got, want := len(list(t, w, c, 100)), len(w.Truth(c.ID)); got != want {
		t.Errorf("%d of %d listed", got, want)
	}
}

// standing is how a life stands at a moment, by its truth alone.
func standing(l simulator.Life, at time.Time) (m simulator.Moment, listed bool) {
	for _, next := range l.Moments {
		if next.At.After(at) {
			break
		}
		m = next
		switch next.Kind {
		case "appeared", "returned":
			listed = true
		case "gone":
			listed = false
		}
	}
	return m, listed
}

func TestPagesShowTheTruth(t *testing.T) {
	seeds := uint64(12)
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		dice := rand.New(rand.NewPCG(seed, 0))
		c := lively(dialects[seed%3])
		c.Every = time.Duration(1+dice.IntN(10)) * time.Minute
		c.RunFor = time.Duration(1+dice.IntN(100)) * time.Minute
		c.KeepFor = time.Duration(1+dice.IntN(300)) * time.Minute
		c.LostShare, c.ReturnShare, c.RenameShare = dice.Float64()/3, dice.Float64(), dice.Float64()
		at := clock{epoch}
		w := simulator.New(seed, at.now, c)
		first, last := map[string]time.Time{}, map[string]time.Time{}
		for range 40 {
			at.advance(time.Duration(dice.Int64N(int64(time.Hour))))
			got := map[string]record{}
			for _, j := range list(t, w, c, 100) {
				got[j.JobID] = j
				if _, ok := first[j.JobID]; !ok {
					first[j.JobID] = at.t.Truncate(time.Millisecond)
				}
				last[j.JobID] = at.t.Truncate(time.Millisecond)
			}
			listed := 0
			for _, l := range w.Truth(c.ID) {
				m, is := standing(l, at.t)
				j, shown := got[l.ID]
				if is != shown {
					t.Fatalf("seed %d: %s: listed %v, shown %v", seed, l.ID, is, shown)
				}
				if !is {
					continue
				}
				listed++
				if j.State != m.RawState || j.CollectionName != m.Collection {
					t.Fatalf("seed %d: shown %+v, truth %+v", seed, j, m)
				}
				if j.Reason != nil && *j.Reason != m.Reason || j.Reason == nil && m.Reason != "" && c.Dialect != "zilliz-v1" {
					t.Fatalf("seed %d: reason %v, truth %q", seed, j.Reason, m.Reason)
				}
			}
			if listed != len(got) {
				t.Fatalf("seed %d: %d listed, %d shown", seed, listed, len(got))
			}
		}
		shown := w.Shown(c.ID)
		if len(shown) != len(first) {
			t.Fatalf("seed %d: %d sightings of %d jobs", seed, len(shown), len(first))
		}
		for id := range maps.Keys(first) {
			if s := shown[id]; !s.First.Equal(first[id]) || !s.Last.Equal(last[id]) || len(s.States) == 0 {
				t.Fatalf("seed %d: %s was shown from %v to %v: %+v", seed, id, first[id], last[id], s)
			}
		}
	}
}

func TestProgressIsWhatTheServicesSay(t *testing.T) {
	at := clock{epoch}
	c := lively("zilliz-v2")
	c.NeverEndsShare = .3
	w := simulator.New(9, at.now, c)
	stuck := map[string]int{}
	for range 100 {
		at.advance(5 * time.Minute)
		for _, j := range list(t, w, c, 100) {
			switch p := *j.Progress; j.State {
			case "Pending", "Failed", "Cancel":
				if p != 0 {
					t.Errorf("%s with progress %d", j.State, p)
				}
			case "Completed":
				if p != 100 {
					t.Errorf("%s with progress %d", j.State, p)
				}
			default:
				if p < stuck[j.JobID] || p > 99 {
					t.Errorf("progress %d after %d", p, stuck[j.JobID])
				}
				stuck[j.JobID] = p
			}
		}
	}
	if !slices.Contains(slices.Collect(maps.Values(stuck)), 80) {
		t.Error("no job is stuck at 80")
	}
}
