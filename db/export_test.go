package db

import (
	"database/sql"
	"strconv"
	"time"
)

// Writer shows the tests the writing connection.
func (s *SQLite) Writer() *sql.DB { return s.writer }

// WaitForReaders sets how long closing a run may wait for readers.
func (s *SQLite) WaitForReaders(d time.Duration) {
	s.patience = strconv.FormatInt(d.Milliseconds(), 10)
}

// Step shows the tests what bounds are rounded to.
var Step = step

// SameRows shows the tests what a copy made before a migration is held to.
var SameRows = sameRows

// KnownOf is the memory of a cluster of which it is known how many jobs it has.
func KnownOf(jobs int) *Known { return newKnown(jobs) }
