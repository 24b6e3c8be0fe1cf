package sqlite_test

import (
	"strings"
	"testing"

	"importarchive/db/sqlite"
)

// noticed gives every failure and loss its notice, as a notifier does.
func noticed(t testing.TB, st *sqlite.Archive) {
	t.Helper()
	execute(t, st.Writer,
		`INSERT INTO notify_outbox (one) VALUES (1)`,
		`INSERT INTO notify_notices (kind, cluster, noticed_ms, transition, job_id, facts)
		SELECT CASE t.kind WHEN 'gone' THEN 'lost' ELSE 'failed' END, c.name, t.observed_ms, t.id, j.job_id, json_object('job_id', j.job_id)
		FROM archive_transitions AS t
		JOIN archive_clusters AS c ON c.id = t.cluster
		JOIN archive_jobs AS j ON j.cluster = t.cluster AND j.seq = t.seq
		WHERE t.kind = 'moved' AND t.to_state = 'failed' OR t.kind = 'gone' AND t.from_state NOT IN ('completed', 'failed', 'cancelled')
		ORDER BY t.id`,
		`UPDATE notify_outbox SET cursor = (SELECT max(id) FROM archive_transitions)`)
}

func TestTheLogOfNoticesRefusesNonsense(t *testing.T) {
	t.Parallel()
	st := lived(t)
	const notice = `INSERT INTO notify_notices (kind, cluster, noticed_ms, transition, job_id, facts, attempts, sent_ms, given_up_ms) VALUES `
	if _, err := st.Writer.Exec(notice + `('lost', 'a', 5, 999, 'x', '{}', 1, 6, NULL)`); err != nil {
		t.Fatal(err) // or what follows would prove nothing
	}
	for name, text := range map[string]string{
		"a notice of no kind of ours":               notice + `('fluffy', 'a', 5, 1, 'x', '{}', 0, NULL, NULL)`,
		"a notice of no cluster":                    notice + `('stale', '', 5, NULL, NULL, '{}', 0, NULL, NULL)`,
		"a notice that is sent and given up":        notice + `('lost', 'a', 5, 998, 'x', '{}', 1, 6, 6)`,
		"a notice that was sent without an attempt": notice + `('lost', 'a', 5, 998, 'x', '{}', 0, 6, NULL)`,
		"a second notice of a transition":           notice + `('lost', 'a', 5, 999, 'x', '{}', 0, NULL, NULL)`,
		"a job's notice without its transition":     notice + `('lost', 'a', 5, NULL, 'x', '{}', 0, NULL, NULL)`,
		"a job's notice without its job":            notice + `('lost', 'a', 5, 998, NULL, '{}', 0, NULL, NULL)`,
		"a cluster's notice with a transition":      notice + `('stale', 'a', 5, 998, 'x', '{}', 0, NULL, NULL)`,
		"facts that are no object":                  notice + `('stale', 'a', 5, NULL, NULL, '[]', 0, NULL, NULL)`,
		"sent in spite of an error":                 `UPDATE notify_notices SET error = 'no' WHERE transition = 999`,
		"failures below zero":                       `UPDATE notify_outbox SET failures = -1`,
		"a second outbox":                           `INSERT INTO notify_outbox (one) VALUES (2)`,
	} {
		if _, err := st.Writer.Exec(text); err == nil || !strings.Contains(err.Error(), "constraint") {
			t.Errorf("%s is stored by %s: %v", name, text, err)
		}
	}
	execute(t, st.Writer, `DELETE FROM notify_notices WHERE transition = 999`)
}
