package sync

import (
	"math"

	"importarchive/db"
)

// provenListings is how many complete listings in a row must have shown that a
// service lists newest first, before a run makes a quick one. A wrong proof only
// delays when a change is seen: a quick listing never marks a job as missed.
const provenListings = 20

// order watches whether a listing is newest first and keeps its order: whether
// all new jobs stand above all known ones, and whether the known ones stand as
// before. The jobs' numbers show it: jobs that first came in one listing were
// numbered from its top, and jobs that came later have greater numbers. So down
// the list the numbers grow while jobs are of the same listing, then fall below
// all of these, and so on.
type order struct {
	appeared, known bool   // whether there was one of either
	broken          bool   // the list has another order
	last            uint32 // the newest number
	least           uint32 // of those that grew up to it: their first
	below           uint32 // all from here on are less
}

// see takes in the next job that is new to the listing.
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

// shows gives the order that the whole listing showed.
func (o *order) shows() db.Order {
	switch {
	case o.broken:
		return db.OtherOrder
	case o.appeared && o.known:
		return db.NewestFirst
	}
	return db.NoOrder
}
