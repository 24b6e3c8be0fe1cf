package remote

import (
	"net/http"
	"testing"
	"time"
)

func TestTheOffsetIsTheSmallestThatExplainsTheAnswer(t *testing.T) {
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	const year = 366 * 24 * time.Hour
	for _, row := range []struct {
		story       string
		date, age   string
		took        time.Duration
		known       bool
		want        time.Duration
		askedBefore time.Duration // noon
	}{
		{"no header", "", "", time.Second, false, 0, 0},
		{"not a date", "yesterday", "", time.Second, false, 0, 0},
		{"the same second", "Wed, 25 Nov 2026 12:00:00 GMT", "", 300 * time.Millisecond, true, 0, 0},
		{"the fraction of a second that Date drops", "Wed, 25 Nov 2026 11:59:59 GMT", "", 300 * time.Millisecond, true, 0, 0},
		{"a slow answer, dated when it was asked for", "Wed, 25 Nov 2026 12:00:00 GMT", "", 5 * time.Minute, true, 0, 0},
		{"a slow answer, dated when it was ready", "Wed, 25 Nov 2026 12:05:00 GMT", "", 5 * time.Minute, true, 0, 0},
		{"the service is two hours ahead", "Wed, 25 Nov 2026 14:00:00 GMT", "", time.Second, true, 2*time.Hour - time.Second, 0},
		{"the service is two hours behind", "Wed, 25 Nov 2026 10:00:00 GMT", "", time.Second, true, -2*time.Hour + time.Second, 0},
		{"our clock is 366 days ahead", "Wed, 25 Nov 2026 12:00:00 GMT", "", 0, true, -year + time.Second, -year},
		{"an answer that a cache had for an hour", "Wed, 25 Nov 2026 11:00:00 GMT", "3600", time.Second, true, 0, 0},
		{"an age that is none", "Wed, 25 Nov 2026 12:00:00 GMT", "-7", time.Second, true, 0, 0},
		{"an absurd age", "Wed, 25 Nov 2026 12:00:00 GMT", "99999999999999999999", time.Second, true, 0, 0},
	} {
		h := http.Header{}
		h.Set("Date", row.date)
		h.Set("Age", row.age)
		asked := noon.Add(-row.askedBefore)
		if got := clockOf(h, asked, asked.Add(row.took)); got != (Clock{row.known, row.want}) {
			t.Errorf("%s: %+v, want %v", row.story, got, row.want)
		}
	}
}

func TestTheNearestAnswerSaysWhetherTheClocksAgree(t *testing.T) {
	none, near, far := Clock{}, Clock{true, -time.Second}, Clock{true, time.Hour}
	for _, row := range []struct{ a, b, want Clock }{
		{none, none, none}, {none, far, far}, {far, none, far}, {far, near, near}, {near, far, near},
	} {
		if got := row.a.Nearer(row.b); got != row.want {
			t.Errorf("%v and %v: %v", row.a, row.b, got)
		}
	}
}
