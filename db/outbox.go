package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"
)

// NoticeKind says what a notice tells of.
type NoticeKind string

// The kinds of notice.
const (
	NoticeFailed    NoticeKind = "failed"    // a job failed
	NoticeLost      NoticeKind = "lost"      // a job went away unfinished
	NoticeFound     NoticeKind = "found"     // a lost job is listed again: it takes NoticeLost back
	NoticeStale     NoticeKind = "stale"     // a cluster turned stale
	NoticeRecovered NoticeKind = "recovered" // a stale cluster is fresh again
	NoticeRetention NoticeKind = "retention" // the schedule turned out too slow for what the service keeps, or quick enough again
)

// NoticeKinds lists every kind that can be switched on. NoticeFound goes with
// NoticeLost.
var NoticeKinds = [...]NoticeKind{NoticeFailed, NoticeLost, NoticeStale, NoticeRecovered, NoticeRetention}

// Notice is something that somebody is to be told.
type Notice struct {
	ID       int64
	Kind     NoticeKind
	Cluster  string
	At       time.Time       // when it was noticed
	Facts    json.RawMessage // an object; it never changes
	Attempts int             // to send it, the present one included
}

// Outbox keeps what is to be told until it has been told. It is for one
// service; what it does takes the writing connection for some milliseconds.
//
// Transitions are told by their ids, which are a cursor: it moves on in the
// transaction that makes notices of them, so that each is told once, whatever
// crashes. What is told of a cluster is stored with what was last told of it.
type Outbox struct{ s *SQLite }

// Outbox gives the archive's outbox.
func (s *SQLite) Outbox() *Outbox { return &Outbox{s} }

// Begin makes the outbox ready for a service that tells of these clusters,
// pings, or both. What was there before somebody was to be told is not news;
// what was not told when telling was switched off is given up.
func (o *Outbox) Begin(ctx context.Context, now time.Time, tell, ping bool, clusters []string) error {
	if !tell && !ping {
		var used bool
		if err := o.look(ctx, `SELECT EXISTS (SELECT 1 FROM archive_outbox)`, nil, &used); err != nil || !used {
			return err // whoever never used it is not written to
		}
	}
	return o.s.transact(ctx, func(tx *transaction) error {
		_, err := tx.exec(`INSERT INTO archive_outbox (one) VALUES (1) ON CONFLICT DO NOTHING`)
		if err != nil {
			return err
		}
		if ping {
			_, err = tx.exec(`UPDATE archive_outbox SET round_ms = coalesce(round_ms, ?)`, millis(now))
		} else {
			_, err = tx.exec(`UPDATE archive_outbox SET round_ms = NULL`)
		}
		if err != nil {
			return err
		}
		if tell {
			return beginTelling(tx, now, clusters)
		}
		return stopTelling(tx, now)
	})
}

func beginTelling(tx *transaction, now time.Time, clusters []string) error {
	// The sequence, because the newest transitions may have been pruned.
	_, err := tx.exec(`UPDATE archive_outbox SET cursor = coalesce(cursor,
		(SELECT seq FROM sqlite_sequence WHERE name = 'archive_transitions'), 0)`)
	if err != nil {
		return err
	}
	for _, name := range clusters {
		if _, err := tx.exec(`INSERT INTO archive_watched (cluster, since_ms) VALUES (?, ?) ON CONFLICT DO NOTHING`, name, millis(now)); err != nil {
			return err
		}
	}
	names, err := json.Marshal(append([]string{}, clusters...)) // nil would be null, and null is no list
	if err != nil {
		return err
	}
	_, err = tx.exec(`DELETE FROM archive_watched WHERE cluster NOT IN (SELECT value FROM json_each(?))`, string(names))
	return err
}

func stopTelling(tx *transaction, now time.Time) error {
	for _, text := range []string{`UPDATE archive_outbox SET cursor = NULL`, `DELETE FROM archive_watched`} {
		if _, err := tx.exec(text); err != nil {
			return err
		}
	}
	_, err := tx.exec(`UPDATE archive_notices SET next_ms = NULL, given_up_ms = ?, error = 'the webhook was taken out of the settings'
		WHERE next_ms IS NOT NULL`, millis(now))
	return err
}

// Watched is what was last told of a cluster, or would have been.
type Watched struct {
	Cluster   string
	Since     time.Time // watched from then on
	StaleFrom time.Time // zero while it is fresh
	TooSlow   bool      // the schedule, for the measured retention
}

// Watched gives what was last told of each cluster that is watched.
func (o *Outbox) Watched(ctx context.Context) (all []Watched, err error) {
	defer explain(o.s.path, &err)
	rows, err := o.s.reader.QueryContext(ctx, `SELECT cluster, since_ms, stale_ms, too_slow FROM archive_watched ORDER BY cluster`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var w Watched
		var since int64
		var stale sql.NullInt64
		if err := rows.Scan(&w.Cluster, &since, &stale, &w.TooSlow); err != nil {
			return nil, err
		}
		w.Since, w.StaleFrom = fromMillis(since), fromNullMillis(stale)
		all = append(all, w)
	}
	return all, rows.Err()
}

// Turn stores what is now the case with a cluster, together with the notice
// that tells of it; nil for a turn that nobody wants to be told of.
func (o *Outbox) Turn(ctx context.Context, now Watched, n *Notice) error {
	return o.s.transact(ctx, func(tx *transaction) error {
		err := one(tx.exec(`UPDATE archive_watched SET stale_ms = ?, too_slow = ? WHERE cluster = ?`,
			nullMillis(now.StaleFrom), now.TooSlow, now.Cluster))
		if err != nil || n == nil {
			return err
		}
		_, err = tx.exec(`INSERT INTO archive_notices (kind, cluster, at_ms, next_ms, facts) VALUES (?, ?, ?3, ?3, ?)`,
			string(n.Kind), now.Cluster, millis(n.At), string(n.Facts))
		return err
	})
}

// Listing is what the archive says of how a cluster was last looked at.
type Listing struct {
	Complete         time.Time // when its newest complete listing ended; zero: never
	Looked           time.Time // when its newest complete or quick one did
	Outcome          Outcome   // of its newest run that has ended; "" for none
	ErrorKind, Error string    // what was wrong with that
}

// Listings gives that of every cluster that the archive has, by its name.
func (o *Outbox) Listings(ctx context.Context) (all map[string]Listing, err error) {
	defer explain(o.s.path, &err)
	rows, err := o.s.reader.QueryContext(ctx, `
		SELECT c.name, c.complete_finished_ms, c.conclusive_ms, coalesce(r.outcome, ''), coalesce(r.error_kind, ''), coalesce(substr(r.error, 1, 500), '')
		FROM archive_clusters AS c
		LEFT JOIN archive_runs AS r ON r.id = (SELECT id FROM archive_runs WHERE cluster = c.id AND outcome IS NOT NULL
			ORDER BY started_at DESC, id DESC LIMIT 1)`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all = map[string]Listing{}
	for rows.Next() {
		var name string
		var complete, looked sql.NullInt64
		var l Listing
		if err := rows.Scan(&name, &complete, &looked, &l.Outcome, &l.ErrorKind, &l.Error); err != nil {
			return nil, err
		}
		l.Complete, l.Looked = fromNullMillis(complete), fromNullMillis(looked)
		all[name] = l
	}
	return all, rows.Err()
}

// Round gives the newest complete listing of the round that was pinged last,
// or when pinging was begun; zero before that.
func (o *Outbox) Round(ctx context.Context) (time.Time, error) {
	var round sql.NullInt64
	err := o.look(ctx, `SELECT round_ms FROM archive_outbox`, nil, &round)
	return fromNullMillis(round), err
}

// Pinged stores that a round was pinged.
func (o *Outbox) Pinged(ctx context.Context, round time.Time) error {
	return o.s.transact(ctx, func(tx *transaction) error {
		return one(tx.exec(`UPDATE archive_outbox SET round_ms = ?`, millis(round)))
	})
}

// look reads one row, without the writing connection; none leaves dest as it
// was.
func (o *Outbox) look(ctx context.Context, query string, args []any, dest ...any) (err error) {
	defer explain(o.s.path, &err)
	err = o.s.reader.QueryRowContext(ctx, query, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
