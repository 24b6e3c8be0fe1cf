package sqlite

import (
	"context"
	"database/sql"
)

// SQLite checkpoints its write-ahead log into the file by itself. The next write
// reuses the log from its beginning, but only if no reader uses it at that moment.
// A long reader keeps everything in the log that was written after it began.
// Readers that overlap, one after the other, have the same effect: with them the
// log would grow for ever.
const (
	// logLimit is how large the log may stay once readers have left.
	logLimit = 8 << 20

	// busyWait is how long a write waits for another process's, in milliseconds.
	busyWait = "30000"

	// quietRuns is the number of runs without a changed job after which relax
	// checkpoints the log. Each such run writes the same few pages, so a checkpoint
	// after each would nearly double what an unchanged listing writes.
	quietRuns = 8

	// usualWaits is how often the close of a run may wait for readers to leave
	// the log, for a tenth of a second each time. Meanwhile no process can write,
	// but any can read. Within one wait SQLite waits for one read mark, which new
	// readers may take again and again; the next wait may choose another one.
	usualWaits, oneWait = 20, "100"
)

// Explain implements [store.Engine].
func (s *Archive) Explain(err *error) { explain(s.path, err) }

// Closing implements [store.Engine].
func (s *Archive) Closing(ctx context.Context, conn *sql.Conn, quiet bool) (after func(), err error) {
	_, err = conn.ExecContext(ctx, "PRAGMA synchronous = FULL")
	return func() { s.relax(conn, quiet) }, err
}

// relax switches the connection back to cheap commits and checkpoints the log.
// Neither can undo the commit before, so a failure is no error: after a full disk
// or a long reader, a later run does it.
func (s *Archive) relax(conn *sql.Conn, quiet bool) {
	_, _ = conn.ExecContext(context.Background(), "PRAGMA synchronous = NORMAL")
	if s.quietRuns++; quiet && s.quietRuns < quietRuns {
		return
	}
	s.quietRuns = 0
	if s.Ready() != nil {
		return // a checkpoint would write to another file
	}
	size, _ := checkpoint(conn, "PASSIVE", busyWait)
	if size <= logLimit {
		s.waitFrom = logLimit
		return
	}
	// Without waiting: that is enough if there is no reader at this moment.
	if _, emptied := checkpoint(conn, "TRUNCATE", "0"); emptied {
		s.waitFrom = logLimit
		return
	}
	// A reader may stay for hours, and not every run must wait for it. So relax
	// waits only when the log has doubled since the last wait.
	if size < s.waitFrom {
		return
	}
	s.waitFrom = 2 * size
	for range s.readerWaits {
		if _, emptied := checkpoint(conn, "TRUNCATE", oneWait); emptied {
			s.waitFrom = logLimit
			return
		}
	}
}

// checkpoint moves the log into the file as far as readers allow. It returns the
// log's size and whether the log is empty now. Kinds other than PASSIVE wait for
// readers.
func checkpoint(conn *sql.Conn, kind, wait string) (size int64, emptied bool) {
	ctx := context.Background()
	if wait != busyWait {
		if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = "+wait); err != nil {
			return 0, false
		}
		defer func() { _, _ = conn.ExecContext(ctx, "PRAGMA busy_timeout = "+busyWait) }()
	}
	var busy, pages, taken, page int64
	if err := conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+kind+")").Scan(&busy, &pages, &taken); err != nil {
		return 0, false
	}
	if err := conn.QueryRowContext(ctx, "PRAGMA page_size").Scan(&page); err != nil {
		return 0, false
	}
	return pages * page, busy == 0
}
