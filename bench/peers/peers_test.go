package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"importarchive/longtest"
)

// TestMain lets the test's own binary be what the bench starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if as := roles[os.Args[1]]; as != nil {
			exit(as(os.Args[2:]))
		}
	}
	os.Exit(m.Run())
}

// A bench that measures wrong work is worse than none. This test does everything at
// a small scale: it checks how many jobs each subject holds, and that each demand
// has a measurement. It does not check how long anything took.
func TestEverySubjectDoesItsWork(t *testing.T) {
	longtest.Only(t)
	t.Chdir("..")
	out := filepath.Join(t.TempDir(), "RESULTS.md")
	o := &options{jobs: 3_000, peerJobs: 1_500, clusters: 5, each: 250, great: 500, rounds: 1, syncs: 2, out: out}
	if err := measure(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	results, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	text := string(results)
	if _, said, left := strings.Cut(text, "is left out: "); left {
		said, _, _ = strings.Cut(said, "\n")
		if os.Getenv("CI") == "true" {
			t.Errorf("not installed: %s", said)
		}
		t.Logf("peers are left out, as these are not installed: %s", said)
	} else {
		for _, d := range demands {
			if !strings.Contains(text, "| "+d.what+" | ") {
				t.Errorf("%q was not measured", d.what)
			}
		}
	}
	for _, subject := range []string{"| fetch |", "| decode |", "| first |", "| unchanged |", "| warm |", "| changed |", "| naive Go |"} {
		if !strings.Contains(text, subject) {
			t.Errorf("%s is not among the results", subject)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestMedianAndGroups(t *testing.T) {
	r := &results{took: map[string][]taken{"a": {{seconds: 3}, {seconds: 1}, {seconds: 2}}, "b": {{seconds: 4}}}}
	if m, ok := r.median("a"); !ok || m.seconds != 2 {
		t.Errorf("the median is %v", m.seconds)
	}
	if times, ok := r.ratio("b", "a"); !ok || times != 2 {
		t.Errorf("the ratio is %v", times)
	}
	if _, ok := r.ratio("a", "c"); ok {
		t.Error("what was not measured has a ratio")
	}
	if got := grouped(1234567) + " " + grouped(12) + " " + grouped(1000); got != "1,234,567 12 1,000" {
		t.Errorf("grouped: %s", got)
	}
}
