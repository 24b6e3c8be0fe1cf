package life

import (
	"fmt"
	"strings"
	"testing"

	_ "importarchive/longtest"
	"importarchive/page/rowset"
)

// The lane of a job's state is whole where the state is known, dotted where it
// changed, and ends with the last sighting.
func TestALifeIsDrawnAsFarAsItIsKnown(t *testing.T) {
	at := func(minute int) string { return fmt.Sprintf("2026-05-01 %02d:%02d:00.000", 10+minute/60, minute%60) }
	row := func(kind string, from, to any, after, by any) []any {
		stamp := func(v any) any {
			if minute, ok := v.(int); ok {
				return at(minute)
			}
			return nil
		}
		return []any{kind, from, to, "films", stamp(after), stamp(by), int64(1)}
	}
	for name, x := range map[string]struct {
		rows  [][]any
		state string
		seen  int
		want  string // of the state lane: kinds in order
		lanes int
	}{
		"a whole life": {
			[][]any{row("appeared", nil, "pending", 0, 10), row("moved", "pending", "running", 20, 30), row("moved", "running", "completed", 50, 60), row("gone", "completed", nil, 700, 710)},
			"completed", 700, "before pending before running before completed", 4,
		},
		"one that is open":       {[][]any{row("appeared", nil, "running", 0, 10)}, "running", 120, "before running", 1},
		"one that was there":     {[][]any{row("appeared", nil, "completed", nil, 10)}, "completed", 30, "before completed", 1},
		"one seen a single time": {[][]any{row("appeared", nil, "running", 0, 10)}, "running", 10, "before", 1},
		"one that is renamed": {
			[][]any{row("appeared", nil, "running", 0, 10), row("renamed", "running", "running", 20, 30)},
			"running", 40, "before running", 2,
		},
		"one that was lost": {
			[][]any{row("appeared", nil, "running", 0, 10), row("gone", "running", nil, 20, 40)},
			"running", 20, "before running before gone", 2,
		},
		"one that returned": {
			[][]any{row("appeared", nil, "failed", 0, 10), row("gone", "failed", nil, 20, 40), row("returned", nil, "failed", 50, 60), row("gone", "failed", nil, 500, 510)},
			"failed", 500, "before failed before gone before failed", 4,
		},
	} {
		history := rowset.Set{Names: strings.Fields("kind from_state to_state collection not_before observed_at run_id"), Rows: x.rows}
		jobs := rowset.Set{Names: []string{"last_state", "last_seen_at"}, Rows: [][]any{{x.state, at(x.seen)}}}
		c := Draw(&history, &jobs)
		var kinds []string
		end := 0.0
		for _, b := range c.Rows[0].Bars {
			kinds = append(kinds, b.Kind)
			var from, width float64
			if _, err := fmt.Sscanf(b.X+" "+b.Width, "%f%% %f%%", &from, &width); err != nil || from < end-0.05 || from+width > 100.02 {
				t.Errorf("%s: %s from %s, %s wide, after %v", name, b.Kind, b.X, b.Width, end)
			}
			end = from + width
		}
		if got := strings.Join(kinds, " "); got != x.want {
			t.Errorf("%s is drawn as %q, want %q", name, got, x.want)
		}
		if len(c.Rows) != x.lanes+1 || len(c.Ticks) < 2 || len(c.Ticks) > 8 {
			t.Errorf("%s: %d lanes, %d ticks", name, len(c.Rows), len(c.Ticks))
		}
	}
}
