package sync

import (
	"math"

	"importarchive/db"
)

// provenListings is how many complete listings in a row must have shown a
// service to list newest first before a quick one is risked; and for as long as
// quick ones may then follow each other. All that hangs on
// it is how soon something is seen: a quick listing concludes nothing from what
// it did not get to.
const provenListings = 20

// order watches whether a listing is newest first and keeps its order: whether
// all that appears in it stands before all that was known, and whether the
// known jobs stand as they always did. Their numbers tell: those that one
// listing first had were numbered from its top, and what appeared later has
// greater ones. So going down the list the numbers grow as long as jobs are of
// the same listing, then fall below all of these, and so on.
type order struct {
	appeared, known bool   // whether there was one of either
	broken          bool   // the list stands otherwise
	last            uint32 // the newest number
	least           uint32 // of those that grew up to it: their first
	below           uint32 // all from here on are less
}

// see takes in the next job of the listing that it had not before.
func (o *order) see(seq uint32, appeared bool) {
	switch {
	case appeared:
		o.appeared, o.broken = true, o.broken || o.known
		return
	case !o.known:
		o.known, o.least, o.below = true, seq, math.MaxUint32
	case seq < o.last:
		o.below, o.least = o.least, seq
	}
	o.broken = o.broken || seq >= o.below
	o.last = seq
}

// shows says what that is, once the listing has been read.
func (o *order) shows() db.Order {
	switch {
	case o.broken:
		return db.OtherOrder
	case o.appeared && o.known:
		return db.NewestFirst
	}
	return db.NoOrder
}
