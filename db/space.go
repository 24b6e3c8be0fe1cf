package db

import (
	"context"
	"database/sql"
	"fmt"
)

// Space is what an archive's file takes.
type Space struct {
	Bytes int64 // the file
	Free  int64 // within it, for rows to come
	Freed int64 // that the prune gave back to the disk
}

// vacuumSize is how many pages one transaction gives back.
const vacuumSize = 256

func space(ctx context.Context, file *sql.DB) (s Space, err error) {
	var pages, free, size int64
	err = file.QueryRowContext(ctx, `SELECT
		(SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count),
		(SELECT page_size FROM pragma_page_size)`).Scan(&pages, &free, &size)
	if err != nil {
		return s, fmt.Errorf("reading the archive's size: %w", err)
	}
	return Space{Bytes: pages * size, Free: free * size}, nil
}

// spaceSince is the space now, and what was freed since. If it can't read that it
// gives the space before, because the prune is done all the same.
func (s *SQLite) spaceSince(before *Space) Space {
	now, err := space(context.Background(), s.writer)
	if err != nil {
		return *before
	}
	now.Freed = max(0, before.Bytes-now.Bytes)
	return now
}

// giveBack gives free pages back to the disk, some in each transaction. A VACUUM
// would keep all others from writing while it copies the whole file. The file
// itself shrinks with the checkpoint, or with a later one where a reader still
// needs the old pages.
func (s *SQLite) giveBack(ctx context.Context, pause func(context.Context) error) error {
	for last := int64(-1); ; {
		now, err := space(ctx, s.writer)
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

func (s *SQLite) pragma(ctx context.Context, text string) error {
	return s.writing(ctx, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "PRAGMA "+text)
		return err
	})
}
