package sync

import (
	"math"

	"importarchive/db"
)

// provenListings is how many complete listings in a row must show that a service
// lists newest first before a run makes a quick one. After a wrong proof, runs see
// some changes later; a quick listing never marks a job as missed.
const provenListings = 20

// order checks whether a listing is newest first and keeps its order: whether all new
// jobs are above all known ones, and the known ones are in the same order as before.
// The jobs' numbers show it: the jobs that appear in one listing get numbers from its
// top down, and jobs of later listings have greater numbers. So down the list the
// numbers grow among jobs that appeared in the same listing, then fall below all of
// these, and so on.
type order struct {
	appeared, known bool   // whether the listing has had a new job, a known job
	broken          bool   // the list has another order
	last            uint32 // the newest number
	least           uint32 // the first number of the growing sequence up to last
	below           uint32 // all from here on are less
}

// see adds the next job that the listing did not have before.
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

// shows returns the order that the whole listing showed.
func (o *order) shows() db.Order {
	switch {
	case o.broken:
		return db.OtherOrder
	case o.appeared && o.known:
		return db.NewestFirst
	}
	return db.NoOrder
}
