package e2e_test

import (
	"strings"
	"testing"
	"time"

	"importarchive/db"
)

// copied is the data of a consumer that loads only what changed since its last load,
// over the rows that it had.
type copied struct {
	jobs  map[string]string
	since string
}

// Whatever changes in a job's row moves its changed_at past what was loaded:
// otherwise the consumer's copy would stay behind for good. Only last_seen_at
// moves without it, and changed_at itself when a listing misses the job: it
// is then the last sighting, which is in the past.
func (c *copied) catchUp(t *testing.T, a *archive) {
	t.Helper()
	const columns = `job_id, cluster, collection, state, raw_state, first_seen_at, last_state_at, gone_at, outcome,
		progress, reason, min_seconds, max_seconds, extra, state_not_before,
		file_name, file_size, total_rows, imported_rows, created_at, completed_at, progress_raw, described_at, details_extra`
	if c.jobs == nil {
		c.jobs = map[string]string{}
	}
	for _, row := range a.Rows(t, `SELECT `+columns+` FROM jobs WHERE changed_at > ?`, c.since) {
		c.jobs[row[0]] = strings.Join(row, "|")
	}
	c.since = time.Now().UTC().Format(db.TimeFormat)
	for _, row := range a.Rows(t, `SELECT `+columns+` FROM jobs`) {
		if now := strings.Join(row, "|"); c.jobs[row[0]] != now {
			t.Errorf("loading what changed gives\n%s, and the archive has\n%s", c.jobs[row[0]], now)
		}
	}
}
