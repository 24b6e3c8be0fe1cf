package sync

import (
	"testing"

	"importarchive/db"
)

func TestOrder(t *testing.T) {
	const appears = 0
	for _, c := range []struct {
		about string
		list  []uint32 // the known jobs' numbers, 0 for one that appears
		want  db.Order
	}{
		{"nothing", nil, db.NoOrder},
		{"the first listing", []uint32{appears, appears}, db.NoOrder},
		{"the same again", []uint32{1, 2, 3}, db.NoOrder},
		{"with a new one on top", []uint32{appears, 1, 2, 3}, db.NewestFirst},
		{"three generations", []uint32{appears, appears, 6, 4, 5, 1, 2, 3}, db.NewestFirst},
		{"some of them gone", []uint32{appears, 5, 1, 3}, db.NewestFirst},
		{"one a time", []uint32{appears, 5, 4, 3, 2, 1}, db.NewestFirst},
		{"a new one below", []uint32{6, appears, 1}, db.OtherOrder},
		{"oldest first", []uint32{1, 2, 3, appears}, db.OtherOrder},
		{"an older generation between", []uint32{appears, 4, 1, 5}, db.OtherOrder},
		{"a newer one below", []uint32{appears, 4, 5, 1, 2, 6}, db.OtherOrder},
		{"upside down within a younger one", []uint32{appears, 9, 5, 6, 1, 7}, db.OtherOrder},
		{"mixed, and nothing new", []uint32{3, 1, 2, 4}, db.OtherOrder},
	} {
		var o order
		for _, seq := range c.list {
			o.see(seq, seq == appears)
		}
		if got := o.shows(); got != c.want {
			t.Errorf("%s: %v shows %v, not %v", c.about, c.list, got, c.want)
		}
	}
}
