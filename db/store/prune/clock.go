package prune

import (
	"maps"
	"slices"
	"strings"
	"time"

	"importarchive/db"
	"importarchive/db/store/clocks"
)

// ClockError says of which clusters a prune deletes nothing, because their ages can't
// be judged: a wrong clock would make everything old at once. Other clusters are not
// affected.
type ClockError struct {
	Doubts map[string]string // by cluster

	// Waits has the clusters whose doubt an outage may explain: listings must go on for
	// a while, and there is nothing to mend.
	Waits map[string]bool
}

func (e *ClockError) Error() string {
	var b strings.Builder
	for _, cluster := range slices.Sorted(maps.Keys(e.Doubts)) {
		b.WriteString("nothing of " + cluster + " is pruned, because its ages can't be judged: " + e.Doubts[cluster] + "; ")
	}
	return b.String() + db.MendClock
}

// SetAside takes out of an error of a prune the doubts that a person need not mend, as
// lines to note. These are doubts after an outage, and those about clusters that the
// settings don't sync: only a run can end a doubt, so these would fail every prune from
// now on. clock reports whether err was about clocks alone.
func SetAside(err error, synced []string) (notes []string, clock bool, rest error) {
	e, clock := err.(*ClockError) //nolint:errorlint // an error that wraps it says more than it
	if !clock {
		return nil, false, err
	}
	doubts := map[string]string{}
	for _, cluster := range slices.Sorted(maps.Keys(e.Doubts)) {
		note := "nothing of " + cluster + " is pruned, because its ages can't be judged: " + e.Doubts[cluster]
		switch {
		case !slices.Contains(synced, cluster):
			notes = append(notes, note+"; the settings don't sync it, so this stays until one more sync by a clock that is right")
		case e.Waits[cluster]:
			notes = append(notes, note+"; its ages count again after a day of listings without a gap")
		default:
			doubts[cluster] = e.Doubts[cluster]
		}
	}
	if len(doubts) > 0 {
		rest = &ClockError{Doubts: doubts}
	}
	return notes, true, rest
}

// judged returns the limits of the clusters whose ages can be judged, and a
// [*ClockError] for the others.
func judged(all []limits, known []db.Clocks, now time.Time) ([]limits, error) {
	e := &ClockError{clocks.Why(known), map[string]bool{}}
	if len(e.Doubts) == 0 {
		return all, nil
	}
	for i := range known {
		e.Waits[known[i].Cluster] = !known[i].Wrong(now)
	}
	all = slices.DeleteFunc(all, func(l limits) bool { return e.Doubts[l.name] != "" })
	return all, e
}
