package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"importarchive/db/sqlite"
)

// Build makes an archive of this shape at a path where there is no file.
func Build(ctx context.Context, path string, s Shape) (err error) {
	if s.Every == 0 {
		s.Every = time.Hour
	}
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("building %s: it is there already", path)
	}
	// Renamed at the end: what was cut short is never taken for an archive.
	part := path + ".part"
	if err := errors.Join(remove(part), create(ctx, part)); err != nil {
		return fmt.Errorf("building %s: %w", path, err)
	}
	if err := fill(ctx, part, s); err != nil {
		return errors.Join(fmt.Errorf("building %s: %w", path, err), remove(part))
	}
	return errors.Join(os.Rename(part, path), remove(part))
}

// create makes an empty archive, with the schema that the program has.
func create(ctx context.Context, path string) error {
	st, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return err
	}
	return st.Close()
}

func remove(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", ".writers"} {
		if err := os.Remove(path + suffix); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func fill(ctx context.Context, path string, s Shape) (err error) {
	file, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	conn, err := file.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()

	// No other process has the file, and a power cut costs only time. Verify
	// proves the CHECKs later.
	quick := `PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -500000;
		PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; BEGIN`
	if _, err := conn.ExecContext(ctx, quick); err != nil {
		return err
	}
	indexes, err := dropIndexes(ctx, conn)
	if err != nil {
		return fmt.Errorf("dropping the indexes: %w", err)
	}
	b, err := newBuilder(ctx, conn, s)
	if err != nil {
		return err
	}
	if err := b.all(ctx, conn); err != nil {
		return err
	}
	for _, index := range append(indexes, "COMMIT", "PRAGMA journal_mode = WAL") {
		if _, err := conn.ExecContext(ctx, index); err != nil {
			return fmt.Errorf("%s: %w", index, err)
		}
	}
	return nil
}

// dropIndexes returns the statements that make them again. Sorting tens of
// millions of keys once is many times quicker than keeping them sorted.
func dropIndexes(ctx context.Context, conn *sql.Conn) (make []string, err error) {
	found, err := conn.QueryContext(ctx, `SELECT name, sql FROM sqlite_schema
		WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('archive_jobs', 'archive_transitions')`)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var names []string
	for found.Next() {
		var name, text string
		if err := found.Scan(&name, &text); err != nil {
			return nil, err
		}
		names, make = append(names, name), append(make, text)
	}
	if err := errors.Join(found.Err(), found.Close()); err != nil {
		return nil, err
	}
	for _, name := range names {
		if _, err := conn.ExecContext(ctx, "DROP INDEX "+name); err != nil {
			return nil, err
		}
	}
	return make, nil
}

// builder fills the tables, in the order of time.
type builder struct {
	shape  Shape
	chance chance
	every  int64 // milliseconds
	looks  int   // runs of each cluster
	made   int   // jobs
	run    int64 // the newest
	sums   *sums

	texts, runs, jobs, details, transitions, gaps, rejects *rows
}

func newBuilder(ctx context.Context, conn *sql.Conn, s Shape) (*builder, error) {
	b := &builder{
		shape: s, chance: chance{rand.New(rand.NewPCG(s.Seed, 1))}, sums: newSums(),
		every: s.Every.Milliseconds(), looks: int(year / s.Every),
	}
	var err error
	for _, t := range []struct {
		rows           **rows
		table, columns string
	}{
		{&b.texts, "archive_texts", "id, text"},
		{&b.runs, "archive_runs", `id, cluster, trigger, started_ms, finished_ms, outcome, pages, requests, retries, listed,
			appeared, moved, gone, returned, rejected, error_kind, error, expected_s`},
		{&b.jobs, "archive_jobs", `cluster, seq, job_id, collection, state, raw_state, progress, extra,
			appeared_after_ms, first_seen_ms, state_after_ms, state_seen_ms, asked_ms, seen_ms, misses, missed_ms, gone_ms, settled, described_ms`},
		{&b.details, "archive_details", `cluster, seq, asked_ms, described_ms, progress, reason, file_name, file_size, total_rows, imported_rows,
			created_ms, completed_ms`},
		{&b.transitions, "archive_transitions", `run, cluster, seq, collection, kind,
			from_state, to_state, from_raw_state, to_raw_state, not_before_ms, observed_ms`},
		{&b.gaps, "archive_gaps", "cluster, started_ms, ended_ms, expected_s"},
		{&b.rejects, "archive_rejects", "run, cluster, rejected_ms, seen_ms, reason, raw"},
	} {
		if *t.rows, err = newRows(ctx, conn, t.table, t.columns); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// all lets the clusters live, a run of each in turn.
func (b *builder) all(ctx context.Context, conn *sql.Conn) error {
	for n := 1; n <= collections; n++ {
		b.texts.add(n, collectionName(n))
	}
	for state, word := range rawStates {
		b.texts.add(rawText(uint8(state)), word)
	}
	all := make([]*cluster, clusters)
	for n := range all {
		all[n] = &cluster{builder: b, number: n + 1, next: 1, keep: kept[n].Milliseconds()}
	}
	began := b.shape.Now.UnixMilli() - int64(b.looks)*b.every
	for look := range b.looks {
		if err := ctx.Err(); err != nil {
			return err
		}
		for n, cl := range all {
			cl.sync(look, began+int64(look)*b.every+int64(n)*b.every/20+b.chance.Int64N(200))
		}
	}
	for _, cl := range all {
		cl.close()
	}
	for _, r := range []*rows{b.texts, b.runs, b.jobs, b.details, b.transitions, b.gaps, b.rejects} {
		if err := r.close(ctx); err != nil {
			return err
		}
	}
	return b.sums.write(ctx, conn, all)
}
