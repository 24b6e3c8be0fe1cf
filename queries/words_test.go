package queries_test

import (
	"slices"
	"strings"
	"testing"

	"importarchive/db"
	"importarchive/queries"
	"importarchive/report"
)

// Package report may not import db, so it reads the words from the headers.
func TestReportsTakeTheArchivesWords(t *testing.T) {
	var states, outcomes []string
	for _, s := range db.States {
		states = append(states, string(s))
	}
	for _, o := range []db.Outcome{db.Complete, db.Quick, db.Partial, db.Failure, db.Interrupted} {
		outcomes = append(outcomes, string(o))
	}
	states = append(states, "open", "lost")
	for parameter, want := range map[string][]string{"state": states, "outcome": outcomes} {
		got := slices.Sorted(slices.Values(report.WordsOf(queries.Parameter{Name: parameter, About: strings.Join(states, ", ")})))
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("--%s takes %v, the archive has %v", parameter, got, want)
		}
	}
}
