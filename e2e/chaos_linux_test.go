package e2e_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	gosync "sync"
	"syscall"
	"testing"
	"time"

	"importarchive/cli"
	"importarchive/longtest"
)

var (
	chaosRounds  = flag.Int("rounds", 0, "how many faults each sandbox of TestChaos lives through; 0: each of its kinds once")
	chaosMinutes = flag.Float64("minutes", 0, "how long TestChaos goes on, instead of -rounds")
	chaosSeed    = flag.Uint64("seed", 0, "what TestChaos takes its chances from; 0: another one each time")
)

// TestChaos runs the program itself, as it is built, against a service on
// loopback, and does to it what happens to programs: it is killed and
// stopped, its disk is full, its archive is locked, moved, deleted and
// replaced, its network is cut, the
// service hangs and lies, the clock jumps. After each of them the archive is
// sound, nothing that a reader had seen committed is lost or altered, the
// program has said what was wrong and ended with the right code, and it
// recovers by itself. At the end the archive agrees with what the service
// knows to be true. A table says how often each was done.
//
// It waits for what must happen as long as that takes: nothing here asserts how
// fast anything is.
func TestChaos(t *testing.T) {
	longtest.Only(t)
	seed := cmp.Or(*chaosSeed, uint64(time.Now().UnixNano()%1_000_000))
	t.Logf("-seed %d", seed)
	binary := filepath.Join(t.TempDir(), "importarchive")
	if out, err := exec.Command("go", "build", "-o", binary, "..").CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, out)
	}
	did := newTally()
	t.Run("sandboxes", func(t *testing.T) {
		for n, of := range []struct {
			name    string
			clocked bool
			faults  []chaos
		}{
			{"long locks", false, longLocks},
			{"signals, disk and locks", false, slices.Concat(signals, disks, locks, strangers)},
			{"the archive's file", false, slices.Concat(onTheFile, signals[:2])},
			{"the service", false, lies[:len(lies)/2]},
			{"the service and the network", false, lies[len(lies)/2:]},
			{"the clock", true, slices.Concat(clocks, signals)},
		} {
			t.Run(of.name, func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(seed, uint64(n)))
				for began, left := time.Now(), rounds(len(of.faults)); left > 0; {
					a := newSandbox(t, binary, of.clocked, random, did)
					some := shuffledUntil(random, of.faults, min(left, 25))
					left -= len(some)
					for _, f := range some {
						if *chaosMinutes > 0 && time.Since(began).Minutes() > *chaosMinutes {
							left = 0
							break
						}
						a.lives(f)
					}
					a.ends()
				}
			})
		}
	})
	t.Log("\n" + did.String())
}

func rounds(kinds int) int {
	if *chaosMinutes > 0 {
		return 1 << 30
	}
	return cmp.Or(*chaosRounds, kinds)
}

// shuffledUntil returns n faults, each kind as often as the others.
func shuffledUntil(r *rand.Rand, all []chaos, n int) (some []chaos) {
	for len(some) < n {
		for _, i := range r.Perm(len(all)) {
			some = append(some, all[i])
		}
	}
	return some[:n]
}

// chaos is one kind of fault. do begins it while the program is well, checks
// what it does to it, and ends it; a program that did not outlive it has been
// started again.
type chaos struct {
	name string
	do   func(a *sandbox)
}

// lives goes through one fault, and whatever came of it must be over then.
func (a *sandbox) lives(f chaos) {
	a.t.Helper()
	failed := a.t.Failed()
	a.did.count(a.did.times, f.name)
	began := time.Now()
	a.doing = f.name
	f.do(a)
	a.recovers()
	a.sound()
	if a.t.Failed() && !failed {
		a.t.Errorf("that was after: %s", f.name)
		return
	}
	a.did.count(a.did.recovered, f.name)
	a.t.Logf("%s: recovered, %.1f s in all", f.name, time.Since(began).Seconds())
}

// tally counts the faults, how often one left a run open, and the recoveries.
type tally struct {
	mu                       gosync.Mutex
	times, amidst, recovered map[string]int
}

func newTally() *tally {
	return &tally{times: map[string]int{}, amidst: map[string]int{}, recovered: map[string]int{}}
}

func (c *tally) count(in map[string]int, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in[name]++
}

func (c *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %-52s | times | in the middle of a run | recovered |\n|---|---|---|---|\n", "fault")
	for _, name := range slices.Sorted(maps.Keys(c.times)) {
		fmt.Fprintf(&b, "| %-52s | %5d | %22d | %9d |\n", name, c.times[name], c.amidst[name], c.recovered[name])
	}
	return b.String()
}

const (
	programVariable = "IMPORTARCHIVE_TEST_PROGRAM" // the program's arguments, with spaces between
	clockVariable   = "IMPORTARCHIVE_TEST_CLOCK"   // a file that says how wrong the clock is
)

// TestProgramChild is the program with a clock that jumps. The system's own
// clock can't be moved under one process: Go asks the kernel without going
// through a library that could return another time.
func TestProgramChild(t *testing.T) {
	args := os.Getenv(programVariable)
	if args == "" {
		t.Skip("only for the test that starts it")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	env := cli.System()
	env.Args = strings.Fields(args)
	env.Now = func() time.Time {
		text, _ := os.ReadFile(os.Getenv(clockVariable))
		wrong, _ := time.ParseDuration(string(text)) // it is right where there is no file
		return time.Now().Add(wrong)
	}
	os.Exit(cli.Main(ctx, env))
}
