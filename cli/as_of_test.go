package cli

import (
	"database/sql"
	"maps"
	"strings"
	"testing"

	"importarchive/longtest"
	"importarchive/queries"
)

// The reports as-of and diff choose between ways to the jobs by how many there
// are. Small archives would always take the same: here each is taken, and
// "eight days" come to an end within the archive. Which of them is right,
// [TestReportsSayWhatTheRowsSay] knows.
func TestEveryWayToTheJobsFindsTheSame(t *testing.T) {
	longtest.Only(t)
	t.Parallel()
	reader := openReader(t, randomArchive(t, 5, 70))
	transitions := ask(t, reader, `SELECT * FROM transitions ORDER BY id`, nil)
	times := moments(transitions)
	ways := map[string]*strings.Replacer{
		"newest":          strings.NewReplacer("50000", "0", "5000", "0", "10000", "0"),
		"newest, staying": strings.NewReplacer("50000", "0", "5000", "0", "10000", "0", "8 days", "3 hours"),
		"cluster":         strings.NewReplacer("WHEN (SELECT sum(jobs)", "WHEN FALSE AND (SELECT sum(jobs)"),
	}
	for way, by := range ways {
		for i, at := range times {
			for _, given := range someStates(i) {
				given["at"] = at
				sameOtherwise(t, reader, "as-of", way, by, given)
			}
			for _, given := range some() {
				given["limit"] = int64(i % 3 * 4) // 0: all
				asOf := map[string]any{"at": at}
				maps.Copy(asOf, given)
				sameOtherwise(t, reader, "as-of", way, by, asOf)
				asOf["gone"] = int64(1)
				sameOtherwise(t, reader, "as-of", way, by, asOf)
				diff := map[string]any{"from": at, "to": times[min(i+2, len(times)-1)]}
				maps.Copy(diff, given)
				sameOtherwise(t, reader, "diff", way, by, diff)
			}
		}
	}
}

func sameOtherwise(t *testing.T, reader *sql.DB, name, way string, by *strings.Replacer, given map[string]any) {
	t.Helper()
	q, err := queries.Report(name)
	if err != nil {
		t.Fatal(err)
	}
	other := by.Replace(q.SQL)
	if other == q.SQL {
		t.Fatalf("%s has no other way for %s", name, way)
	}
	differ(t, name+" by "+way, given, ask(t, reader, q.SQL, given), ask(t, reader, other, given))
}
