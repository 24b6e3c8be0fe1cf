package prune

import (
	"maps"
	"slices"
	"strings"

	"importarchive/db"
)

// ClockError says of which clusters a prune deletes nothing, because their ages can't
// be judged: a wrong clock would make everything old at once. Other clusters are not
// affected.
type ClockError struct {
	Doubts map[string]string // by cluster
}

func (e *ClockError) Error() string {
	var b strings.Builder
	for _, cluster := range slices.Sorted(maps.Keys(e.Doubts)) {
		b.WriteString("nothing of " + cluster + " is pruned, because its ages can't be judged: " + e.Doubts[cluster] + "; ")
	}
	return b.String() + db.MendClock
}

// judged returns the limits of the clusters whose ages can be judged, and a
// [*ClockError] for the others.
func judged(all []limits, doubts map[string]string) ([]limits, error) {
	if len(doubts) == 0 {
		return all, nil
	}
	all = slices.DeleteFunc(all, func(l limits) bool { return doubts[l.name] != "" })
	return all, &ClockError{doubts}
}
