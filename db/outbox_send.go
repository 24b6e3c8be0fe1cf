package db

import (
	"context"
	"database/sql"
	"time"
)

// What one message has at most, so that any receiver takes it.
const (
	noticesAtOnce = 100
	bytesAtOnce   = 128 << 10
)

// Parcel is a run of notices that are sent together.
type Parcel struct {
	Archive string // tells this archive's notices from another's; it stays
	Notices []Notice
}

// Claim gives what is to be sent now, oldest first, and counts the attempt
// before it is made. What an attempt was counted for comes again as the same
// parcel until it is done with, so that a receiver that is sent it twice can
// tell; nothing goes before it. A next attempt that lies further off than the
// longest wait was set by a clock that was wrong, and is due.
func (o *Outbox) Claim(ctx context.Context, now time.Time, longestWait time.Duration) (p *Parcel, err error) {
	var next sql.NullInt64
	err = o.look(ctx, `SELECT next_ms FROM archive_notices WHERE next_ms IS NOT NULL ORDER BY id LIMIT 1`, nil, &next)
	wait := fromMillis(next.Int64).Sub(now)
	if err != nil || !next.Valid || wait > 0 && wait <= longestWait {
		return nil, err
	}
	err = o.s.transact(ctx, func(tx *transaction) error {
		p = &Parcel{}
		if err := tx.row(`SELECT id FROM archive_identity`, nil, &p.Archive); err != nil {
			return err
		}
		if p.Notices, err = waiting(tx); err != nil || len(p.Notices) == 0 {
			return err
		}
		_, err := tx.exec(`UPDATE archive_notices SET attempts = attempts + 1 WHERE id BETWEEN ? AND ? AND next_ms IS NOT NULL`,
			p.Notices[0].ID, p.Notices[len(p.Notices)-1].ID)
		return err
	})
	if err != nil || len(p.Notices) == 0 {
		return nil, err
	}
	return p, nil
}

// waiting gives the oldest notices that are waiting and fit into one parcel:
// those that an attempt was made for, or else new ones.
func waiting(tx *transaction) (all []Notice, err error) {
	st, err := tx.prepare(`SELECT id, kind, cluster, at_ms, facts, attempts FROM archive_notices WHERE next_ms IS NOT NULL ORDER BY id LIMIT ?`)
	if err != nil {
		return nil, err
	}
	rows, err := st.Query(noticesAtOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for size := 0; rows.Next(); {
		var n Notice
		var at int64
		var facts []byte
		if err := rows.Scan(&n.ID, &n.Kind, &n.Cluster, &at, &facts, &n.Attempts); err != nil {
			return nil, err
		}
		n.At, n.Facts = fromMillis(at), facts
		n.Attempts++
		size += len(facts)
		if len(all) > 0 && (size > bytesAtOnce || (n.Attempts > 1) != (all[0].Attempts > 1)) {
			break
		}
		all = append(all, n)
	}
	return all, rows.Err()
}

// Sent stores that a parcel was taken.
func (o *Outbox) Sent(ctx context.Context, p *Parcel, now time.Time) error {
	return o.settle(ctx, p, `UPDATE archive_notices SET next_ms = NULL, sent_ms = ?, error = NULL`, millis(now))
}

// Failed stores why a parcel was not taken, and when to try again.
func (o *Outbox) Failed(ctx context.Context, p *Parcel, why string, next time.Time) error {
	return o.settle(ctx, p, `UPDATE archive_notices SET error = ?, next_ms = ?`, why, millis(next))
}

// GiveUp stores that a parcel won't be tried again, and why.
func (o *Outbox) GiveUp(ctx context.Context, p *Parcel, why string, now time.Time) error {
	return o.settle(ctx, p, `UPDATE archive_notices SET error = ?, next_ms = NULL, given_up_ms = ?`, why, millis(now))
}

func (o *Outbox) settle(ctx context.Context, p *Parcel, update string, args ...any) error {
	return o.s.transact(ctx, func(tx *transaction) error {
		args = append(args, p.Notices[0].ID, p.Notices[len(p.Notices)-1].ID)
		_, err := tx.exec(update+` WHERE id BETWEEN ? AND ? AND next_ms IS NOT NULL`, args...)
		return err
	})
}

// sweptAtOnce bounds how long sweeping holds the writing connection.
const sweptAtOnce = 500

// Sweep removes notices that were done with before a time, some at once, and
// says whether there may be more.
func (o *Outbox) Sweep(ctx context.Context, before time.Time) (more bool, err error) {
	const done = ` FROM archive_notices WHERE next_ms IS NULL AND coalesce(sent_ms, given_up_ms) < ?`
	if err := o.look(ctx, `SELECT EXISTS (SELECT 1`+done+`)`, []any{millis(before)}, &more); err != nil || !more {
		return false, err
	}
	var n int64
	err = o.s.transact(ctx, func(tx *transaction) error {
		n, err = affected(tx.exec(`DELETE FROM archive_notices WHERE id IN (SELECT id`+done+` LIMIT ?)`, millis(before), sweptAtOnce))
		return err
	})
	return n == sweptAtOnce, err
}
