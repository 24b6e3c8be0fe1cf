package model_test

import (
	"testing"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/dbtest/model"
	_ "importarchive/longtest"
)

func TestMemoryIsAStore(t *testing.T) {
	dbtest.Test(t, func(*testing.T) db.Store { return model.NewMemory() })
}
