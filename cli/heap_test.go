package cli

import (
	"runtime"
	"testing"
)

func TestGarbageIsHalfOfWhatIsLiveAndNeverMuch(t *testing.T) {
	for live, want := range map[uint64]int{0: 50, 4 << 20: 50, 48 << 20: 50, 96 << 20: 25, 300 << 20: 8, 1 << 40: 1} {
		if got := percentOf(live); got != want {
			t.Errorf("of %d bytes %d percent, want %d", live, got, want)
		}
	}
}

func TestWhatFollowsACollectionFollowsEachUntilItHasEnough(t *testing.T) {
	called := make(chan int)
	n := 0
	afterEachCollection(func() bool {
		n++
		called <- n
		return n < 3
	})
	for want := 1; want <= 3; want++ {
		if got := collectUntil(called); got != want {
			t.Fatalf("call %d, want %d", got, want)
		}
	}
	runtime.GC()
	runtime.GC()
	select {
	case <-called:
		t.Error("called once too often")
	default:
	}
}

// collectUntil collects garbage until a call arrives: what follows a
// collection is set up by the runtime some time after it.
func collectUntil(called <-chan int) int {
	for {
		runtime.GC()
		select {
		case n := <-called:
			return n
		default:
			runtime.Gosched()
		}
	}
}
