// Package fleet judges how the clusters of an archive stand, and puts those in
// trouble first. It knows neither queries nor markup: package page reads what
// a [Cluster] needs and draws what [InTrouble] returns.
package fleet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"importarchive/report"
)

// Cluster is what the archive knows of how a cluster stands.
type Cluster struct {
	Name      string
	Freshness string  // fresh, stale or never
	Age       float64 // seconds since the newest conclusive run
	Failures  int64   // runs in a row that were neither complete nor quick

	// Of the newest run that ended.
	Outcome, ErrorKind, Error string
	Rejected                  int64 // records that could not be archived
	Denied                    int64 // jobs that its listing lacked and that the service still knows

	Retention string // the verdict of the report retention
}

// Trouble is what is wrong with a cluster: in one word, and in a sentence
// without its end.
type Trouble struct {
	Name, Word, Says string
	Bad              bool // ends of jobs are missed by it; else it is only odd
	rank             int
	weight           float64 // the larger one is worse, within a rank
}

// InTrouble returns the clusters that need attention, the worst first: those of
// which nothing is known, those that were not read for longest, those whose runs
// fail, those whose jobs leave before a run sees them end, and those whose lists
// are not whole.
func InTrouble(all []Cluster) []Trouble {
	var found []Trouble
	for i := range all {
		if t, wrong := all[i].trouble(); wrong {
			t.Name = all[i].Name
			found = append(found, t)
		}
	}
	slices.SortStableFunc(found, func(a, b Trouble) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(b.weight, a.weight), cmp.Compare(a.Name, b.Name))
	})
	return found
}

func (cl *Cluster) trouble() (Trouble, bool) {
	switch {
	case cl.Freshness == "never":
		says := "no run has been conclusive yet" + cl.failing()
		if cl.Failures > 1 {
			says = strings.TrimPrefix(cl.failing(), ": ")
		}
		return Trouble{Word: "never read", Says: says, Bad: true, rank: 0, weight: float64(cl.Failures)}, true
	case cl.Freshness == "stale":
		return Trouble{Word: "stale", Says: "not read for " + report.Span(report.Seconds(cl.Age)) + cl.failing(), Bad: true, rank: 1, weight: cl.Age}, true
	case cl.Failures > 0:
		return Trouble{Word: "failing", Says: strings.TrimPrefix(cl.failing(), ": "), Bad: true, rank: 2, weight: float64(cl.Failures)}, true
	case strings.HasPrefix(cl.Retention, "too slow"):
		return Trouble{Word: "too slow", Says: "its jobs leave the list before a run sees how they end", Bad: true, rank: 3}, true
	case cl.Denied > 0:
		return Trouble{Word: "hiding jobs", Says: "its list lacks " + report.Counted(cl.Denied, "job") + " that the service still knows", rank: 4, weight: float64(cl.Denied)}, true
	case cl.Rejected > 0:
		return Trouble{Word: "with rejects", Says: report.Counted(cl.Rejected, "record") + " of its list can't be archived", rank: 5, weight: float64(cl.Rejected)}, true
	}
	return Trouble{}, false
}

// longest is how many characters of an error a sentence has.
const longest = 120

// failing describes the runs that failed, after a colon, or is "" where the newest
// run was conclusive.
func (cl *Cluster) failing() string {
	if cl.Failures == 0 {
		return ""
	}
	said := ": the newest run " + map[string]string{"failed": "failed", "partial": "was partial", "interrupted": "was interrupted"}[cl.Outcome]
	if cl.Failures > 1 {
		said = fmt.Sprintf(": none of the newest %s runs was conclusive", report.Grouped(cl.Failures))
	}
	reason := strings.Join(strings.Fields(cl.Error), " ")
	if runes := []rune(reason); len(runes) > longest {
		reason = string(runes[:longest-1]) + "…"
	}
	switch {
	case cl.ErrorKind != "" && reason != "" && !strings.Contains(reason, cl.ErrorKind+":"): // most errors name their kind
		return said + " (" + cl.ErrorKind + ": " + reason + ")"
	case cl.ErrorKind+reason != "":
		return said + " (" + cmp.Or(reason, cl.ErrorKind) + ")"
	}
	return said
}

// Summary counts the clusters in trouble by their words: "2 stale, 1 failing".
func Summary(found []Trouble) string {
	var parts []string
	for rest := found; len(rest) > 0; {
		n := slices.IndexFunc(rest, func(t Trouble) bool { return t.Word != rest[0].Word })
		if n < 0 {
			n = len(rest)
		}
		parts = append(parts, report.Grouped(int64(n))+" "+rest[0].Word)
		rest = rest[n:]
	}
	return strings.Join(parts, ", ")
}
