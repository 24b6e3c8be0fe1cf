package report

import "testing"

func TestCountsAreGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0 jobs", 1: "1 job", 999: "999 jobs", 1234: "1,234 jobs", -1234567: "-1,234,567 jobs"} {
		if got := Counted(n, "job"); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestNoRateIsRoundedUpToAll(t *testing.T) {
	for percent, want := range map[float64]string{100: "100", 99.99: "99.9", 99.94: "99.9", 0: "0", 66.666: "66.7"} {
		if got := Rounded(percent); got != want {
			t.Errorf("%v: %s, want %s", percent, got, want)
		}
	}
}
