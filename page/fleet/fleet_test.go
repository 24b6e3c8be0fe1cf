package fleet

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	_ "importarchive/longtest"
)

func TestTheWorstClusterIsFirst(t *testing.T) {
	worst := []Cluster{
		{Name: "b", Freshness: "never", Failures: 9, Outcome: "failed", ErrorKind: "auth", Error: "page 1: auth: HTTP 401"},
		{Name: "c", Freshness: "never"},
		{Name: "z", Freshness: "stale", Age: 9000},
		{Name: "y", Freshness: "stale", Age: 8000, Failures: 1, Outcome: "partial", Error: "two\nlines " + strings.Repeat("long ", 40)},
		{Name: "x", Freshness: "fresh", Failures: 3, Outcome: "failed", ErrorKind: "unavailable"},
		{Name: "w", Freshness: "fresh", Failures: 1, Outcome: "interrupted"},
		{Name: "v", Freshness: "fresh", Retention: "too slow: every 5m"},
		{Name: "u", Freshness: "fresh", Denied: 2},
		{Name: "t", Freshness: "fresh", Rejected: 1},
	}
	says := []string{
		"never read b none of the newest 9 runs was conclusive (page 1: auth: HTTP 401)",
		"never read c no run has been conclusive yet",
		"stale z not read for 2h30m",
		"stale y not read for 2h13m: the newest run was partial (two lines " + strings.Repeat("long ", 40)[:longest-11] + "…)",
		"failing x none of the newest 3 runs was conclusive (unavailable)",
		"failing w the newest run was interrupted",
		"too slow v its jobs leave the list before a run sees how they end",
		"hiding jobs u its list lacks 2 jobs that the service still knows",
		"with rejects t 1 record of its list can't be archived",
	}
	all := append(slices.Clone(worst), Cluster{Name: "a", Freshness: "fresh", Retention: "ok"}, Cluster{Name: "d", Freshness: "fresh", Retention: "may be too slow"})
	for range 20 {
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		found := InTrouble(all)
		var got []string
		for _, f := range found {
			got = append(got, f.Word+" "+f.Name+" "+f.Says)
		}
		if !slices.Equal(got, says) {
			t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(says, "\n"))
		}
		if want := "2 never read, 2 stale, 2 failing, 1 too slow, 1 hiding jobs, 1 with rejects"; Summary(found) != want {
			t.Error(Summary(found))
		}
	}
	if got := InTrouble(nil); got != nil || Summary(nil) != "" {
		t.Error(got)
	}
}
