package page

import (
	"strings"
	"testing"

	"importarchive/page/rowset"
)

func TestAPageTakesNoMoreRowsThanItHasRoomFor(t *testing.T) {
	g := rowset.Set{Names: []string{"reason"}}
	for range 100 {
		g.Rows = append(g.Rows, []any{strings.Repeat("x", clampText)})
	}
	s, fit := newTableWithin(&g, "", 10_000)
	if shown := strings.Count(string(s.Rows), "<tr>"); fit != shown || fit < 21 || fit > 25 {
		t.Errorf("%d rows, said to be %d", shown, fit)
	}
	if _, fit := newTableWithin(&g, "", 1<<30); fit != 100 {
		t.Errorf("%d rows", fit)
	}
}

func TestNoAddressIsTakenForAnother(t *testing.T) {
	for name, want := range map[string]string{
		"lab": "/clusters/lab", "a/b": "/clusters/a%2Fb", "?#&": "/clusters/%3F%23&", ".": "", "..": "", "...": "/clusters/...", "%2F": "/clusters/%252F", "作业": "/clusters/%E4%BD%9C%E4%B8%9A",
	} {
		if got := clusterPage(name); got != want {
			t.Errorf("%q is at %s, not %s", name, got, want)
		}
	}
	if got := jobPage("a&b", "../c?d=e#f"); got != "/job?cluster=a%26b&job=..%2Fc%3Fd%3De%23f" {
		t.Error(got)
	}
}
