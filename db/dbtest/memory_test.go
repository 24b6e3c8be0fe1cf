package dbtest

import (
	"testing"

	"importarchive/db"
	_ "importarchive/longtest"
)

func TestMemoryIsAStore(t *testing.T) {
	Test(t, func(*testing.T) db.Store { return NewMemory() })
}
