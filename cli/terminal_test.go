package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	letters "github.com/jedib0t/go-pretty/v6/text"

	"importarchive/db"
	"importarchive/db/sqlite"
	"importarchive/longtest"
	"importarchive/queries"
)

// longNames is an archive whose names are as long as real ones.
func longNames(t *testing.T) string {
	return newArchive(t, func(st *sqlite.Archive) {
		for _, name := range []string{"prod-search-eu-central-1", "staging"} {
			s := newStory(t, st, name)
			id := func(i int) string { return fmt.Sprintf("job-04bf9335838dzkeydp%04d", i) }
			var jobs []db.Job
			for i := range 12 {
				jobs = append(jobs, db.Job{
					ID: id(i), Collection: []string{"商品向量", "product_embeddings_v2_multilingual", "sessions"}[i%3],
					State: db.Running, RawState: "ImportRunning", Progress: percent(12),
				})
			}
			s.lists(50*24*time.Hour, jobs...)
			for i := range jobs {
				jobs[i].State, jobs[i].RawState = db.Completed, "ImportCompleted"
				if i%4 == 0 {
					jobs[i].State, jobs[i].RawState = db.Failed, "ImportFailed"
					jobs[i].Reason = strings.Repeat("the 6th row of file part-0.parquet has no value for the field \"vector\" ", 9)
				}
			}
			s.lists(49*24*time.Hour, append(slices.Clone(jobs[:9]), db.Job{ID: id(77), State: db.Pending, RawState: "ImportPending"})...)
			s.lists(20*time.Hour, db.Job{ID: id(88), Collection: "sessions", State: db.Running, RawState: "ImportRunning"})
			s.lists(10*time.Hour, db.Job{ID: id(88), Collection: "sessions", State: db.Completed, RawState: "ImportCompleted"})
		}
	})
}

func TestNoTableIsWiderThanTheTerminal(t *testing.T) {
	t.Parallel()
	config := settingsFor(t, longNames(t), "prod-search-eu-central-1", "staging")
	asked := [][]string{{"jobs"}, {"jobs", "--as-of", "1d", "--gone"}, {"jobs", "--cluster", "staging", "--state", "open"}, {"report"}}
	all := queries.Reports()
	for i := range all {
		more := map[string][]string{
			"timeline": {"--job", "job-04bf9335838dzkeydp0004"}, "as-of": {"--at", "48d"}, "diff": {"--from", "60d"},
			"daily": {"--since", "60d"}, "durations": {"--since", "60d"}, "success-rate": {"--since", "60d"},
		}[all[i].Name]
		asked = append(asked, append([]string{"report", all[i].Name}, more...))
	}
	widths := []int{40, 80, 120, 60, 100, 200}
	for _, args := range asked {
		whole := call(t, append([]string{"--config", config}, args...)...)
		whole.wants(t, exitDone)
		for _, width := range widths[:longtest.Size(3, len(widths))] {
			r := outside{width: width, noColor: true}.call(t, append([]string{"--config", config}, args...)...)
			r.wants(t, exitDone)
			for line := range strings.Lines(r.stdout) {
				if n := letters.StringWidth(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%v: %d columns in a terminal of %d: %s", args, n, width, line)
				}
			}
			for _, word := range strings.Fields(whole.stdout) {
				if strings.HasPrefix(word, "job-") && !strings.Contains(r.stdout, word) {
					t.Errorf("%v: a terminal of %d columns does not show %s whole:\n%s", args, width, word, r.stdout)
					break
				}
			}
		}
	}
}

func TestNoFormatSendsATerminalWhatItObeys(t *testing.T) {
	t.Parallel()
	const reason = "\x1b]0;title\x07 \u009b2J back\rwards"
	config := settingsFor(t, newArchive(t, func(st *sqlite.Archive) {
		newStory(t, st, "prod").lists(time.Hour, db.Job{ID: "a", State: db.Failed, RawState: "ImportFailed", Reason: reason})
	}), "prod")
	for _, format := range []string{"csv", "json", "jsonl", "markdown", "html"} { // a table has no reason here
		args := []string{"--config", config, "jobs", "--format", format}
		r := outside{width: 200, noColor: true}.call(t, args...)
		r.wants(t, exitDone)
		if strings.ContainsAny(strings.ReplaceAll(r.stdout, "\r\n", "\n"), "\x1b\x07\u009b\r") || !strings.Contains(r.stdout, "title") {
			t.Errorf("%s: %q", format, r.stdout)
		}
		if piped := call(t, args...); format == "csv" && !strings.Contains(piped.stdout, reason) {
			t.Errorf("a pipe gets the reason altered: %q", piped.stdout)
		}
	}
}
