package cli

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

const (
	// Most of the heap is what is known of jobs, and stays: collecting at half
	// as much again instead of double costs little and saves a third.
	collectAt = 50

	// It has nothing in it that the collector must look at, so collecting
	// costs no more where there are millions: half of them again would be
	// memory for nothing.
	mostGarbage = 24 << 20
)

// spareMemory sets how much garbage may lie about, and again after each
// collection, until it is stopped.
func spareMemory() (stop func()) {
	debug.SetGCPercent(collectAt)
	var stopped atomic.Bool
	afterEachCollection(func() bool {
		if stopped.Load() {
			return false
		}
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		debug.SetGCPercent(percentOf(live[0].Value.Uint64()))
		return true
	})
	return func() { stopped.Store(true) }
}

// percentOf what is live may be garbage.
func percentOf(live uint64) int {
	return int(max(1, min(collectAt, 100*mostGarbage/max(live, 1))))
}

// afterEachCollection calls f as long as it says so: what nobody holds is
// cleaned up by the next one.
func afterEachCollection(f func() bool) {
	runtime.AddCleanup(new([4]uint64), func(f func() bool) {
		if f() {
			afterEachCollection(f)
		}
	}, f)
}
