package cli

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"importarchive/sync"
)

func supervisorOf(env map[string]string) *supervisor {
	p := &program{Env: &Env{LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}}
	return p.supervisor(zerolog.Nop())
}

func TestTheWatchdogIsFedThreeTimesAsOftenAsItBites(t *testing.T) {
	for _, row := range []struct {
		env  map[string]string
		want time.Duration
	}{
		{map[string]string{}, 0},
		{map[string]string{"WATCHDOG_USEC": "60000000"}, 0}, // nobody listens
		{map[string]string{"NOTIFY_SOCKET": "/run/x"}, 0},
		{map[string]string{"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "60000000"}, 20 * time.Second},
		{map[string]string{"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": strconv.Itoa(os.Getpid())}, 20 * time.Second},
		{map[string]string{"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, 0}, // for another process
		{map[string]string{"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "-1"}, 0},
		{map[string]string{"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "soon"}, 0},
	} {
		alive, every := supervisorOf(row.env).beat()
		if every != row.want || (alive == nil) != (row.want == 0) {
			t.Errorf("%v: %v", row.env, every)
		}
	}
}

// getsStuck is a schedule that blocks the ticker of all schedules.
type getsStuck struct{ stuck, release chan struct{} }

func (s getsStuck) Next(now time.Time) time.Time {
	select {
	case <-s.stuck:
		<-s.release
	default:
	}
	return now.Add(20 * time.Millisecond)
}

// TestAStuckScheduleStarvesTheWatchdog goes all the way from the schedule that
// syncs to systemd's socket.
func TestAStuckScheduleStarvesTheWatchdog(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Skip(err)
	}
	defer conn.Close()
	e := &sync.Engine{Store: openStore(t, filepath.Join(t.TempDir(), "archive.db")), Now: time.Now, Log: zerolog.Nop()}
	e.Alive, e.AliveEvery = supervisorOf(map[string]string{"NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "60000"}).beat()
	schedule := getsStuck{make(chan struct{}), make(chan struct{})}
	e.Clusters = []sync.Cluster{{Name: "x", Schedule: schedule}} // its runs fail for want of a service
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		e.Run(ctx, false)
	}()
	message := make([]byte, 100)
	for range 5 {
		n, err := conn.Read(message)
		if err != nil || string(message[:n]) != "WATCHDOG=1" {
			t.Fatalf("%q, %v", message[:n], err)
		}
	}
	close(schedule.stuck)
	// What was on its way may still come, and then nothing for 25 intervals. On
	// a slow machine as much may be on its way as a socket holds.
	const most = 1000
	hungry := 0
	for hungry < most {
		_ = conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		if _, err := conn.Read(message); err != nil {
			break
		}
		hungry++
	}
	if hungry == most {
		t.Error("the watchdog was fed by something else")
	}
	close(schedule.release)
	_ = conn.SetReadDeadline(time.Time{})
	if _, err := conn.Read(message); err != nil {
		t.Error(err)
	}
	stop()
	<-ended
}

func TestASupervisorThatDoesNotListenHoldsNothingUp(t *testing.T) {
	s := supervisorOf(map[string]string{"NOTIFY_SOCKET": filepath.Join(t.TempDir(), "nobody")})
	s.ready("fine")
	s.reloading()
	s.stopping("bye")
}
