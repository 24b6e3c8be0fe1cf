package notify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"importarchive/db"
)

const (
	// transitionsAtOnce bounds how much one read brings into memory, and how
	// long the write after it holds the writing connection.
	transitionsAtOnce = 5_000

	// reasonWait is how long a failure waits for its reason. A run queries jobs
	// that failed first, right after the listing that showed it.
	reasonWait = time.Minute
)

// transition is one that may be worth a notice.
type transition struct {
	id       int64
	kind     db.Kind
	from, to db.State
	cluster  string
	appeared bool // after a listing without it
	observed time.Time
	facts    jobFacts

	unanswered bool // the service may still say why the job failed: it was not queried since
}

// jobFacts is what a notice says of a job.
type jobFacts struct {
	JobID      string   `json:"job_id"`
	Collection *string  `json:"collection"`
	State      db.State `json:"state"`
	RawState   *string  `json:"raw_state"`
	Reason     *string  `json:"reason"`
	NotBefore  *string  `json:"not_before"`
	ObservedAt string   `json:"observed_at"`
}

// notice gives the kind of notice that a transition is worth; "" for none.
// Found depends on what the webhook was sent before. A job that had failed when
// its cluster was first listed is not news.
func (t *transition) notice() Kind {
	switch {
	case t.kind == db.Moved && t.to == db.Failed && t.from != db.Failed, t.kind == db.Appeared && t.to == db.Failed && t.appeared:
		return Failed
	case t.kind == db.Gone && !t.from.Terminal():
		return Lost
	case t.kind == db.Returned:
		return Found
	}
	return ""
}

// awaitsReason says that a failure waits for its reason. One that lies in the future,
// by a clock that was set back, does not.
func (t *transition) awaitsReason(now time.Time) bool {
	age := now.Sub(t.observed)
	return t.unanswered && t.facts.Reason == nil && age >= 0 && age <= reasonWait
}

// news makes notices of the transitions beyond the cursor.
func (n *Notifier) news(ctx context.Context, box outbox, s *state) error {
	for s.Cursor < s.Newest && ctx.Err() == nil {
		upTo := min(s.Newest, s.Cursor+transitionsAtOnce)
		all, err := box.transitions(ctx, s.Cursor, upTo)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(t transition) bool { return n.holdsUp(&t) })
		if i >= 0 {
			upTo, all = all[i].id-1, all[:i]
		}
		all = slices.DeleteFunc(all, func(t transition) bool { return !n.wants(t.notice()) })
		if upTo > s.Cursor {
			if err := box.add(ctx, n.Now(), all, s.Cursor, upTo); err != nil {
				return err
			}
		}
		if s.Cursor = upTo; i >= 0 {
			return nil
		}
	}
	return nil
}

// holdsUp says that a transition, and all that came after it, get their notices
// later, so that they keep their order.
func (n *Notifier) holdsUp(t *transition) bool {
	return t.notice() == Failed && n.wants(Failed) && t.awaitsReason(n.Now()) &&
		slices.ContainsFunc(n.Clusters, func(cl Cluster) bool { return cl.Name == t.cluster && cl.Details })
}

// transitions reads those of a range of ids that may be worth a notice. Texts
// are cut, because a notice must stay small whatever the service sends.
func (o outbox) transitions(ctx context.Context, after, upTo int64) (all []transition, err error) {
	err = o.archive.Read(ctx, `
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
		ORDER BY t.id`, []any{after, upTo}, func(scan func(...any) error) error {
		var t transition
		var notBefore *int64
		var observed int64
		f := &t.facts
		err := scan(&t.id, &t.kind, &t.from, &t.to, &t.cluster, &notBefore, &observed,
			&f.JobID, &f.Collection, &f.State, &f.RawState, &f.Reason, &t.unanswered)
		t.appeared, t.observed = notBefore != nil, fromMillis(&observed)
		f.NotBefore, f.ObservedAt = orNull(fromMillis(notBefore)), spelled(t.observed)
		all = append(all, t)
		return err
	})
	return all, err
}

// add stores the notices of transitions and moves the cursor, in one
// transaction: each transition has its notice once, whatever crashes.
func (o outbox) add(ctx context.Context, now time.Time, all []transition, cursor, upTo int64) error {
	return o.archive.Write(ctx, func(tx db.Tx) error {
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
			if err := tx.One(`INSERT INTO archive_notices (kind, cluster, at_ms, transition, job_id, collection, facts) VALUES (?, ?, ?, ?, ?, ?, ?)`,
				string(kind), t.cluster, now.UnixMilli(), t.id, t.facts.JobID, t.facts.Collection, facts); err != nil {
				return err
			}
		}
		return tx.One(`UPDATE archive_outbox SET cursor = ? WHERE cursor = ?`, upTo, cursor)
	})
}

// lastSaidLost says that the newest notice about whether a job is there says
// that it was lost. Notices outlive history that was pruned.
func lastSaidLost(tx db.Tx, t *transition) (bool, error) {
	var kind Kind
	err := tx.Row(`SELECT kind FROM archive_notices WHERE job_id = ? AND cluster = ? AND (kind = 'lost' OR kind = 'found')
		ORDER BY id DESC LIMIT 1`, []any{t.facts.JobID, t.cluster}, &kind)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return kind == Lost, err
}
