package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"importarchive/db"
	"importarchive/db/store/prune"
)

// vacuumSize is how many pages one transaction returns to the disk.
const vacuumSize = 256

func space(ctx context.Context, file *sql.DB) (s db.Space, err error) {
	var pages, free, size int64
	err = file.QueryRowContext(ctx, `SELECT
		(SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count),
		(SELECT page_size FROM pragma_page_size)`).Scan(&pages, &free, &size)
	if err != nil {
		return s, fmt.Errorf("reading the archive's size: %w", err)
	}
	return db.Space{Bytes: pages * size, Free: free * size}, nil
}

// spaceSince returns the space now, with the bytes freed since before. If it can't
// read that, it returns the space before, because the prune itself has succeeded.
func (s *Archive) spaceSince(before *db.Space) db.Space {
	now, err := space(context.Background(), s.Writer)
	if err != nil {
		return *before
	}
	now.Freed = max(0, before.Bytes-now.Bytes)
	return now
}

// giveBack returns free pages to the disk, some in each transaction. A VACUUM would
// block all writers while it copies the whole file. The file itself shrinks at the
// next checkpoint, or at a later one if a reader still needs the old pages.
func (s *Archive) giveBack(ctx context.Context, pause func(context.Context) error) error {
	for last := int64(-1); ; {
		now, err := space(ctx, s.Writer)
		if err != nil {
			return err
		}
		if now.Free == 0 || now.Free == last {
			break
		}
		last = now.Free
		if err := s.pragma(ctx, fmt.Sprintf("incremental_vacuum(%d)", vacuumSize)); err != nil {
			return fmt.Errorf("giving free space back: %w", err)
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
	return s.pragma(ctx, "wal_checkpoint(PASSIVE)")
}

func (s *Archive) pragma(ctx context.Context, text string) error {
	return s.Writing(ctx, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "PRAGMA "+text)
		return err
	})
}

// Prune deletes what the retention no longer keeps, and returns the free space to
// the disk.
func (s *Archive) Prune(ctx context.Context, p *db.Prune) (done *db.Pruned, err error) {
	order := *p
	if order.Pause == nil {
		order.Pause = rest
	}
	before, err := space(ctx, s.Writer)
	if err != nil {
		return &db.Pruned{}, err
	}
	done, err = prune.Run(ctx, s.Store, &order)
	if err == nil || errors.As(err, new(*prune.ClockError)) {
		if failed := s.giveBack(ctx, order.Pause); failed != nil {
			err = errors.Join(err, failed)
		}
	}
	done.Space = s.spaceSince(&before)
	return done, err
}

// rest pauses between two transactions, so that writers of other processes get
// SQLite's lock: a waiting one tries again at least every tenth of a second.
func rest(ctx context.Context) error {
	t := time.NewTimer(50 * time.Millisecond)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
