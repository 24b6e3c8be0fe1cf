package cli

import (
	"slices"
	"strings"

	"importarchive/db"
	"importarchive/longtest"
)

// someStates are choices of the report as-of with states, and with what else
// decides on the way to them: every seventh, so that a few turns have all.
func someStates(turn int) (chosen []map[string]any) {
	var all []map[string]any
	for _, words := range append(stateWords(), "failed,lost", "cancelled,open", "completed,pending") {
		all = append(all,
			map[string]any{"state": words},
			map[string]any{"state": words, "gone": int64(1), "limit": int64(0)},
			map[string]any{"state": words, "gone": int64(1), "limit": int64(3)},
			map[string]any{"state": words, "gone": int64(1), "cluster": "b"},
			map[string]any{"state": words, "gone": int64(1), "collection": "films"},
		)
	}
	for i := turn % 7; i < len(all); i += 7 {
		chosen = append(chosen, all[i])
	}
	return chosen
}

// inTurn gives all choices in a long test, else every fourth of them: each turn
// has others.
func inTurn(turn int, all []map[string]any) (chosen []map[string]any) {
	for i, n := 0, longtest.Size(4, 1); i < len(all); i++ {
		if (i+turn)%n == 0 {
			chosen = append(chosen, all[i])
		}
	}
	return chosen
}

// inState says whether a row is in one of the states that were asked for.
func inState(given map[string]any, one row) bool {
	words, asked := given["state"].(string)
	if !asked {
		return true
	}
	state := one["state"].(string)
	return slices.ContainsFunc(strings.Split(words, ","), func(word string) bool {
		switch word {
		case "open", "lost":
			return !db.State(state).Terminal() && (one["gone_at"] != nil) == (word == "lost")
		}
		return word == state
	})
}
