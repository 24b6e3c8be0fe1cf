package cli

import (
	"slices"
	"testing"

	"importarchive/db"
	"importarchive/report"
)

// Package report may not ask the archive's package which words there are.
func TestReportsTakeTheArchivesWords(t *testing.T) {
	var states, outcomes []string
	for _, s := range db.States {
		states = append(states, string(s))
	}
	for _, o := range []db.Outcome{db.Complete, db.Partial, db.Failure, db.Interrupted} {
		outcomes = append(outcomes, string(o))
	}
	for parameter, want := range map[string][]string{"state": states, "outcome": outcomes} {
		got := slices.Sorted(slices.Values(report.WordsOf(parameter)))
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("--%s takes %v, the archive has %v", parameter, got, want)
		}
	}
}
