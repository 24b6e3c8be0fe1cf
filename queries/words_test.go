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
	for table, column := range map[string]string{"notices": "kind", "transitions": "kind", "runs": "error_kind"} {
		schema := allRows(t, reader, `SELECT sql FROM sqlite_schema WHERE name = 'archive_`+table+`'`)[0][0].(string)
		words := regexp.MustCompile(`\b`+column+` = '([a-z-]+)'`).FindAllStringSubmatch(schema, -1)
		if len(words) < 4 {
			t.Fatalf("the table of %s has %v", table, words)
		}
		about := queries.View(table).Columns
		i := slices.IndexFunc(about, func(c queries.Column) bool { return c.Name == column })
		for _, word := range words {
			if !regexp.MustCompile(`\b` + word[1] + `\b`).MatchString(about[i].About) {
				t.Errorf("%s.%s is described as %q, without %s", table, column, about[i].About, word[1])
			}
		}
	}
}
