package queries

import (
	"strings"
	"testing"
)

func TestEveryQuerySaysWhatItIs(t *testing.T) {
	for name, read := range map[string]func() ([]Query, error){"reports": Reports, "checks": Checks} {
		all, err := read()
		if err != nil || len(all) == 0 {
			t.Fatal(name, len(all), err)
		}
		for _, q := range all {
			if q.Title == "" || q.About == "" {
				t.Errorf("%s: the header has no title, or says not what for", q.Name)
			}
			if !strings.HasSuffix(strings.TrimSpace(q.SQL), ";") {
				t.Errorf("%s: the shell would wait for a semicolon", q.Name)
			}
			for _, p := range q.Parameters {
				if strings.Count(q.SQL, ":"+p.Name) < 2 {
					t.Errorf("%s: the header names :%s, the query doesn't", q.Name, p.Name)
				}
				if p.Default != "" && !strings.Contains(q.SQL, "coalesce(:"+p.Name+", "+p.Default+")") {
					t.Errorf("%s: the default of :%s is not %s", q.Name, p.Name, p.Default)
				}
			}
		}
	}
}

func TestAHeaderIsRead(t *testing.T) {
	q := parse("slow", "-- Slow jobs\n-- Those that took long.\n--\n-- :hours    6    how long\n-- :cluster    only this one\n\nSELECT 1; -- :not    3    a parameter\n")
	if q.Name != "slow" || q.Title != "Slow jobs" || q.About != "Those that took long." {
		t.Errorf("%+v", q)
	}
	want := []Parameter{{Name: "hours", Default: "6", About: "how long"}, {Name: "cluster", About: "only this one"}}
	if len(q.Parameters) != 2 || q.Parameters[0] != want[0] || q.Parameters[1] != want[1] {
		t.Errorf("parameters: %+v", q.Parameters)
	}
	if _, err := Report("fluffy"); err == nil {
		t.Error("there is a report fluffy")
	}
}
