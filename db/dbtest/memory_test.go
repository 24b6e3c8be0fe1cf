package dbtest

import (
	"testing"

	"importarchive/db"
)

func TestMemoryIsAStore(t *testing.T) {
	Test(t, func(*testing.T) db.Store { return NewMemory() })
}
