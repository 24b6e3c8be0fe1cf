package sqlite_test

import (
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
)

var update = flag.Bool("update", false, "write testdata/schema.sql anew")

func TestTheSchemaIsTheOneThatWasReviewed(t *testing.T) {
	got := "-- The whole schema after all migrations. `go test ./db -run Schema -update` writes this file.\n\n" +
		strings.ReplaceAll(show(t, open(t).Reader, `SELECT sql || ';' || char(10) FROM sqlite_schema
			WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type, name`), "\n\n\n", "\n\n")
	name := filepath.Join("testdata", "schema.sql")
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the schema has changed: look at `git diff %s` after -update", name)
	}
}

// The views are promises: columns are only ever added, and at the end.
func TestTheViewsHaveTheColumnsThatArePromised(t *testing.T) {
	st := open(t)
	for view, columns := range map[string]string{
		"jobs": "cluster job_id collection state raw_state first_seen_at last_state_at last_seen_at gone_at outcome " +
			"progress reason min_seconds max_seconds extra state_not_before changed_at history_pruned_at " +
			"file_name file_size total_rows imported_rows created_at completed_at progress_raw described_at details_extra",
		"job_files":   "cluster job_id n name size total_rows imported_rows raw_state progress progress_raw reason completed_at extra",
		"transitions": "id run_id cluster job_id collection kind from_state to_state from_raw_state to_raw_state not_before observed_at",
		"runs": "id cluster triggered_by started_at finished_at outcome pages requests retries listed appeared moved gone returned rejected " +
			"error_kind error seconds described describe_failed",
		"clusters": "name api cluster_id base_url first_run_at last_run_at last_outcome last_complete_at failures listed open_jobs archived",
		"gaps":     "cluster started_at ended_at seconds expected_seconds",
		"rejects":  "run_id cluster rejected_at reason raw",
		"notices":  "id kind cluster noticed_at transition_id job_id collection facts attempts next_attempt_at sent_at given_up_at error",
	} {
		got := strings.Fields(show(t, st.Reader, `SELECT name FROM pragma_table_info(?)`, view))
		want := strings.Fields(columns)
		if len(got) < len(want) || strings.Join(got[:len(want)], " ") != columns {
			t.Errorf("%s has the columns\n%v, promised are\n%v", view, got, want)
		}
	}
}

// raw opens a file without any of our care. Writes through it wait for no
// one.
func raw(t testing.TB, path string) *sql.DB {
	t.Helper()
	file, err := sql.Open("sqlite", "file://"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func execute(t testing.TB, file *sql.DB, statements ...string) {
	t.Helper()
	for _, text := range statements {
		if _, err := file.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// lived returns an archive in which something of everything has happened.
func lived(t testing.TB) *sqlite.Archive {
	t.Helper()
	st := open(t)
	dbtest.Live(t, st)
	noticed(t, st)
	return st
}

func TestTheSchemaRefusesNonsense(t *testing.T) {
	t.Parallel()
	st := lived(t)
	const job = `INSERT INTO archive_jobs (cluster, seq, job_id, state, appeared_after_ms, first_seen_ms, state_seen_ms, asked_ms, seen_ms) VALUES `
	const transition = `INSERT INTO archive_transitions (run, cluster, seq, kind, from_state, to_state, not_before_ms, observed_ms) VALUES `
	const run = `INSERT INTO archive_runs (cluster, trigger, started_ms, finished_ms, outcome, error_kind, rejected, expected_s) VALUES `
	for name, text := range map[string]string{
		"a job without an id":                      job + `(1, 99, '', 'running', NULL, 5, 5, 5, 5)`,
		"a job with the id 0":                      job + `(1, 99, '0', 'running', NULL, 5, 5, 5, 5)`,
		"a job in no state of ours":                job + `(1, 99, 'x', 'fluffy', NULL, 5, 5, 5, 5)`,
		"a job of no cluster":                      job + `(99, 99, 'x', 'running', NULL, 5, 5, 5, 5)`,
		"a job that appeared before it was absent": job + `(1, 99, 'x', 'running', 5, 5, 5, 5, 5)`,
		"a state before the first sighting":        job + `(1, 99, 'x', 'running', NULL, 5, 4, 5, 5)`,
		"a page received before it was asked for":  job + `(1, 99, 'x', 'running', NULL, 5, 5, 6, 5)`,
		"a time that is text":                      job + `(1, 99, 'x', 'running', NULL, '2026-05-01 12:00:00', 5, 5, 5)`,
		"the same id twice":                        job + `(1, 99, 'a', 'running', NULL, 5, 5, 5, 5)`,
		"the same number twice":                    job + `(1, 1, 'x', 'running', NULL, 5, 5, 5, 5)`,
		"progress beyond 100":                      `UPDATE archive_jobs SET progress = 101`,
		"progress that is text":                    `UPDATE archive_jobs SET progress = '50'`,
		"a reason that is empty":                   `UPDATE archive_jobs SET reason = ''`,
		"extra that is not JSON":                   `UPDATE archive_jobs SET extra = '{'`,
		"gone without a miss":                      `UPDATE archive_jobs SET gone_ms = seen_ms + 1, misses = 0, missed_ms = NULL`,
		"gone before it was first seen":            `UPDATE archive_jobs SET gone_ms = first_seen_ms - 1, misses = 2, missed_ms = seen_ms`,
		"missed since no listing":                  `UPDATE archive_jobs SET missed_ms = NULL WHERE misses > 0`,
		"missed without a miss":                    `UPDATE archive_jobs SET missed_ms = seen_ms WHERE misses = 0`,
		"half pruned":                              prunes(1) + `UPDATE archive_jobs SET pruned = 2, prune = 1`,
		"pruned by no prune":                       `UPDATE archive_jobs SET pruned = 1 WHERE state = 'failed'`,
		"pruned with a reason":                     prunes(1) + `UPDATE archive_jobs SET pruned = 1, prune = 1, described_ms = NULL, reason = 'x' WHERE state = 'failed'`,
		"a proof of order without a beginning":     `UPDATE archive_clusters SET newest_first = 1, newest_first_ms = NULL`,
		"a quick run with an error":                run + `(1, 'start', 5, 6, 'quick', 'auth', 0, 1)`,
		"an outcome of no kind of ours":            run + `(1, 'start', 5, 6, 'fluffy', NULL, 0, 1)`,
		"a last outcome of no kind of ours":        `UPDATE archive_clusters SET last_outcome = 'fluffy'`,
		"a day of no collection":                   `INSERT INTO archive_days (day, cluster, collection) VALUES ('2026-05-01', 1, 999)`,
		"less loaded than nothing":                 `UPDATE archive_days SET bytes = -1`,
		"an empty interval":                        transition + `(1, 1, 1, 'moved', 'pending', 'running', 5, 5)`,
		"a move without a lower bound":             transition + `(1, 1, 1, 'moved', 'pending', 'running', NULL, 5)`,
		"a move out of nothing":                    transition + `(1, 1, 1, 'moved', NULL, 'running', 4, 5)`,
		"an appearance out of a state":             transition + `(1, 1, 1, 'appeared', 'pending', 'running', 4, 5)`,
		"gone into a state":                        transition + `(1, 1, 1, 'gone', 'pending', 'running', 4, 5)`,
		"a kind that is no history":                transition + `(1, 1, 1, 'edited', 'pending', 'running', 4, 5)`,
		"history of no job":                        transition + `(1, 1, 999, 'moved', 'pending', 'running', 4, 5)`,
		"history of no run":                        transition + `(999, 1, 1, 'moved', 'pending', 'running', 4, 5)`,
		"an outcome without an end":                run + `(1, 'start', 5, NULL, 'complete', NULL, 0, 1)`,
		"an end without an outcome":                run + `(1, 'start', 5, 6, NULL, NULL, 0, 1)`,
		"an end before the start":                  run + `(1, 'start', 5, 4, 'failed', NULL, 0, 1)`,
		"complete with an error":                   run + `(1, 'start', 5, 6, 'complete', 'auth', 0, 1)`,
		"an error of no kind of ours":              run + `(1, 'start', 5, 6, 'failed', 'fluffy', 0, 1)`,
		"a trigger of no kind of ours":             run + `(1, 'fluffy', 5, 6, 'failed', NULL, 0, 1)`,
		"a schedule that runs backwards":           run + `(1, 'start', 5, 6, 'failed', NULL, 0, -1)`,
		"half a complete listing":                  `UPDATE archive_clusters SET complete_started_ms = NULL`,
		"a listing that ended before it began":     `UPDATE archive_clusters SET complete_started_ms = complete_finished_ms + 1`,
		"a cluster without a name":                 `UPDATE archive_clusters SET name = ''`,
		"failures below none":                      `UPDATE archive_clusters SET failures = -1`,
		"a tally below none":                       `UPDATE archive_tally SET jobs = -1`,
		"less pruned than nothing":                 `INSERT INTO archive_totals_pruned (cluster, what, n) VALUES (1, 'moved', -1)`,
		"details of no job":                        `INSERT INTO archive_details (cluster, seq, asked_ms, described_ms) VALUES (1, 999, 5, 5)`,
		"details received before they were asked":  `UPDATE archive_details SET asked_ms = described_ms + 1`,
		"told progress beyond 100":                 `UPDATE archive_details SET progress = 100.5`,
		"told progress below none":                 `UPDATE archive_files SET progress = -0.5`,
		"fewer rows than none":                     `UPDATE archive_details SET imported_rows = -1`,
		"a file smaller than nothing":              `UPDATE archive_files SET size = -1`,
		"a file of details that are not there":     `INSERT INTO archive_files (cluster, seq, n) VALUES (1, 1, 1)`,
		"a year that has five digits":              `UPDATE archive_details SET created_ms = 253402300800000`,
		"half settled":                             `UPDATE archive_jobs SET settled = 2`,
		"less asked for than nothing":              `UPDATE archive_runs SET described = -1`,
		"a gap without an extent":                  `UPDATE archive_gaps SET ended_ms = started_ms`,
		"the same reject twice":                    `INSERT INTO archive_rejects (run, cluster, rejected_ms, seen_ms, reason, raw) SELECT run, cluster, rejected_ms, seen_ms, reason, raw FROM archive_rejects`,
		"a text that is empty":                     `INSERT INTO archive_texts (text) VALUES ('')`,
		"another first sighting":                   `UPDATE archive_jobs SET first_seen_ms = first_seen_ms - 1`,
		"another appearance":                       `UPDATE archive_jobs SET appeared_after_ms = coalesce(appeared_after_ms, first_seen_ms) - 1`,
		"another id":                               `UPDATE archive_jobs SET job_id = job_id || 'x'`,
		"another number":                           `UPDATE archive_jobs SET seq = seq + 1000`,
		"history that is rewritten":                `UPDATE archive_transitions SET kind = kind`,
		"a job with history that is deleted":       `DELETE FROM archive_jobs`,
	} {
		if _, err := st.Writer.Exec(text); err == nil {
			t.Errorf("%s is stored by %s", name, text)
		} else if !regexp.MustCompile(`constraint|cannot store|never change|append-only`).MatchString(err.Error()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever a plain `sqlite3` or file(1) shows of an archive is true.
func TestTheFileSaysWhatItIs(t *testing.T) {
	st := open(t)
	newest := show(t, st.Reader, `SELECT max(version_id) FROM archive_migrations`)
	if got := show(t, st.Reader, `SELECT user_version FROM pragma_user_version`); got != newest {
		t.Errorf("user_version is %s after migration %s: every migration sets it", got, newest)
	}
	if got := show(t, st.Reader, `SELECT printf('%x', application_id) FROM pragma_application_id`); got != "494d4143\n" {
		t.Errorf("application_id is %s", got)
	}
}
