package notify

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"importarchive/db"
	"importarchive/db/rows"
	"importarchive/db/store"
)

// Kind is the kind of event that a notice is about.
type Kind string

// The kinds of notice.
const (
	Failed    Kind = "failed"    // a job failed
	Lost      Kind = "lost"      // a job went away unfinished
	Found     Kind = "found"     // a lost job is listed again: it takes Lost back
	Stale     Kind = "stale"     // a cluster turned stale
	Recovered Kind = "recovered" // a stale cluster is fresh again
	Retention Kind = "retention" // the schedule turned out too slow for what the service keeps, or quick enough again
	Clock     Kind = "clock"     // the clock is wrong, ours or the service's, or right again
)

// Kinds lists every kind that the settings can switch on. Found goes with Lost.
var Kinds = [...]Kind{Failed, Lost, Stale, Recovered, Retention, Clock}

// notice is one event. Its facts, a JSON object, never change.
type notice struct {
	ID       int64
	Kind     Kind
	Cluster  string
	At       time.Time // when the notifier found it
	Facts    string
	Attempts int // to send it, without the one under way
}

// outbox is the notifier's part of the archive: a row of state, the log of notices,
// and the newest notice about each cluster. The SQL of this package is here and in
// outbox_jobs.go. A write holds the writing connection for some milliseconds.
type outbox struct{ archive *store.Store }

// state is the outbox's row, with the other values that each step needs.
type state struct {
	Archive  string // the archive's id
	Cursor   int64  // transitions up to this one have their notices
	Newest   int64  // the newest transition
	Round    time.Time
	Failures int       // attempts that failed since the webhook accepted one
	Next     time.Time // no attempt before this; zero: at once
	Old      bool      // there are notices to remove
}

// state reads the state of the outbox. Notices that were sent or given up before keep
// are old.
func (o outbox) state(ctx context.Context, keep time.Time) (s state, err error) {
	// Transitions that come meanwhile wait for the next step.
	if s.Archive, s.Newest, err = o.archive.Position(ctx); err != nil {
		return s, err
	}
	_, err = store.Read(ctx, o.archive, func(*struct{}) []any {
		return []any{&s.Cursor, db.IntoTime{Time: &s.Round}, &s.Failures, db.IntoTime{Time: &s.Next}, &s.Old}
	}, `
		SELECT coalesce(cursor, 0), round_ms, failures, next_ms,
			EXISTS (SELECT 1 FROM notify_notices WHERE coalesce(sent_ms, given_up_ms) < ?)
		FROM notify_outbox`, keep.UnixMilli())
	return s, err
}

// begin prepares the outbox for these clusters. What happened before the first
// webhook gets no notice; what waits when the webhook leaves the settings is
// given up. An archive that never had a receiver is not written to.
func (o outbox) begin(ctx context.Context, now time.Time, webhook, heartbeat bool, clusters []string) error {
	if !webhook && !heartbeat {
		once, err := store.Read(ctx, o.archive, rows.Column[int], `SELECT 1 FROM notify_outbox`)
		if err != nil || len(once) == 0 {
			return err
		}
	}
	return o.archive.Write(ctx, func(tx *store.Tx) error {
		err := tx.Exec(`INSERT INTO notify_outbox (one) VALUES (1) ON CONFLICT DO NOTHING`)
		if err != nil {
			return err
		}
		if err := tx.One(`UPDATE notify_outbox SET round_ms = CASE WHEN ? THEN coalesce(round_ms, ?) END`, heartbeat, now.UnixMilli()); err != nil {
			return err
		}
		if webhook {
			err = beginCursor(tx)
		} else {
			clusters, err = nil, withdraw(tx, now)
		}
		if err != nil {
			return err
		}
		return watchOnly(tx, now, clusters)
	})
}

// beginCursor leaves out what happened before the first webhook.
func beginCursor(tx *store.Tx) error {
	newest, err := tx.NewestTransition()
	if err != nil {
		return err
	}
	return tx.One(`UPDATE notify_outbox SET cursor = coalesce(cursor, ?)`, newest)
}

// withdraw ends what began with the webhook.
func withdraw(tx *store.Tx, now time.Time) error {
	if err := tx.One(`UPDATE notify_outbox SET cursor = NULL, failures = 0, next_ms = NULL`); err != nil {
		return err
	}
	return tx.Exec(`UPDATE notify_notices SET given_up_ms = ?, error = 'the webhook was taken out of the settings'
		WHERE sent_ms IS NULL AND given_up_ms IS NULL`, now.UnixMilli())
}

// watchOnly begins to watch clusters that are new, and forgets all others.
func watchOnly(tx *store.Tx, now time.Time, clusters []string) error {
	names := []any{""} // no cluster has this name, and an empty list is no SQL
	for _, name := range clusters {
		names = append(names, name)
		if err := tx.Exec(`INSERT INTO notify_watched (cluster, since_ms) VALUES (?, ?) ON CONFLICT DO NOTHING`, name, now.UnixMilli()); err != nil {
			return err
		}
	}
	return tx.Exec(`DELETE FROM notify_watched WHERE cluster NOT IN (?`+strings.Repeat(", ?", len(clusters))+`)`, names...)
}

// watched is the state of a cluster as of its newest notices, also of those that the
// settings did not want.
type watched struct {
	Cluster   string
	Since     time.Time // it is watched from then on
	StaleFrom time.Time // zero while it is fresh
	TooSlow   bool      // the schedule, for the measured retention
	Doubt     bool      // the cluster's ages can't be judged
}

// watched returns the watched state of every cluster, by its name.
func (o outbox) watched(ctx context.Context) (map[string]*watched, error) {
	read, err := store.Read(ctx, o.archive, func(w *watched) []any {
		return []any{&w.Cluster, db.IntoTime{Time: &w.Since}, db.IntoTime{Time: &w.StaleFrom}, &w.TooSlow, &w.Doubt}
	}, `SELECT cluster, since_ms, stale_ms, too_slow, clock_doubt FROM notify_watched`)
	all := map[string]*watched{}
	for i := range read {
		all[read[i].Cluster] = &read[i]
	}
	return all, err
}

// turn stores the new state of a cluster together with its notice. The notice is nil if
// the settings do not want one.
func (o outbox) turn(ctx context.Context, cluster string, w *watched, n *notice) error {
	return o.archive.Write(ctx, func(tx *store.Tx) error {
		err := tx.One(`UPDATE notify_watched SET stale_ms = ?, too_slow = ?, clock_doubt = ? WHERE cluster = ?`,
			db.NullMillis(w.StaleFrom), w.TooSlow, w.Doubt, cluster)
		if err != nil || n == nil {
			return err
		}
		return tx.One(`INSERT INTO notify_notices (kind, cluster, noticed_ms, facts) VALUES (?, ?, ?, ?)`,
			string(n.Kind), n.Cluster, n.At.UnixMilli(), n.Facts)
	})
}

// listing has the times of a cluster's newest listings.
type listing struct {
	Cluster    string
	Complete   time.Time // when the newest complete one ended; zero: never
	Conclusive time.Time // when the newest complete or quick one ended, by the clock at that time
	runFacts
}

// listings returns the listing of every cluster in the archive, by its name.
func (o outbox) listings(ctx context.Context, now time.Time) (map[string]listing, error) {
	read, err := store.Listings(ctx, o.archive, now, func(l *listing) []any {
		return []any{&l.Cluster, db.IntoTime{Time: &l.Complete}, db.IntoTime{Time: &l.Conclusive}, &l.LastOutcome, &l.ErrorKind, &l.Error}
	})
	all := map[string]listing{}
	for _, l := range read {
		all[l.Cluster] = l
	}
	return all, err
}

// The limits of a post, so that any receiver accepts it.
const (
	noticesAtOnce = 100
	bytesAtOnce   = 128 << 10 // of facts
)

// waiting returns the notices of the next post, oldest first; none if none waits. The
// notices of an earlier attempt are one post again, because the receiver may have
// accepted it before a crash: its key must not change.
func (o outbox) waiting(ctx context.Context) ([]notice, error) {
	all, err := store.Read(ctx, o.archive, func(n *notice) []any {
		return []any{&n.ID, &n.Kind, &n.Cluster, db.IntoTime{Time: &n.At}, &n.Facts, &n.Attempts}
	}, `SELECT id, kind, cluster, noticed_ms, facts, attempts FROM notify_notices
		WHERE sent_ms IS NULL AND given_up_ms IS NULL ORDER BY id LIMIT ?`, noticesAtOnce)
	return firstPost(all), err
}

func firstPost(all []notice) []notice {
	size := 0
	for i := range all {
		size += len(all[i].Facts)
		if i > 0 && (size > bytesAtOnce || (all[i].Attempts > 0) != (all[0].Attempts > 0)) {
			return all[:i]
		}
	}
	return all
}

// attempt counts an attempt before it is made.
func (o outbox) attempt(ctx context.Context, post []notice) error {
	return o.archive.Write(ctx, func(tx *store.Tx) error { return updatePost(tx, post, `attempts = attempts + 1`) })
}

// sent stores that the webhook accepted a post.
func (o outbox) sent(ctx context.Context, post []notice, now time.Time) error {
	return o.archive.Write(ctx, func(tx *store.Tx) error {
		if err := updatePost(tx, post, `sent_ms = ?, error = NULL`, now.UnixMilli()); err != nil {
			return err
		}
		return tx.One(`UPDATE notify_outbox SET failures = 0, next_ms = NULL`)
	})
}

// failed stores why an attempt failed, when the next one may be made, and that
// the post is given up, unless givenUp is zero.
func (o outbox) failed(ctx context.Context, post []notice, why string, next, givenUp time.Time) error {
	return o.archive.Write(ctx, func(tx *store.Tx) error {
		if err := updatePost(tx, post, `error = ?, given_up_ms = ?`, why, db.NullMillis(givenUp)); err != nil {
			return err
		}
		return tx.One(`UPDATE notify_outbox SET failures = failures + 1, next_ms = ?`, next.UnixMilli())
	})
}

func updatePost(tx *store.Tx, post []notice, set string, args ...any) error {
	return tx.Exec(`UPDATE notify_notices SET `+set+` WHERE id BETWEEN ? AND ? AND sent_ms IS NULL AND given_up_ms IS NULL`,
		append(args, post[0].ID, post[len(post)-1].ID)...)
}

// removedAtOnce bounds how long a removal holds the writing connection.
const removedAtOnce = 500

// removeOld removes notices that were sent or given up before keep.
func (o outbox) removeOld(ctx context.Context, keep time.Time) error {
	return o.exec(ctx, `DELETE FROM notify_notices WHERE id IN (
		SELECT id FROM notify_notices WHERE coalesce(sent_ms, given_up_ms) < ? LIMIT ?)`, keep.UnixMilli(), removedAtOnce)
}

// pinged stores that the heartbeat of a round was accepted.
func (o outbox) pinged(ctx context.Context, round time.Time) error {
	return o.exec(ctx, `UPDATE notify_outbox SET round_ms = ?`, round.UnixMilli())
}

func (o outbox) exec(ctx context.Context, query string, args ...any) error {
	return o.archive.Write(ctx, func(tx *store.Tx) error { return tx.Exec(query, args...) })
}

// object spells a value as JSON, and < > & as they are: the escapes that
// encoding/json has for web pages would make notices six times as long.
func object(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}
