package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"
)

const (
	// atOnce is how many transitions are looked at in one transaction.
	atOnce = 5_000

	// reasonWait is how long a failure is not told while its job is still to be
	// asked for. Those that failed are asked for first, right after the listing
	// that showed it, which may itself go on for longer.
	reasonWait = time.Minute

	// A job that had failed when its cluster was first looked at is not news.
	failedAnew = `t.to_state = 'failed' AND (t.kind = 'moved' AND t.from_state <> 'failed' OR t.kind = 'appeared' AND t.not_before_ms IS NOT NULL)`

	// wentAway is the transition by which a returned job was gone, NULL where that
	// is pruned.
	wentAway = `(SELECT max(g.id) FROM archive_transitions AS g
		WHERE g.cluster = t.cluster AND g.seq = t.seq AND g.kind = 'gone' AND g.id < t.id)`

	// foundAgain: a job that is listed again takes back that it was lost. That was
	// told, or it is told now as well (?2 is the cursor), or it was told of the job
	// before its history was pruned.
	foundAgain = `t.kind = 'returned' AND (
		EXISTS (SELECT 1 FROM archive_notices AS n WHERE n.kind = 'lost' AND n.transition = ` + wentAway + `)
		OR EXISTS (SELECT 1 FROM archive_transitions AS g WHERE g.id = ` + wentAway + ` AND g.id > ?2
			AND g.from_state NOT IN ('completed', 'failed', 'cancelled'))
		OR ` + wentAway + ` IS NULL AND 'lost' = (SELECT n.kind FROM archive_notices AS n
			WHERE n.cluster = c.name AND n.kind IN ('lost', 'found') AND json_extract(n.facts, '$.job_id') = substr(j.job_id, 1, 500)
			ORDER BY n.id DESC LIMIT 1))`
)

// Transitions makes notices of these kinds from the transitions that were not
// looked at yet, and says whether there are more of them to be looked at now.
// Of these clusters jobs are asked for one by one, so a failure waits some
// moments for its reason, and what came after it with it.
func (o *Outbox) Transitions(ctx context.Context, now time.Time, on []NoticeKind, asking []string) (more bool, err error) {
	var cursor, newest sql.NullInt64
	err = o.look(ctx, `SELECT (SELECT cursor FROM archive_outbox), (SELECT max(id) FROM archive_transitions)`, nil, &cursor, &newest)
	if err != nil || !cursor.Valid || newest.Int64 <= cursor.Int64 {
		return false, err
	}
	upTo := min(newest.Int64, cursor.Int64+atOnce)
	more = upTo < newest.Int64
	if slices.Contains(on, NoticeFailed) && len(asking) > 0 {
		waits, err := o.firstWithoutReason(ctx, now, cursor.Int64, upTo, asking)
		if err != nil {
			return false, err
		}
		if waits.Valid {
			upTo, more = waits.Int64-1, false
		}
		if upTo == cursor.Int64 {
			return false, nil
		}
	}
	err = o.s.transact(ctx, func(tx *transaction) error {
		_, err := tx.exec(`
			INSERT INTO archive_notices (kind, cluster, at_ms, next_ms, transition, facts)
			SELECT CASE t.kind WHEN 'gone' THEN 'lost' WHEN 'returned' THEN 'found' ELSE 'failed' END, c.name, ?1, ?1, t.id,
				-- A notice must stay small whatever the service sends.
				json_object('job_id', substr(j.job_id, 1, 500), 'collection', substr(n.text, 1, 500),
					'state', coalesce(t.to_state, t.from_state), 'raw_state', substr(w.text, 1, 100),
					'reason', substr(coalesce(j.reason, d.reason), 1, 1000), 'not_before', t.not_before, 'observed_at', t.observed_at)
			FROM archive_transitions AS t
			JOIN archive_clusters AS c ON c.id = t.cluster
			JOIN archive_jobs AS j ON j.cluster = t.cluster AND j.seq = t.seq
			LEFT JOIN archive_details AS d ON d.cluster = t.cluster AND d.seq = t.seq
			LEFT JOIN archive_texts AS n ON n.id = t.collection
			LEFT JOIN archive_texts AS w ON w.id = coalesce(t.to_raw_state, t.from_raw_state)
			WHERE t.id > ?2 AND t.id <= ?3
			  AND (?4 AND `+failedAnew+`
				OR ?5 AND t.kind = 'gone' AND t.from_state NOT IN ('completed', 'failed', 'cancelled')
				OR ?5 AND `+foundAgain+`)
			ORDER BY t.id`,
			millis(now), cursor.Int64, upTo, slices.Contains(on, NoticeFailed), slices.Contains(on, NoticeLost))
		if err != nil {
			return err
		}
		return one(tx.exec(`UPDATE archive_outbox SET cursor = ? WHERE cursor = ?`, upTo, cursor.Int64))
	})
	return more, err
}

// firstWithoutReason gives the first of these transitions that is a failure of
// a job that is still to be asked for. One that lies in the future, by a clock
// that was set back, does not wait until then.
func (o *Outbox) firstWithoutReason(ctx context.Context, now time.Time, after, upTo int64, asking []string) (id sql.NullInt64, err error) {
	names, err := json.Marshal(asking)
	if err != nil {
		return id, err
	}
	err = o.look(ctx, `
		SELECT min(t.id)
		FROM archive_transitions AS t
		JOIN archive_clusters AS c ON c.id = t.cluster
		JOIN archive_runs AS r ON r.id = t.run
		JOIN archive_jobs AS j ON j.cluster = t.cluster AND j.seq = t.seq
		LEFT JOIN archive_details AS d ON d.cluster = t.cluster AND d.seq = t.seq
		WHERE t.id > ? AND t.id <= ? AND `+failedAnew+` AND t.observed_ms BETWEEN ? AND ?
		  AND j.settled = 0 AND j.gone_ms IS NULL AND coalesce(j.reason, d.reason) IS NULL
		  AND r.describe_failed = 0 AND EXISTS (SELECT 1 FROM archive_details WHERE cluster = t.cluster)
		  AND c.name IN (SELECT value FROM json_each(?))`,
		[]any{after, upTo, millis(now.Add(-reasonWait)), millis(now), string(names)}, &id)
	return id, err
}
