package queries

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "importarchive/longtest"
)

func TestEveryQuerySaysWhatItIs(t *testing.T) {
	for name, all := range map[string][]Query{"reports": Reports(), "views": Views(), "checks": Checks()} {
		if len(all) == 0 {
			t.Fatal("there are no", name)
		}
		for _, q := range all {
			if q.Title == "" || q.About == "" {
				t.Errorf("%s: the header has no title, or says not what for", q.Name)
			}
			if !strings.HasSuffix(strings.TrimSpace(q.SQL), ";") {
				t.Errorf("%s: the shell would wait for a semicolon", q.Name)
			}
		}
	}
}

// described returns the queries with a full header.
func described(t *testing.T) []Query {
	t.Helper()
	return append(append(Reports(), Views()...), Jobs())
}

// body returns the SQL without comments.
func body(q Query) string {
	return regexp.MustCompile(`--[^\n]*`).ReplaceAllString(q.SQL, "")
}

func TestHeadersNameJustTheParametersThatThereAre(t *testing.T) {
	known := []string{
		"cluster", "collection", "job", "since", "until", "days", "hours", "limit", "from", "to", "at", "state", "gone",
		"since_id", "changed_since",
	}
	for _, q := range described(t) {
		sql, named := body(q), []string{}
		for _, p := range q.Parameters {
			named = append(named, p.Name)
			if !slices.Contains(known, p.Name) {
				t.Errorf("%s: a parameter is named %s as in no other", q.Name, p.Name)
			}
			if !regexp.MustCompile(`:` + p.Name + `\b`).MatchString(sql) {
				t.Errorf("%s: the header names :%s, the query doesn't", q.Name, p.Name)
			}
			bare, quoted := "coalesce(:"+p.Name+", "+p.Default+")", "coalesce(:"+p.Name+", '"+p.Default+"')"
			if p.Default != "" && !strings.Contains(sql, bare) && !strings.Contains(sql, quoted) {
				t.Errorf("%s: the default of :%s is not %s", q.Name, p.Name, p.Default)
			}
		}
		for _, m := range regexp.MustCompile(`:([a-z_]+)`).FindAllStringSubmatch(sql, -1) {
			if !slices.Contains(named, m[1]) {
				t.Errorf("%s: the query has :%s, the header doesn't", q.Name, m[1])
			}
		}
	}
}

// A line with a mistake would be missing without an error.
func TestNoLineOfAHeaderIsLost(t *testing.T) {
	for _, q := range described(t) {
		header, _, _ := strings.Cut(q.SQL, "\n\n")
		lines := 0
		for _, line := range strings.Split(header, "\n") {
			if regexp.MustCompile(`^-- :?\w+ {2,}`).MatchString(line) {
				lines++
			}
		}
		if got := len(q.Parameters) + len(q.Columns); got != lines || len(q.Columns) == 0 {
			t.Errorf("%s: %d lines describe something, %d of them can be read", q.Name, lines, got)
		}
	}
}

// Two reports read more than that, and a migration must keep them: durations the
// months of the histogram, which no public view has, and throughput the private
// view that defines what a job adds to the loads.
func TestReportsReadPublicViews(t *testing.T) {
	for _, q := range described(t) {
		if strings.Contains(body(q), "archive_") && q.Name != "durations" && q.Name != "throughput" {
			t.Errorf("%s reads a table, which a migration may change", q.Name)
		}
		if !strings.Contains(body(q), "ORDER BY") {
			t.Errorf("%s has no order", q.Name)
		}
	}
}

func TestAHeaderIsRead(t *testing.T) {
	q := parse("slow", "-- Slow jobs\n-- Those that took long.\n--\n-- :hours    6    how long\n-- :job  required  which one\n"+
		"-- :cluster    only this one\n--\n-- job_id  text  the id\n-- gone_at  time?  when\n\nSELECT 1; -- :not    3    a parameter\n")
	if q.Name != "slow" || q.Title != "Slow jobs" || q.About != "Those that took long." {
		t.Errorf("%+v", q)
	}
	parameters := []Parameter{
		{Name: "hours", Default: "6", About: "how long"},
		{Name: "job", About: "which one", Required: true},
		{Name: "cluster", About: "only this one"},
	}
	if !slices.Equal(q.Parameters, parameters) {
		t.Errorf("parameters: %+v", q.Parameters)
	}
	if columns := []Column{{"job_id", Text, false, "the id"}, {"gone_at", Time, true, "when"}}; !slices.Equal(q.Columns, columns) {
		t.Errorf("columns: %+v", q.Columns)
	}
	defer func() {
		if recover() == nil {
			t.Error("there is a report fluffy")
		}
	}()
	Report("fluffy")
}
