package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Known implements [Store].
func (s *SQLite) Known(ctx context.Context, cluster string) (k *Known, err error) {
	defer explain(s.path, &err)
	return LoadKnown(ctx, s.reader, cluster)
}

// LoadKnown reads what must be remembered of a cluster from one consistent
// state of an archive. A nil reader is an archive that isn't there yet.
func LoadKnown(ctx context.Context, reader *sql.DB, cluster string) (k *Known, err error) {
	if reader == nil {
		return NewKnown(), nil
	}
	// The transaction itself listens to no context (see transaction.go); what
	// takes long asks it in between.
	tx, err := reader.BeginTx(context.WithoutCancel(ctx), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	var id, newest, generation int64
	var next uint32
	var completeStart sql.NullInt64
	err = tx.QueryRow(`SELECT id, generation, next_seq, complete_started_ms, newest_ms FROM archive_clusters WHERE name = ?`, cluster).
		Scan(&id, &generation, &next, &completeStart, &newest)
	if errors.Is(err, sql.ErrNoRows) {
		return NewKnown(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading cluster %q: %w", cluster, err)
	}
	k = newKnown(int(next - 1))
	k.Generation, k.CompleteStart, k.Newest = generation, fromNullMillis(completeStart), fromMillis(newest)
	if err := loadJobs(ctx, tx, k, id); err != nil {
		return nil, fmt.Errorf("reading the jobs of cluster %q: %w", cluster, err)
	}
	k.leaveOutBefore(next)
	k.noteTidy()
	return k, nil
}

func loadJobs(ctx context.Context, tx *sql.Tx, k *Known, cluster int64) error {
	texts, err := loadTexts(tx)
	if err != nil {
		return err
	}
	// Both tables stand in the order of seq, so they are merged, not sorted.
	rows, err := tx.Query(`SELECT seq, job_id, collection, state, raw_state, progress, reason, extra, asked_ms, seen_ms, misses, gone_ms, 0
		FROM archive_jobs WHERE cluster = ?1
		UNION ALL
		SELECT seq, job_id, collection, state, raw_state, NULL, NULL, NULL, asked_ms, seen_ms, misses, gone_ms, 1
		FROM archive_pruned WHERE cluster = ?1
		ORDER BY seq`, cluster)
	if err != nil {
		return err
	}
	defer rows.Close()
	pages := map[sighting]uint32{}
	for n := 0; rows.Next(); n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := loadJob(rows, k, texts, pages); err != nil {
			return err
		}
	}
	return rows.Err()
}

func loadTexts(tx *sql.Tx) (map[int64]string, error) {
	rows, err := tx.Query(`SELECT id, text FROM archive_texts`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	texts := map[int64]string{}
	for rows.Next() {
		var id int64
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return nil, err
		}
		texts[id] = text
	}
	return texts, rows.Err()
}

func loadJob(rows *sql.Rows, k *Known, texts map[int64]string, pages map[sighting]uint32) error {
	var (
		id, state                  sql.RawBytes
		seq                        uint32
		misses                     uint8
		collection, rawState, gone sql.NullInt64
		progress                   sql.NullFloat64
		reason, extra              sql.NullString
		asked, seen                int64
		pruned                     bool
	)
	err := rows.Scan(&seq, &id, &collection, &state, &rawState, &progress, &reason, &extra, &asked, &seen, &misses, &gone, &pruned)
	if err != nil {
		return err
	}
	k.leaveOutBefore(seq)
	e := k.add(hash(k, id))
	if e.Seq != seq {
		return fmt.Errorf("two jobs have the number %d", seq)
	}
	e.SetMisses(misses)
	e.Mark(gone.Valid, pruned)
	j := Job{
		State: knownState(state), RawState: texts[rawState.Int64], Collection: texts[collection.Int64],
		Reason: reason.String, Extra: extra.String,
	}
	if progress.Valid {
		j.Progress = &progress.Float64
	}
	k.Remember(e, &j)

	// Most jobs were last seen in the newest complete listing, and need no
	// sighting of their own, unless details told of one since. Of a gone one,
	// the newest news is its absence.
	s := Sighting{fromMillis(asked), fromMillis(seen)}
	if gone.Valid {
		s.Seen = fromMillis(gone.Int64)
	}
	if misses == 0 && !s.Asked.After(k.CompleteStart) && !s.Seen.After(k.CompleteStart) {
		return nil
	}
	in := sighting{millis(s.Asked), millis(s.Seen)}
	page, ok := pages[in]
	if !ok {
		if len(pages) == 4096 { // in an archive of years nearly every job may have its own
			clear(pages)
		}
		page = k.Saw(s)
		pages[in] = page
	}
	*e.sighting() = page
	return nil
}

// knownState saves an allocation a job: the CHECK in the schema lets no other
// word through.
func knownState(b []byte) State {
	for _, s := range States {
		if string(s) == string(b) {
			return s
		}
	}
	return Unknown
}
