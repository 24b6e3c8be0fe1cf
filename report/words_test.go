package report

import "testing"

func TestSpansAreSaidInTwoUnits(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "0 s", 0.04: "0 s", 0.25: "0.3 s", 59.9: "59.9 s", 59.96: "1 min", 60: "1 min", 100: "1 min 40 s", 3599.9: "1 h", 3600: "1 h",
		12000: "3 h 20 min", 86399: "1 d", 86400: "1 d", 100000: "1 d 4 h", 8640000: "100 d",
	} {
		if got := Span(seconds); got != want {
			t.Errorf("%v: %s, want %s", seconds, got, want)
		}
	}
	for want, got := range map[string]string{
		"at least 1 min": Bounds(60, 0, false), "up to 1 min": Bounds(0, 60, true), "1 min": Bounds(60, 60.1, true), "1 min to 1 h": Bounds(60, 3600, true),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
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
