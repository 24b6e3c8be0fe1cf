package notify

import (
	"testing"
	"time"
)

func TestNoticesAreOldOnlyByAClockThatIsRight(t *testing.T) {
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	at := func(all ...time.Duration) map[string]listing {
		listings := map[string]listing{"never": {}}
		for i, d := range all {
			listings[string('a'+rune(i))] = listing{Conclusive: noon.Add(d)}
		}
		return listings
	}
	const year = 366 * 24 * time.Hour
	for _, row := range []struct {
		story    string
		listings map[string]listing
		doubts   map[string]string
		want     time.Time
	}{
		{"now counts", at(0, -time.Hour), nil, noon.Add(-keptFor)},
		{"our clock is a year ahead of the newest listing", at(-year, -year-time.Hour), nil, noon.Add(-year - keptFor)},
		{"a listing was made by a clock that was ahead", at(year, -time.Minute), nil, noon.Add(-keptFor)},
		{"a clock is in doubt", at(0), map[string]string{"a": "ours is ahead"}, time.Time{}},
		{"another cluster's is", at(0), map[string]string{"gone": "a gap"}, time.Time{}},
		{"there was never a listing", at(), nil, time.Time{}.Add(-keptFor)},
	} {
		if got := oldFrom(noon, row.listings, row.doubts); !got.Equal(row.want) {
			t.Errorf("%s: from %v on, want %v", row.story, got, row.want)
		}
	}
}
