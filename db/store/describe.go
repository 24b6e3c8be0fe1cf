package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"importarchive/db"
	"importarchive/db/rows"
)

// byNeed is the order in which jobs are queried. Why a job failed is wanted most,
// and services forget finished jobs first.
var byNeed = [...]db.State{db.Failed, db.Cancelled, db.Completed, db.Running, db.Pending, db.Unknown}

// Undescribed implements [db.Store].
func (s *Store) Undescribed(ctx context.Context, cluster string, limit int) (all []db.Undescribed, err error) {
	defer s.Engine.Explain(&err)
	for _, state := range byNeed {
		if all, err = s.undescribed(ctx, all, cluster, state, limit-len(all)); err != nil {
			return nil, fmt.Errorf("finding jobs of %s to ask for: %w", cluster, err)
		}
	}
	return all, nil
}

// undescribed reads one state at a time in the order of archive_jobs_unsettled,
// so it reads no more rows than it returns.
func (s *Store) undescribed(ctx context.Context, all []db.Undescribed, cluster string, state db.State, limit int) ([]db.Undescribed, error) {
	if limit <= 0 {
		return all, nil
	}
	found, err := rows.All(ctx, s.Reader, func(u *db.Undescribed) []any {
		u.State = state
		return []any{&u.Seq, &u.ID}
	}, `SELECT seq, job_id FROM archive_jobs
		WHERE cluster = (SELECT id FROM archive_clusters WHERE name = ?) AND state = ?
			AND NOT pruned AND settled = 0 AND gone_ms IS NULL
		ORDER BY seq LIMIT ?`, cluster, string(state), limit)
	return append(all, found...), err
}

// JobID implements [db.Store].
func (s *Store) JobID(ctx context.Context, cluster string, seq uint32) (id string, err error) {
	defer s.Engine.Explain(&err)
	return JobID(ctx, s.Reader, cluster, seq)
}

// JobID returns the id of a job by its number, "" where the archive has none of that
// number.
func JobID(ctx context.Context, reader *sql.DB, cluster string, seq uint32) (id string, err error) {
	err = reader.QueryRowContext(ctx, `SELECT job_id FROM archive_jobs
		WHERE cluster = (SELECT id FROM archive_clusters WHERE name = ?) AND seq = ?`, cluster, seq).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("looking up job %d of %s: %w", seq, cluster, err)
	}
	return id, nil
}

// Described implements [db.Store].
func (s *Store) Described(ctx context.Context, r *db.Run, all []db.Described) error {
	moved := false
	for i := range all {
		moved = moved || all[i].Moved != nil
	}
	var counted db.Run
	counted.Count(all)
	store := func(w *batchWriter) error {
		for i := range all {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := w.described(&all[i]); err != nil {
				return fmt.Errorf("storing the details of job %d: %w", all[i].Seq, err)
			}
		}
		return w.One(`UPDATE archive_runs SET described = described + ?, describe_failed = describe_failed + ?, moved = moved + ?
			WHERE id = ? AND finished_ms IS NOT NULL`, counted.Described, counted.DescribeFailed, counted.Moved, r.ID)
	}
	err := s.Writing(ctx, func(conn *sql.Conn) error {
		if moved {
			return guarded(ctx, conn, r, store)
		}
		// No decision depends on what is known, so what other processes know stays
		// true, and the generation stays.
		return transact(ctx, conn, func(tx *Tx) error {
			w, err := newBatchWriter(tx, r)
			if err != nil {
				return err
			}
			if err := store(w); err != nil || w.newest.IsZero() {
				return err
			}
			return w.flush()
		})
	})
	if err == nil {
		r.Count(all)
	}
	return err
}

func (w *batchWriter) described(d *db.Described) error {
	if d.Failed() {
		return nil
	}
	if d.Moved != nil {
		if err := w.change(d.Moved); err != nil {
			return err
		}
	}
	var state db.State
	var seen int64
	var settled, pruned bool
	var describedAt sql.NullInt64
	described, err := w.text(d.RawState())
	if err != nil {
		return err
	}
	err = w.Row(`SELECT state, state_seen_ms, settled, described_ms, pruned FROM archive_jobs WHERE cluster = ? AND seq = ?`,
		[]any{w.cluster, d.Seq}, &state, &seen, &settled, &describedAt, &pruned)
	if err != nil {
		return err
	}
	if pruned { // the row of a pruned job keeps only the word
		return w.One(`UPDATE archive_jobs SET described_raw = coalesce(?, described_raw) WHERE cluster = ? AND seq = ?`,
			described, w.cluster, d.Seq)
	}
	news := false
	// Another process may have stored a later answer.
	if d.Details != nil && describedAt.Int64 <= db.Millis(d.Asked) {
		if news, err = w.details(d, describedAt.Valid); err != nil {
			return err
		}
	}
	settles := settled || d.Settles(state, db.FromMillis(seen))
	if !news && settles == settled {
		return nil
	}
	if news {
		describedAt = sql.NullInt64{Int64: db.Millis(d.Received), Valid: true}
		if d.Received.After(w.newest) {
			w.newest = d.Received
		}
	}
	return w.One(`UPDATE archive_jobs SET settled = ?, described_ms = ?, described_raw = iif(?, coalesce(?, described_raw), described_raw)
		WHERE cluster = ? AND seq = ?`, settles, describedAt, news, described, w.cluster, d.Seq)
}

// details stores what is new in an answer, and reports whether there is anything.
func (w *batchWriter) details(d *db.Described, again bool) (news bool, err error) {
	var was *db.Details
	if again {
		if was, err = w.storedDetails(d.Seq); err != nil {
			return false, err
		}
	}
	now, news := d.Details.After(was)
	if !news {
		return false, nil
	}
	if err := w.sums.CountLoad(w.Tx, w.cluster, int64(d.Seq), -1); err != nil {
		return false, err
	}
	raw, err := w.text(now.RawState)
	if err != nil {
		return false, err
	}
	err = w.Exec(`INSERT OR REPLACE INTO archive_details (cluster, seq, asked_ms, described_ms, raw_state, progress, progress_raw, reason,
			file_name, file_size, total_rows, imported_rows, created_ms, completed_ms, extra)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		w.cluster, d.Seq, db.Millis(d.Asked), db.Millis(d.Received), raw, number(now.Progress), db.NullText(now.ProgressRaw), db.NullText(now.Reason),
		db.NullText(now.FileName), now.FileSize, now.TotalRows, now.ImportedRows,
		db.NullMillis(now.CreatedAt), db.NullMillis(now.CompletedAt), db.NullText(now.Extra))
	if err != nil {
		return false, err
	}
	for i := range now.Files { // replacing the details deleted the previous files
		if err := w.file(d.Seq, i+1, &now.Files[i]); err != nil {
			return false, err
		}
	}
	return true, w.sums.CountLoad(w.Tx, w.cluster, int64(d.Seq), 1)
}

func (w *batchWriter) file(seq uint32, n int, f *db.File) error {
	raw, err := w.text(f.RawState)
	if err != nil {
		return err
	}
	err = w.Exec(`INSERT INTO archive_files (cluster, seq, n, name, size, total_rows, imported_rows, raw_state,
			progress, progress_raw, reason, completed_ms, extra)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		w.cluster, seq, n, db.NullText(f.Name), f.Size, f.TotalRows, f.ImportedRows, raw,
		number(f.Progress), db.NullText(f.ProgressRaw), db.NullText(f.Reason), db.NullMillis(f.CompletedAt), db.NullText(f.Extra))
	return err
}

// storedDetails reads the newest answer about a job.
func (w *batchWriter) storedDetails(seq uint32) (*db.Details, error) {
	var d db.Details
	err := w.Row(`SELECT coalesce(t.text, ''), progress, coalesce(progress_raw, ''), coalesce(reason, ''), coalesce(file_name, ''),
			file_size, total_rows, imported_rows, created_ms, completed_ms, coalesce(extra, '')
		FROM archive_details AS d LEFT JOIN archive_texts AS t ON t.id = d.raw_state WHERE cluster = ? AND seq = ?`, []any{w.cluster, seq},
		&d.RawState, &d.Progress, &d.ProgressRaw, &d.Reason, &d.FileName,
		&d.FileSize, &d.TotalRows, &d.ImportedRows, db.IntoTime{Time: &d.CreatedAt}, db.IntoTime{Time: &d.CompletedAt}, &d.Extra)
	if err != nil {
		return nil, err
	}
	files, err := w.Query(`SELECT coalesce(name, ''), size, total_rows, imported_rows, coalesce(t.text, ''),
			progress, coalesce(progress_raw, ''), coalesce(reason, ''), completed_ms, coalesce(extra, '')
		FROM archive_files AS f LEFT JOIN archive_texts AS t ON t.id = f.raw_state WHERE cluster = ? AND seq = ? ORDER BY n`, w.cluster, seq)
	if err != nil {
		return nil, err
	}
	d.Files, err = rows.Collect(files, func(f *db.File) []any {
		return []any{
			&f.Name, &f.Size, &f.TotalRows, &f.ImportedRows, &f.RawState,
			&f.Progress, &f.ProgressRaw, &f.Reason,
			db.IntoTime{Time: &f.CompletedAt},
			&f.Extra,
		}
	})
	return &d, err
}
