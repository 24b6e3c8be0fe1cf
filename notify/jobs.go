package notify

import (
	"context"
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

// transition is a transition that may be worth a notice.
type transition struct {
	id       int64
	kind     db.Kind
	from, to db.State

	notBefore time.Time // zero: there was no listing before
	cluster   string
	observed  time.Time
	facts     jobFacts

	unanswered bool // the service may still say why the job failed: it was not queried since
}

// jobFacts are the facts of a notice about a job.
type jobFacts struct {
	JobID      string   `json:"job_id"`
	Collection *string  `json:"collection"`
	State      db.State `json:"state"`
	RawState   *string  `json:"raw_state"`
	Reason     *string  `json:"reason"`
	NotBefore  *string  `json:"not_before"`
	ObservedAt string   `json:"observed_at"`
}

// notice returns the kind of notice for a transition; "" for none. Whether Found
// becomes a notice depends on earlier ones. A job that had failed before its cluster's
// first listing is not news.
func (t *transition) notice() Kind {
	switch {
	case t.kind == db.Moved && t.to == db.Failed && t.from != db.Failed, t.kind == db.Appeared && t.to == db.Failed && !t.notBefore.IsZero():
		return Failed
	case t.kind == db.Gone && !t.from.Terminal():
		return Lost
	case t.kind == db.Returned:
		return Found
	}
	return ""
}

// awaitsReason reports whether a failure waits for its reason. A failure in the future,
// after the clock was set back, does not.
func (t *transition) awaitsReason(now time.Time) bool {
	age := now.Sub(t.observed)
	return t.unanswered && t.facts.Reason == nil && age >= 0 && age <= reasonWait
}

// news stores the notices of the transitions after the cursor.
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

// holdsUp reports whether a transition, and all after it, get their notices
// later, so that they keep their order.
func (n *Notifier) holdsUp(t *transition) bool {
	return t.notice() == Failed && n.wants(Failed) && t.awaitsReason(n.Now()) &&
		slices.ContainsFunc(n.Clusters, func(cl Cluster) bool { return cl.Name == t.cluster && cl.Details })
}
