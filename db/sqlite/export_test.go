package sqlite

import (
	"math"

	"importarchive/db/store"
)

// WaitForReaders has closing a run wait for readers as long as it takes.
func (s *Archive) WaitForReaders() { s.readerWaits = math.MaxInt }

// Step shows the tests what bounds are rounded to.
var Step = store.Step

// SameRows shows the tests what a copy made before a migration is held to.
var SameRows = sameRows
