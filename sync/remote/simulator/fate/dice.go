package fate

import (
	"math/rand/v2"
	"time"
)

// Purpose is what dice are rolled for. Each purpose has dice of its own, so that
// one can be had without the others. Another order would be other worlds.
type Purpose uint64

// The purposes; the lower-case ones are the business of this package.
const (
	births Purpose = iota + 1
	fates
	ids
	Shuffles
	Shares
	files
	SharesOfDescriptions
	disagreements
	Omissions
)

// Dice are a source of random numbers.
type Dice struct{ PCG rand.PCG }

// Roll returns the dice for the nth time that a purpose needs some.
func Roll(seed uint64, purpose Purpose, n int) (d Dice) {
	d.PCG.Seed(seed+uint64(purpose), Mix(uint64(n)))
	return d
}

// Unit is from 0 to 1, 1 excluded.
func (d *Dice) Unit() float64 { return float64(d.PCG.Uint64()>>11) / (1 << 53) }

// spread returns half to one and a half of a mean, in milliseconds; at least
// four, so that a life has room for its moments.
func (d *Dice) spread(mean time.Duration) int64 {
	return max(4, int64((0.5+d.Unit())*float64(mean.Milliseconds())))
}

// part of a stretch; at least a millisecond.
func part(of int64, share float64) int64 { return max(1, int64(float64(of)*share)) }

// Mix makes neighbours strangers (the finalizer of splitmix64).
func Mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
