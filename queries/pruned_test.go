package queries_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"importarchive/db/dbtest"
	"importarchive/longtest"
	"importarchive/report"
)

// TestWhatWasPrunedIsMissingAndSaidToBe compares two archives of one random
// story, one of which is pruned. At each moment its reports equal those of the
// whole archive, or a remark says that something was pruned. All rows that remain
// are true in any case.
func TestWhatWasPrunedIsMissingAndSaidToBe(t *testing.T) {
	longtest.Only(t)
	t.Parallel()
	listings := longtest.Size(50, 70)
	whole, pruned := openReader(t, randomArchive(t, 7, listings)), openReader(t, randomPrunedArchive(t, 7, listings))
	dbtest.Verify(t, pruned)
	if n := rowsOf(t, pruned, `SELECT count(*) AS n FROM jobs WHERE history_pruned_at IS NOT NULL`, nil)[0]["n"].(int64); n == 0 {
		t.Error("no job has come back, so this proves little")
	}
	same, missing := 0, 0
	for _, cluster := range []string{"a", "c"} { // c was written last: at its end the prunes are long ago
		transitions := rowsOf(t, whole, `SELECT * FROM transitions WHERE cluster = :cluster ORDER BY id`, map[string]any{"cluster": cluster})
		for i := range 30 {
			at := transitions[i*len(transitions)/30]["observed_at"].(string)
			given := map[string]any{"at": at, "cluster": cluster, "limit": int64(0)}
			want, got := reportRows(t, whole, "as-of", given), reportRows(t, pruned, "as-of", given)
			remarks, err := report.NotLooking(t.Context(), pruned, []string{cluster}, []string{at}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(fmt.Sprint(remarks), "pruned") {
				missing++
				isPartOf(t, at, got, want)
				continue
			}
			same++
			differ(t, "as-of, with no remark,", given, want, got)
			since := map[string]any{"from": at, "cluster": cluster, "limit": int64(0)}
			differ(t, "diff, with no remark,", since, reportRows(t, whole, "diff", since), reportRows(t, pruned, "diff", since))
		}
	}
	if same < 2 || missing < 2 {
		t.Errorf("%d someMoments without a remark, %d with one", same, missing)
	}
}

// isPartOf fails unless each row is a row of the whole archive.
func isPartOf(t *testing.T, at string, some, whole []row) {
	t.Helper()
	for _, one := range some {
		i := slices.IndexFunc(whole, func(r row) bool { return r["cluster"] == one["cluster"] && r["job_id"] == one["job_id"] })
		if i < 0 {
			t.Errorf("as of %s it has %v, which was not listed", at, one)
			continue
		}
		if one["last_state_at"] == nil {
			one["last_state_at"] = whole[i]["last_state_at"] // pruned
		}
		if diff := cmp.Diff(whole[i], one); diff != "" {
			t.Errorf("as of %s (-whole +pruned):\n%s", at, diff)
		}
	}
}
