package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"importarchive/db"
)

// Known implements [db.Store].
func (s *Store) Known(ctx context.Context, cluster string) (k *db.Known, err error) {
	defer s.Engine.Explain(&err)
	return LoadKnown(ctx, s.Reader, cluster)
}

// LoadKnown loads the Known of a cluster from one consistent state of an archive. A
// nil reader stands for an archive that isn't there yet.
func LoadKnown(ctx context.Context, reader *sql.DB, cluster string) (k *db.Known, err error) {
	if reader == nil {
		return db.NewKnown(), nil
	}
	conn, err := reader.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	// The transaction itself ignores the context (see transaction.go), so long
	// loops check it in between.
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	var id, generation int64
	var next uint32
	var completeStart, newest time.Time
	err = tx.QueryRow(`SELECT id, generation, next_seq, complete_started_ms, newest_ms FROM archive_clusters WHERE name = ?`, cluster).
		Scan(&id, &generation, &next, db.IntoTime{Time: &completeStart}, db.IntoTime{Time: &newest})
	if errors.Is(err, sql.ErrNoRows) {
		return db.NewKnown(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading cluster %q: %w", cluster, err)
	}
	k = db.NewKnownFor(int(next - 1))
	k.Generation, k.CompleteStart, k.Newest = generation, completeStart, newest
	texts, radix, err := loadTexts(tx)
	if err != nil {
		return nil, err
	}
	l := &loading{conn: conn, cluster: id, known: k, texts: texts, radix: radix, variants: map[int64]uint32{}, pages: map[page]uint32{}}
	if err := l.jobs(ctx); err != nil {
		return nil, fmt.Errorf("reading the jobs of cluster %q: %w", cluster, err)
	}
	k.Loaded(next)
	return k, nil
}

// loadTexts returns the texts by their ids, and a number greater than any id.
func loadTexts(tx *sql.Tx) (texts map[int64]string, radix int64, err error) {
	rows, err := tx.Query(`SELECT id, text FROM archive_texts`)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	texts = map[int64]string{}
	for rows.Next() {
		var id int64
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return nil, 0, err
		}
		texts[id] = text
		radix = max(radix, id)
	}
	return texts, radix + 1, rows.Err()
}
