package store

import (
	"context"
	"time"

	"importarchive/db"
)

// Queries for package notify. That package has its own tables, whose names begin with
// notify_. It reads other private tables only through these functions.

// Events reads the transitions of a range of ids that may be worth a notice: those
// to failed, gone ones and returned ones. fields gets for each: id, kind, from and
// to state, cluster; not_before (or NULL) and observed_at in milliseconds; the
// job's id, collection, state after it, word for that, and reason; and whether the
// service may still say why the job failed. Texts are cut, because a notice must
// stay small whatever the service sends.
func Events[T any](ctx context.Context, s *Store, after, upTo int64, fields func(*T) []any) ([]T, error) {
	return Read(ctx, s, fields, `
		SELECT t.id, t.kind, coalesce(t.from_state, ''), coalesce(t.to_state, ''), c.name, t.not_before_ms, t.observed_ms,
			substr(j.job_id, 1, 500), substr(n.text, 1, 500), coalesce(t.to_state, t.from_state), substr(w.text, 1, 100),
			substr(coalesce(j.reason, d.reason), 1, 1000),
			j.settled = 0 AND j.gone_ms IS NULL AND r.describe_failed = 0 AND EXISTS (SELECT 1 FROM archive_details WHERE cluster = t.cluster)
		FROM archive_transitions AS t
		JOIN archive_clusters AS c ON c.id = t.cluster
		JOIN archive_runs AS r ON r.id = t.run
		JOIN archive_jobs AS j ON j.cluster = t.cluster AND j.seq = t.seq
		LEFT JOIN archive_details AS d ON d.cluster = t.cluster AND d.seq = t.seq
		LEFT JOIN archive_texts AS n ON n.id = t.collection
		LEFT JOIN archive_texts AS w ON w.id = coalesce(t.to_raw_state, t.from_raw_state)
		WHERE t.id > ? AND t.id <= ? AND (t.to_state = 'failed' OR t.kind = 'gone' OR t.kind = 'returned')
		ORDER BY t.id`, after, upTo)
}

// Listings reads for each cluster when its newest complete and its newest
// conclusive listing ended, in milliseconds or NULL, and outcome, kind of error and
// error of its newest run that has ended. The conclusive one is as in [db.Clocks.Listed].
func Listings[T any](ctx context.Context, s *Store, now time.Time, fields func(*T) []any) ([]T, error) {
	return Read(ctx, s, fields, `
		SELECT c.name, c.complete_finished_ms, iif(?1 < c.conclusive_ms, coalesce(c.conclusive_clock_ms, c.conclusive_ms), c.conclusive_ms), r.outcome, r.error_kind, substr(r.error, 1, 500)
		FROM archive_clusters AS c
		LEFT JOIN archive_runs AS r ON r.id = (SELECT id FROM archive_runs WHERE cluster = c.id AND outcome IS NOT NULL
			ORDER BY started_at DESC, id DESC LIMIT 1)`, db.Millis(now))
}

// Position returns the archive's own id and the id of its newest transition.
func (s *Store) Position(ctx context.Context) (archive string, newest int64, err error) {
	defer s.Engine.Explain(&err)
	err = s.Reader.QueryRowContext(ctx, `SELECT (SELECT id FROM archive_identity), (SELECT coalesce(max(id), 0) FROM archive_transitions)`).
		Scan(&archive, &newest)
	return archive, newest, err
}

// NewestTransition returns the id of the newest transition; 0 for none.
func (tx *Tx) NewestTransition() (id int64, err error) {
	err = tx.Row(`SELECT coalesce(max(id), 0) FROM archive_transitions`, nil, &id)
	return id, err
}
