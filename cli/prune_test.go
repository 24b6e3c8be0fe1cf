package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/longtest"
	"importarchive/report"
)

// pruneArchive prunes what is too old at the time of the archive's newest run.
func pruneArchive(t *testing.T, path string, keep db.Retention) {
	t.Helper()
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	pruneNow(t, st, keep)
}

func pruneNow(t *testing.T, st *sqlite.Archive, keep db.Retention) {
	t.Helper()
	_, err := st.Prune(t.Context(), &db.Prune{Keep: keep, Now: time.Now(), Pause: func(context.Context) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhatWasPrunedIsMissingAndSaidToBe gives the same random story to two
// archives and prunes one of them now and then. Reports about the past agree, or
// those of the pruned archive remark that something was pruned. The jobs that
// they do show agree in any case.
func TestWhatWasPrunedIsMissingAndSaidToBe(t *testing.T) {
	longtest.Only(t)
	t.Parallel()
	listings := longtest.Size(50, 70)
	whole, pruned := openReader(t, randomArchive(t, 7, listings)), openReader(t, randomPrunedArchive(t, 7, listings))
	dbtest.Verify(t, pruned)
	if n := ask(t, pruned, `SELECT count(*) AS n FROM jobs WHERE history_pruned_at IS NOT NULL`, nil)[0]["n"].(int64); n == 0 {
		t.Error("no job has come back, so this proves little")
	}
	same, missing := 0, 0
	for _, cluster := range []string{"a", "c"} { // c was told last, so that prunes are long ago at its end
		transitions := ask(t, whole, `SELECT * FROM transitions WHERE cluster = :cluster ORDER BY id`, map[string]any{"cluster": cluster})
		for i := range 30 {
			at := transitions[i*len(transitions)/30]["observed_at"].(string)
			given := map[string]any{"at": at, "cluster": cluster, "limit": int64(0)}
			want, got := askReport(t, whole, "as-of", given), askReport(t, pruned, "as-of", given)
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
			differ(t, "diff, with no remark,", since, askReport(t, whole, "diff", since), askReport(t, pruned, "diff", since))
		}
	}
	if same < 2 || missing < 2 {
		t.Errorf("%d moments without a remark, %d with one", same, missing)
	}
}

// isPartOf demands that each job of a list is in the whole one, and the same.
func isPartOf(t *testing.T, at string, some, whole []row) {
	t.Helper()
	for _, one := range some {
		i := slices.IndexFunc(whole, func(r row) bool { return r["cluster"] == one["cluster"] && r["job_id"] == one["job_id"] })
		if i < 0 {
			t.Errorf("as of %s it has %v, which was not listed", at, one)
			continue
		}
		if one["last_state_at"] == nil {
			one["last_state_at"] = whole[i]["last_state_at"] // nobody knows any more
		}
		if diff := cmp.Diff(whole[i], one); diff != "" {
			t.Errorf("as of %s (-whole +pruned):\n%s", at, diff)
		}
	}
}

func TestHistoryOfAPrunedJobSaysSo(t *testing.T) {
	archive := newArchive(t, func(st *sqlite.Archive) {
		s := dbtest.Tell(t, st, "prod")
		s.Lists(dbtest.Listed("x", db.Completed))
		s.Wait(time.Hour)
		s.Lists(dbtest.Listed("x", db.Completed))
		_, err := st.Prune(t.Context(), &db.Prune{Keep: db.Retention{Completed: time.Minute}, Now: s.Now, Export: filepath.Join(t.TempDir(), "gone")})
		if err != nil {
			t.Fatal(err)
		}
	})
	settings := settingsFor(t, archive, "prod")
	call(t, "--config", settings, "history", "x").wants(t, exitFailed,
		`job "x" of prod was pruned at 2026-05-01 13:10:00 UTC: it was first seen at 2026-05-01 12:00:00 UTC, and its outcome is completed; its history is in /`)
	call(t, "--config", settings, "jobs", "--job", "x").wants(t, exitFailed, "was pruned")
	call(t, "--config", settings, "history", "y").wants(t, exitFailed, `the archive has no job "y"`)
}
