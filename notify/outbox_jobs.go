package notify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"importarchive/db"
	"importarchive/db/store"
	"importarchive/queries"
)

// transitions reads the transitions of a range of ids that may be worth a notice.
func (o outbox) transitions(ctx context.Context, after, upTo int64) ([]transition, error) {
	all, err := store.Events(ctx, o.archive, after, upTo, func(t *transition) []any {
		return []any{
			&t.id, &t.kind, &t.from, &t.to, &t.cluster,
			db.IntoTime{Time: &t.notBefore},
			db.IntoTime{Time: &t.observed},
			&t.facts.JobID, &t.facts.Collection, &t.facts.State, &t.facts.RawState, &t.facts.Reason, &t.unanswered,
		}
	})
	for i := range all {
		t := &all[i]
		t.facts.NotBefore, t.facts.ObservedAt = orNull(t.notBefore), queries.SpellTime(t.observed)
	}
	return all, err
}

// add stores the notices of transitions and moves the cursor, in one
// transaction: each transition has its notice once, whatever crashes.
func (o outbox) add(ctx context.Context, now time.Time, all []transition, cursor, upTo int64) error {
	return o.archive.Write(ctx, func(tx *store.Tx) error {
		for i := range all {
			t := &all[i]
			kind := t.notice()
			if kind == Found {
				if lost, err := lastSaidLost(tx, t); err != nil {
					return err
				} else if !lost {
					continue
				}
			}
			facts, err := object(t.facts)
			if err != nil {
				return fmt.Errorf("transition %d: %w", t.id, err)
			}
			if err := tx.One(`INSERT INTO notify_notices (kind, cluster, noticed_ms, transition, job_id, collection, facts) VALUES (?, ?, ?, ?, ?, ?, ?)`,
				string(kind), t.cluster, now.UnixMilli(), t.id, t.facts.JobID, t.facts.Collection, facts); err != nil {
				return err
			}
		}
		return tx.One(`UPDATE notify_outbox SET cursor = ? WHERE cursor = ?`, upTo, cursor)
	})
}

// lastSaidLost reports whether the newest notice of a job's presence says that it
// was lost. Notices outlive history that was pruned.
func lastSaidLost(tx *store.Tx, t *transition) (bool, error) {
	var kind Kind
	err := tx.Row(`SELECT kind FROM notify_notices WHERE job_id = ? AND cluster = ? AND (kind = 'lost' OR kind = 'found')
		ORDER BY id DESC LIMIT 1`, []any{t.facts.JobID, t.cluster}, &kind)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return kind == Lost, err
}
