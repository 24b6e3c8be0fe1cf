package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"importarchive/db/sqlite"
	"importarchive/longtest"
	"importarchive/queries"
)

// A check that can't fail proves nothing: here each one is shown an archive
// that is wrong in its own way.
func TestEveryCheckFindsWhatItIsFor(t *testing.T) {
	t.Parallel()
	serial(t)
	broken := map[string][]string{
		"appeared": {
			`DELETE FROM archive_transitions WHERE id = 1`,
			`UPDATE archive_jobs SET first_seen_ms = first_seen_ms - 1 WHERE seq = 1`,
			`UPDATE archive_jobs SET appeared_after_ms = first_seen_ms - 5 WHERE seq = 1`,
			`INSERT INTO archive_transitions (run, cluster, seq, kind, to_state, observed_ms) SELECT run, cluster, seq, kind, to_state, observed_ms FROM archive_transitions WHERE id = 1`,
		},
		"clusters": {
			`UPDATE archive_clusters SET newest_ms = newest_ms - 1`,
			`UPDATE archive_jobs SET described_ms = 4e12`,
			`UPDATE archive_clusters SET next_seq = next_seq - 1`,
			`UPDATE archive_clusters SET generation = 0`,
		},
		"closed": {
			`UPDATE archive_runs SET pages = NULL WHERE outcome = 'partial'`,
			`UPDATE archive_clusters SET last_outcome = NULL`,
			`UPDATE archive_clusters SET last_outcome = 'failed' WHERE name = 'b'`,
		},
		"complete": {
			`UPDATE archive_clusters SET complete_started_ms = NULL, complete_finished_ms = NULL`,
			`UPDATE archive_clusters SET complete_finished_ms = complete_finished_ms + 1`,
			`UPDATE archive_clusters SET complete_started_ms = complete_started_ms - 3600000`,
			`UPDATE archive_clusters SET complete_expected_s = NULL`,
			`UPDATE archive_clusters SET conclusive_ms = conclusive_ms + 1`,
			`UPDATE archive_clusters SET conclusive_ms = NULL`,
		},
		"collections": {
			`UPDATE archive_collections SET open = open + 1`,
			`UPDATE archive_collections SET active_ms = active_ms - 1`,
			`DELETE FROM archive_collections`,
			`UPDATE archive_jobs SET collection = NULL WHERE seq = 1`,
		},
		"conclusions": {`UPDATE archive_runs SET outcome = 'partial' WHERE gone > 0`},
		"counts": {
			`UPDATE archive_runs SET appeared = appeared + 1 WHERE id = 1`,
			`UPDATE archive_runs SET moved = 0`,
			`UPDATE archive_runs SET gone = 0`,
			`UPDATE archive_runs SET returned = 0`,
		},
		"days": {
			`UPDATE archive_days SET appeared = appeared + 1`,
			`UPDATE archive_days SET lost = lost + 1`,
			`DELETE FROM archive_days`,
			`UPDATE archive_jobs SET first_seen_ms = first_seen_ms - 86400000 WHERE seq = 1`,
		},
		"absences": {
			`UPDATE archive_runs SET absences_confirmed = 1`,
			`UPDATE archive_runs SET absences_denied = 1`,
			`UPDATE archive_runs SET absences_unconfirmed = gone + 1`,
			`UPDATE archive_runs SET absences_undecided = 1 WHERE outcome = 'complete'`,
		},
		"details": {
			`UPDATE archive_jobs SET described_ms = described_ms + 1 WHERE described_ms IS NOT NULL`,
			`DELETE FROM archive_details`,
			`UPDATE archive_files SET n = 9 WHERE n = 2`,
			`UPDATE archive_runs SET described = 1 WHERE outcome = 'interrupted'`,
			`UPDATE archive_runs SET describe_failed = 1 WHERE outcome IS NULL`,
		},
		"durations": {
			`UPDATE archive_durations SET min_of = min_of + 1`,
			`UPDATE archive_durations SET max_of = max_of + 1 WHERE length(period) = 7`,
			`UPDATE archive_durations SET bound_ms = bound_ms + 1`,
			`DELETE FROM archive_durations`,
			`DELETE FROM archive_durations WHERE length(period) = 7`,
			`UPDATE archive_jobs SET state_seen_ms = state_seen_ms + 864000000 WHERE appeared_after_ms IS NOT NULL`,
		},
		"gaps": {
			`UPDATE archive_gaps SET expected_s = 100000`,
			`INSERT INTO archive_gaps (cluster, started_ms, ended_ms, expected_s) SELECT cluster, started_ms + 1, ended_ms, expected_s FROM archive_gaps`,
			`UPDATE archive_gaps SET ended_ms = ended_ms + 86400000`,
		},
		"history": {
			`UPDATE archive_transitions SET from_state = 'pending' WHERE kind = 'gone'`,
			`UPDATE archive_transitions SET kind = 'moved', from_state = 'pending', not_before_ms = 1 WHERE id = 1`,
			`UPDATE archive_transitions SET observed_ms = observed_ms - 3600000, not_before_ms = 1 WHERE kind = 'returned'`,
		},
		"moved": {`UPDATE archive_transitions SET from_state = to_state, from_raw_state = to_raw_state WHERE kind = 'moved'`},
		"notices": {
			`UPDATE notify_outbox SET cursor = 0`,
			`DELETE FROM notify_outbox`,
			`UPDATE notify_notices SET cluster = 'b' WHERE kind = 'lost'`,
			`UPDATE notify_notices SET kind = 'lost' WHERE kind = 'failed'`,
			`UPDATE notify_notices SET transition = 1 WHERE kind = 'failed'`,
			`UPDATE notify_notices SET attempts = 1 WHERE id = (SELECT max(id) FROM notify_notices)`,
		},
		"loads": {
			`UPDATE archive_days SET load_jobs = load_jobs + 1`,
			`UPDATE archive_days SET rows = rows + 1`,
			`UPDATE archive_days SET bytes_max_ms = bytes_max_ms + 1`,
			`UPDATE archive_jobs SET state = 'completed' WHERE described_ms IS NOT NULL`,
		},
		"presence": {
			`UPDATE archive_jobs SET gone_ms = NULL WHERE gone_ms IS NOT NULL`,
			`UPDATE archive_jobs SET gone_ms = gone_ms + 1`,
			`UPDATE archive_jobs SET gone_ms = seen_ms + 1, missed_ms = seen_ms + 1, misses = 2 WHERE job_id = 'b'`,
		},
		"rejects": {
			`UPDATE archive_rejects SET run = 1`,
			`UPDATE archive_rejects SET cluster = 2`,
		},
		"runs": {
			`UPDATE archive_runs SET started_ms = started_ms - 86400000 WHERE id = 3`,
			`UPDATE archive_transitions SET run = (SELECT max(id) FROM archive_runs) WHERE id = 1`,
			`UPDATE archive_runs SET started_ms = started_ms + 1000, finished_ms = finished_ms + 1000 WHERE id = 1`,
		},
		"sightings": {
			`UPDATE archive_jobs SET asked_ms = state_seen_ms - 5, seen_ms = state_seen_ms - 2 WHERE seq = 1`,
			`UPDATE archive_jobs SET asked_ms = gone_ms, seen_ms = gone_ms WHERE gone_ms IS NOT NULL`,
		},
		"state": {
			`UPDATE archive_jobs SET state = 'pending' WHERE seq = 2 AND cluster = 1`,
			`UPDATE archive_jobs SET state_seen_ms = state_seen_ms - 1 WHERE state_seen_ms > first_seen_ms`,
			`UPDATE archive_jobs SET state_after_ms = NULL WHERE state_seen_ms > first_seen_ms`,
		},
		"tally": {
			`UPDATE archive_tally SET jobs = jobs + 1`,
			`DELETE FROM archive_tally`,
			`UPDATE archive_jobs SET state = 'pending' WHERE seq = 2`,
		},
		"totals": {
			`UPDATE archive_clusters SET total_runs_complete = total_runs_complete + 1`,
			`UPDATE archive_clusters SET total_runs_partial = total_runs_partial + 1`,
			`UPDATE archive_clusters SET total_runs_failed = total_runs_failed + 1`,
			`UPDATE archive_clusters SET total_runs_interrupted = total_runs_interrupted + 1`,
			`UPDATE archive_clusters SET total_pages = total_pages + 1`,
			`UPDATE archive_clusters SET total_requests = total_requests + 1`,
			`UPDATE archive_clusters SET total_retries = total_retries + 1`,
			`UPDATE archive_clusters SET total_appeared = total_appeared + 1`,
			`UPDATE archive_clusters SET total_moved = total_moved + 1`,
			`UPDATE archive_clusters SET total_renamed = total_renamed + 1`,
			`UPDATE archive_clusters SET total_gone = total_gone + 1`,
			`UPDATE archive_clusters SET total_returned = total_returned + 1`,
			`UPDATE archive_clusters SET total_rejects = total_rejects + 1`,
			`UPDATE archive_clusters SET total_gaps = total_gaps + 1`,
			`UPDATE archive_clusters SET total_gaps_ms = total_gaps_ms + 1`,
			`INSERT INTO archive_totals_pruned (cluster, what, n) VALUES (1, 'runs_complete', 1)`,
			`UPDATE archive_runs SET requests = requests + 1 WHERE outcome = 'partial'`,
		},
		"pruned": {
			prunes(9) + pruned(`WHERE cluster = 1 AND seq = 1`),
			prunes(9) + `DELETE FROM archive_transitions;` + pruned(`WHERE described_ms IS NOT NULL`),
			prunes(1) + `DELETE FROM archive_transitions;` + pruned(`WHERE cluster = 1 AND seq < 3`),
			prunes(1) + `UPDATE archive_jobs SET prune = 1 WHERE cluster = 2 AND seq = 1`,
		},
		"turns": {
			`DELETE FROM archive_transitions WHERE kind = 'gone'`,
			`INSERT INTO archive_transitions (run, cluster, seq, kind, from_state, not_before_ms, observed_ms) SELECT run, cluster, seq, kind, from_state, not_before_ms, observed_ms FROM archive_transitions WHERE kind = 'gone'`,
		},
		"foreign_key_check": {`PRAGMA foreign_keys = 0; DELETE FROM archive_runs WHERE id = 1`},
		"integrity_check":   {`PRAGMA ignore_check_constraints = 1; UPDATE archive_jobs SET misses = -1 WHERE seq = 1`},
	}
	checks := queries.Checks()
	for _, q := range checks {
		if broken[q.Name] == nil {
			t.Errorf("check %s is shown nothing wrong here", q.Name)
		}
		if q.Title == "" || q.About == "" || len(q.Parameters) > 0 {
			t.Errorf("check %s: a title, a line of what for and no parameters, got %+v", q.Name, q)
		}
	}
	sound := filepath.Join(t.TempDir(), "sound.db")
	if _, err := sqlite.Backup(t.Context(), lived(t).Reader, sound); err != nil {
		t.Fatal(err)
	}
	for check, ways := range broken {
		for _, way := range ways[:longtest.Size(min(2, len(ways)), len(ways))] {
			if got := wrong(t, sound, way); !slices.Contains(got, check) {
				t.Errorf("%s does not find what is wrong after %s; found by %v", check, way, got)
			}
		}
	}
}

// prunes records a prune of cluster 1 that took some jobs.
func prunes(jobs int) string {
	return fmt.Sprintf(`INSERT INTO archive_prunes (id, pruned_ms, cluster, what, older_than_ms, listed_until_ms, jobs)
		VALUES (1, 5, 1, 'lost', 5, 5, %d);`, jobs)
}

// pruned marks jobs as pruned and deletes nothing beside their rows.
func pruned(where string) string {
	return `UPDATE archive_jobs SET pruned = 1, prune = 1, progress = NULL, reason = NULL, extra = NULL, described_ms = NULL,
		misses = 2, missed_ms = seen_ms + 1, gone_ms = seen_ms + 1 ` + where
}

// wrong names the checks that find something in a copy that was broken.
func wrong(t *testing.T, sound, way string) (checks []string) {
	t.Helper()
	content, err := os.ReadFile(sound)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "broken.db")
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	file := raw(t, path)
	file.SetMaxOpenConns(1)
	execute(t, file,
		`DROP TRIGGER archive_jobs_first_seen_never_changes`,
		`DROP TRIGGER archive_transitions_are_append_only`,
		`DROP TRIGGER archive_transitions_are_only_pruned`,
		way,
		`PRAGMA ignore_check_constraints = 0`)
	if strings.HasPrefix(way, "UPDATE") && show(t, file, `SELECT changes()`) == "0\n" {
		t.Errorf("nothing was broken by %s", way)
	}
	findings, err := sqlite.Verify(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Rows == 0 || f.Title == "" || !strings.Contains(f.Example, "=") {
			t.Errorf("a finding that says little: %+v", f)
		}
		checks = append(checks, f.Check)
	}
	return checks
}

func TestAHealthyArchiveHasNoFindings(t *testing.T) {
	findings, err := sqlite.Verify(t.Context(), lived(t).Reader)
	if err != nil || len(findings) > 0 {
		t.Error(findings, err)
	}
}
