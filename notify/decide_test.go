package notify

import (
	"strings"
	"testing"
	"time"

	"importarchive/db"
)

func TestWaitsDoubleUpToTenMinutesGiveOrTakeAHalf(t *testing.T) {
	t.Parallel()
	for failures, usual := range map[int]time.Duration{
		1: 5 * time.Second, 2: 10 * time.Second, 3: 20 * time.Second, 7: 320 * time.Second, 8: 10 * time.Minute, 1 << 40: 10 * time.Minute,
	} {
		least, mean, most := wait(failures, 0), wait(failures, 0.5), wait(failures, 1)
		if least != usual/2 || mean != usual || most != usual*3/2 {
			t.Errorf("after %d failures it waits %v, %v, %v, not about %v", failures, least, mean, most, usual)
		}
	}
}

func TestATimeHoldsUpUntilItComesUnlessItIsTooFarOff(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for until, want := range map[time.Duration]bool{
		-time.Hour: false, 0: false, time.Millisecond: true, time.Hour: true, time.Hour + time.Millisecond: false,
	} {
		if got := waits(now.Add(until), now, time.Hour); got != want {
			t.Errorf("a time %v off: %v", until, got)
		}
	}
	if waits(time.Time{}, now, time.Hour) {
		t.Error("the zero time holds up")
	}
}

func TestWhichTransitionsAreWorthANotice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		transition
		want Kind
	}{
		{transition{kind: db.Moved, from: db.Running, to: db.Failed}, Failed},
		{transition{kind: db.Moved, from: db.Failed, to: db.Failed}, ""}, // another word for it
		{transition{kind: db.Renamed, from: db.Failed, to: db.Failed}, ""},
		{transition{kind: db.Appeared, to: db.Failed, notBefore: time.Unix(1, 0)}, Failed},
		{transition{kind: db.Appeared, to: db.Failed}, ""}, // the first listing had it
		{transition{kind: db.Moved, from: db.Running, to: db.Completed}, ""},
		{transition{kind: db.Gone, from: db.Running}, Lost},
		{transition{kind: db.Gone, from: db.Unknown}, Lost},
		{transition{kind: db.Gone, from: db.Cancelled}, ""},
		{transition{kind: db.Returned, to: db.Failed}, Found},
	} {
		if got := c.notice(); got != c.want {
			t.Errorf("%s from %q to %q: %q, not %q", c.kind, c.from, c.to, got, c.want)
		}
	}
}

func TestAPostEndsBeforeItIsTooLargeOrMixesTriedAndNew(t *testing.T) {
	t.Parallel()
	half := strings.Repeat("x", bytesAtOnce/2)
	for name, c := range map[string]struct {
		all  []notice
		want int
	}{
		"nothing waits":         {nil, 0},
		"all fit":               {[]notice{{Facts: half}, {Facts: half}}, 2},
		"the third is too much": {[]notice{{Facts: half}, {Facts: half}, {Facts: "x"}}, 2},
		"one is too large":      {[]notice{{Facts: half + half + "x"}, {Facts: "x"}}, 1},
		"the last is new":       {[]notice{{Attempts: 2}, {Attempts: 2}, {}}, 2},
	} {
		if got := len(firstPost(c.all)); got != c.want {
			t.Errorf("%s: %d notices, not %d", name, got, c.want)
		}
	}
}
