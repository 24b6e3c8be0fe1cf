package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// byNeed is the order in which a run asks for jobs. Why a job failed is what
// people miss most, and services forget finished jobs sooner than open ones.
var byNeed = [...]State{Failed, Cancelled, Completed, Running, Pending, Unknown}

// Undescribed implements [Store].
func (s *SQLite) Undescribed(ctx context.Context, cluster string, limit int) (all []Undescribed, err error) {
	defer explain(s.path, &err)
	for _, state := range byNeed {
		if all, err = s.undescribed(ctx, all, cluster, state, limit-len(all)); err != nil {
			return nil, fmt.Errorf("finding jobs of %s to ask for: %w", cluster, err)
		}
	}
	return all, nil
}

// undescribed finds jobs of one state. The index archive_jobs_unsettled has them in
// this order, so it reads no more rows than it returns.
func (s *SQLite) undescribed(ctx context.Context, all []Undescribed, cluster string, state State, limit int) ([]Undescribed, error) {
	if limit <= 0 {
		return all, nil
	}
	rows, err := s.reader.QueryContext(ctx, `SELECT seq, job_id FROM archive_jobs
		WHERE cluster = (SELECT id FROM archive_clusters WHERE name = ?) AND state = ?
			AND NOT pruned AND settled = 0 AND gone_ms IS NULL
		ORDER BY seq LIMIT ?`, cluster, string(state), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		u := Undescribed{State: state}
		if err := rows.Scan(&u.Seq, &u.ID); err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	return all, rows.Err()
}

// JobID implements [Store].
func (s *SQLite) JobID(ctx context.Context, cluster string, seq uint32) (id string, err error) {
	defer explain(s.path, &err)
	return jobID(ctx, s.reader, cluster, seq)
}

func jobID(ctx context.Context, reader *sql.DB, cluster string, seq uint32) (id string, err error) {
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

// Described implements [Store].
func (s *SQLite) Described(ctx context.Context, r *Run, all []Described) error {
	moved := false
	for i := range all {
		moved = moved || all[i].Moved != nil
	}
	var counted Run
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
		return one(w.exec(`UPDATE archive_runs SET described = described + ?, describe_failed = describe_failed + ?, moved = moved + ?
			WHERE id = ? AND finished_ms IS NOT NULL`, counted.Described, counted.DescribeFailed, counted.Moved, r.ID))
	}
	err := s.writing(ctx, func(conn *sql.Conn) error {
		if moved {
			return guarded(ctx, conn, r, store)
		}
		// Details alone change nothing that other processes decide on, so they
		// move no generation.
		return transact(ctx, conn, func(tx *transaction) error {
			w, err := newBatchWriter(tx, r)
			if err != nil {
				return err
			}
			if err := store(w); err != nil || w.newest.IsZero() {
				return err
			}
			if err := w.loads.store(w.transaction, w.cluster); err != nil {
				return err
			}
			return one(w.exec(`UPDATE archive_clusters SET newest_ms = max(newest_ms, ?) WHERE id = ?`, millis(w.newest), w.cluster))
		})
	})
	if err == nil {
		r.Count(all)
	}
	return err
}

func (w *batchWriter) described(d *Described) error {
	if d.Failed() {
		return nil
	}
	if d.Moved != nil {
		if err := w.change(d.Moved); err != nil {
			return err
		}
	}
	var state State
	var seen int64
	var settled, pruned bool
	var told sql.NullInt64
	described, err := w.text(d.raw())
	if err != nil {
		return err
	}
	err = w.row(`SELECT state, state_seen_ms, settled, told_ms, pruned FROM archive_jobs WHERE cluster = ? AND seq = ?`,
		[]any{w.cluster, d.Seq}, &state, &seen, &settled, &told, &pruned)
	if err != nil {
		return err
	}
	if pruned { // its row keeps only the word
		return one(w.exec(`UPDATE archive_jobs SET described_raw = coalesce(?, described_raw) WHERE cluster = ? AND seq = ?`,
			described, w.cluster, d.Seq))
	}
	news := false
	// Another process may have stored a later answer.
	if d.Details != nil && told.Int64 <= millis(d.Asked) {
		if news, err = w.details(d, told.Valid); err != nil {
			return err
		}
	}
	settles := settled || d.Settles(state, fromMillis(seen))
	if !news && settles == settled {
		return nil
	}
	if news {
		told = sql.NullInt64{Int64: millis(d.Told), Valid: true}
		if d.Told.After(w.newest) {
			w.newest = d.Told
		}
	}
	return one(w.exec(`UPDATE archive_jobs SET settled = ?, told_ms = ?, described_raw = iif(?, coalesce(?, described_raw), described_raw)
		WHERE cluster = ? AND seq = ?`, settles, told, news, described, w.cluster, d.Seq))
}

// details stores what is new in an answer, and reports whether anything is.
func (w *batchWriter) details(d *Described, again bool) (news bool, err error) {
	var was *Details
	if again {
		if was, err = w.toldBefore(d.Seq); err != nil {
			return false, err
		}
	}
	now, news := d.Details.After(was)
	if !news {
		return false, nil
	}
	if err := w.loads.count(w.transaction, w.cluster, int64(d.Seq), -1); err != nil {
		return false, err
	}
	raw, err := w.text(now.RawState)
	if err != nil {
		return false, err
	}
	_, err = w.exec(`INSERT OR REPLACE INTO archive_details (cluster, seq, asked_ms, told_ms, raw_state, progress, progress_raw, reason,
			file_name, file_size, total_rows, imported_rows, created_ms, completed_ms, extra)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		w.cluster, d.Seq, millis(d.Asked), millis(d.Told), raw, number(now.Progress), nullText(now.ProgressRaw), nullText(now.Reason),
		nullText(now.FileName), now.FileSize, now.TotalRows, now.ImportedRows,
		nullMillis(now.CreatedAt), nullMillis(now.CompletedAt), nullText(now.Extra))
	if err != nil {
		return false, err
	}
	for i := range now.Files { // REPLACE has deleted the files of the answer before
		if err := w.file(d.Seq, i+1, &now.Files[i]); err != nil {
			return false, err
		}
	}
	return true, w.loads.count(w.transaction, w.cluster, int64(d.Seq), 1)
}

func (w *batchWriter) file(seq uint32, n int, f *File) error {
	raw, err := w.text(f.RawState)
	if err != nil {
		return err
	}
	_, err = w.exec(`INSERT INTO archive_files (cluster, seq, n, name, size, total_rows, imported_rows, raw_state,
			progress, progress_raw, reason, completed_ms, extra)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		w.cluster, seq, n, nullText(f.Name), f.Size, f.TotalRows, f.ImportedRows, raw,
		number(f.Progress), nullText(f.ProgressRaw), nullText(f.Reason), nullMillis(f.CompletedAt), nullText(f.Extra))
	return err
}

// toldBefore reads the answer that the archive has of a job.
func (w *batchWriter) toldBefore(seq uint32) (*Details, error) {
	var d Details
	var raw, progressRaw, reason, name, extra sql.NullString
	var created, completed sql.NullInt64
	err := w.row(`SELECT t.text, progress, progress_raw, reason, file_name, file_size, total_rows, imported_rows, created_ms, completed_ms, extra
		FROM archive_details AS d LEFT JOIN archive_texts AS t ON t.id = d.raw_state WHERE cluster = ? AND seq = ?`, []any{w.cluster, seq},
		&raw, &d.Progress, &progressRaw, &reason, &name, &d.FileSize, &d.TotalRows, &d.ImportedRows, &created, &completed, &extra)
	if err != nil {
		return nil, err
	}
	d.RawState, d.ProgressRaw, d.Reason, d.FileName, d.Extra = raw.String, progressRaw.String, reason.String, name.String, extra.String
	d.CreatedAt, d.CompletedAt = fromNullMillis(created), fromNullMillis(completed)
	rows, err := w.query(`SELECT name, size, total_rows, imported_rows, t.text, progress, progress_raw, reason, completed_ms, extra
		FROM archive_files AS f LEFT JOIN archive_texts AS t ON t.id = f.raw_state WHERE cluster = ? AND seq = ? ORDER BY n`, w.cluster, seq)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var f File
		if err := rows.Scan(&name, &f.Size, &f.TotalRows, &f.ImportedRows, &raw, &f.Progress, &progressRaw, &reason, &completed, &extra); err != nil {
			return nil, err
		}
		f.Name, f.RawState, f.ProgressRaw, f.Reason, f.Extra = name.String, raw.String, progressRaw.String, reason.String, extra.String
		f.CompletedAt = fromNullMillis(completed)
		d.Files = append(d.Files, f)
	}
	return &d, rows.Err()
}
