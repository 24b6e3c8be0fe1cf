package queries_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"importarchive/queries"
	"importarchive/report"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// Each report is here once as a table, and two of them in every format: failures
// has texts that need quoting, and timeline has NULLs. That the values are right
// in all formats follows from other tests: the shell gives the same JSON
// ([TestReportsAsJSONAreWhatTheShellSays]), and package report tests every kind of
// value in every format.
func TestReportsAreWrittenAsTheyWere(t *testing.T) {
	t.Parallel()
	reader := openReader(t, longAgo(t))
	reports := queries.Reports()
	for _, q := range reports {
		given := map[string]any{}
		for _, p := range q.Parameters {
			if p.Required || slices.Contains([]string{"days", "from", "to"}, p.Name) {
				given[p.Name] = values[p.Name]
			}
		}
		for _, f := range report.Formats() {
			if f.Name != "table" && q.Name != "failures" && q.Name != "timeline" {
				continue
			}
			table, err := report.Saved(t.Context(), reader, q, given)
			if err != nil {
				t.Fatal(err)
			}
			columns := slices.DeleteFunc(slices.Clone(table.Columns), func(c string) bool { return slices.Contains(ofNow[q.Name], c) })
			golden(t, q.Name+"."+f.Name, writtenAs(t, f.Name, table.Pick(columns...)))
		}
	}
}

// golden compares a text with a file of testdata/reports.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "reports", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
