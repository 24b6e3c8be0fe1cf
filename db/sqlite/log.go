package sqlite

import (
	"context"
	"database/sql"
)

// SQLite takes its log back into the file by itself, and begins it again at
// the next write, but only where every reader has left it meanwhile. A reader
// that stays keeps all that is written after it began. So does one that
// goes, if another has come before: with readers that take turns the log
// would grow for ever.
const (
	// logLimit is how large the log may stay once readers have left.
	logLimit = 8 << 20

	// busyWait is how long a write waits for another process's, in milliseconds.
	busyWait = "30000"

	// quietRuns is after how many runs that changed no job the log is taken back.
	// Each writes the same few pages, so taking them back each time would
	// nearly double what an unchanged listing writes.
	quietRuns = 8

	// usualPatience is how often closing a run may wait for readers to leave the
	// log, for a tenth of a second each time. Meanwhile no process can write, but
	// any can read. Within one wait SQLite may wait for a place in the log that
	// new readers take again and again; the next wait finds another one.
	usualPatience, oneWait = 20, "100"
)

// Explain implements [store.Engine].
func (s *Archive) Explain(err *error) { explain(s.path, err) }

// Closing implements [store.Engine].
func (s *Archive) Closing(ctx context.Context, conn *sql.Conn, quiet bool) (after func(), err error) {
	_, err = conn.ExecContext(ctx, "PRAGMA synchronous = FULL")
	return func() { s.relax(conn, quiet) }, err
}

// relax takes the connection back to cheap commits and the log back into the
// file. Neither can undo the commit that came before, so neither is an
// error: what a full disk or a reader holds up is made up for by a later run.
func (s *Archive) relax(conn *sql.Conn, quiet bool) {
	_, _ = conn.ExecContext(context.Background(), "PRAGMA synchronous = NORMAL")
	if s.quietRuns++; quiet && s.quietRuns < quietRuns {
		return
	}
	s.quietRuns = 0
	size, _ := checkpoint(conn, "PASSIVE", busyWait)
	if size <= logLimit {
		s.patientFrom = logLimit
		return
	}
	// Without waiting, which is enough where no reader is there just now.
	if _, emptied := checkpoint(conn, "TRUNCATE", "0"); emptied {
		s.patientFrom = logLimit
		return
	}
	// A reader may stay for hours, and each run must not wait for it: once for
	// every time that the log has doubled.
	if size < s.patientFrom {
		return
	}
	s.patientFrom = 2 * size
	for range s.patience {
		if _, emptied := checkpoint(conn, "TRUNCATE", oneWait); emptied {
			s.patientFrom = logLimit
			return
		}
	}
}

// checkpoint takes the log back as far as readers let it, and gives the log's
// size and whether all of it went. Other kinds than PASSIVE wait for readers.
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
