package report

import (
	"testing"
	"time"
)

func TestSpansAreShortAndNeverTooLong(t *testing.T) {
	for d, want := range map[time.Duration][2]string{
		-time.Second:                        {"0s", "0s"},
		0:                                   {"0s", "0s"},
		900 * time.Millisecond:              {"0s", "1s"},
		59*time.Second + 1:                  {"59s", "1m"},
		250 * time.Second:                   {"4m10s", "4m10s"},
		11*time.Minute + time.Second:        {"11m", "12m"},
		time.Hour:                           {"1h", "1h"},
		3*time.Hour + 12*time.Minute + 1:    {"3h12m", "3h13m"},
		52*time.Hour + 30*time.Minute:       {"2d4h", "2d5h"},
		400*24*time.Hour + 23*time.Hour + 1: {"400d23h", "401d"},
	} {
		if got := [2]string{Span(d), SpanUp(d)}; got != want {
			t.Errorf("%v: %v, want %v", d, got, want)
		}
	}
}

func TestBoundsStayBounds(t *testing.T) {
	s := func(x float64) *float64 { return &x }
	for _, x := range []struct {
		least, most *float64
		want        string
	}{
		{nil, nil, ""},
		{s(0), nil, ""},
		{s(61.5), nil, "over 1m1s"},
		{s(0), s(61.5), "under 1m2s"},
		{s(240), s(541), "4m to 9m1s"},
		{s(240), s(240), "4m"},
		{s(0.5), s(7200.1), "under 2h1m"},
	} {
		if got := Bounds(x.least, x.most); got != x.want {
			t.Errorf("%q, want %q", got, x.want)
		}
	}
}
