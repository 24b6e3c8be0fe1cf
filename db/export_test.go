package db

import (
	"database/sql"
	"math"
)

// Writer shows the tests the writing connection.
func (s *SQLite) Writer() *sql.DB { return s.writer }

// WaitForReaders has closing a run wait for readers as long as it takes.
func (s *SQLite) WaitForReaders() { s.patience = math.MaxInt }

// Step shows the tests what bounds are rounded to.
var Step = step

// SameRows shows the tests what a copy made before a migration is held to.
var SameRows = sameRows

// KnownOf is the memory of a cluster of which it is known how many jobs it has.
func KnownOf(jobs int) *Known { return newKnown(jobs) }
