package queries_test

import (
	"regexp"
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

// A reader learns from the description of a column which words to expect in it.
func TestDescriptionsNameEveryWordOfAKind(t *testing.T) {
	t.Parallel()
	reader := openReader(t, longAgo(t))
	for view, of := range map[string]struct{ table, column string }{
		"notices": {"notify_notices", "kind"}, "transitions": {"archive_transitions", "kind"}, "runs": {"archive_runs", "error_kind"},
	} {
		schema := allRows(t, reader, `SELECT sql FROM sqlite_schema WHERE name = '`+of.table+`'`)[0][0].(string)
		words := regexp.MustCompile(`\b`+of.column+` = '([a-z-]+)'`).FindAllStringSubmatch(schema, -1)
		if len(words) < 4 {
			t.Fatalf("the table %s has the words %v", of.table, words)
		}
		columns := queries.View(view).Columns
		about := columns[slices.IndexFunc(columns, func(c queries.Column) bool { return c.Name == of.column })].About
		for _, word := range words {
			if !regexp.MustCompile(`\b` + word[1] + `\b`).MatchString(about) {
				t.Errorf("%s.%s is described as %q, without %s", view, of.column, about, word[1])
			}
		}
	}
}
