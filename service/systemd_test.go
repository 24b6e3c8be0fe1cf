package service

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"importarchive/timetable"
)

func TestTheWatchdogIsFedThreeTimesAsOftenAsItMustBe(t *testing.T) {
	for _, x := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"", "", 0},
		{"60000000", "", 20 * time.Second},
		{"60000000", strconv.Itoa(os.Getpid()), 20 * time.Second},
		{"60000000", "1", 0}, // for another process
		{"-1", "", 0},
		{"soon", "", 0},
	} {
		t.Setenv("WATCHDOG_USEC", x.usec)
		t.Setenv("WATCHDOG_PID", x.pid)
		task, wanted := watchdog(zerolog.Nop())
		if wanted != (x.want > 0) || wanted && time.Duration(task.Schedule.(every)) != x.want {
			t.Errorf("%+v: %v, %+v", x, wanted, task.Schedule)
		}
	}
}

// getsStuck is a schedule that blocks the timetable.
type getsStuck struct{ stuck, release chan struct{} }

func (s getsStuck) Next(now time.Time) time.Time {
	select {
	case <-s.stuck:
		<-s.release
	default:
	}
	return now.Add(20 * time.Millisecond)
}

// TestAStuckScheduleStarvesTheWatchdog goes all the way from the timetable to
// systemd's socket.
func TestAStuckScheduleStarvesTheWatchdog(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Skip(err)
	}
	defer conn.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "60000")
	ctx, stop := context.WithCancel(t.Context())
	schedule := getsStuck{make(chan struct{}), make(chan struct{})}
	table := timetable.New(ctx, time.Now)
	beat, _ := watchdog(zerolog.Nop())
	table.Set([]timetable.Task{beat, {Name: "x", Schedule: schedule, Log: zerolog.Nop(), Do: func(context.Context) {}}})
	table.Start()
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
	fed := 0
	for fed < most {
		_ = conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		if _, err := conn.Read(message); err != nil {
			break
		}
		fed++
	}
	if fed == most {
		t.Error("the watchdog was fed by something else")
	}
	close(schedule.release)
	_ = conn.SetReadDeadline(time.Time{})
	if _, err := conn.Read(message); err != nil {
		t.Error(err)
	}
	stop()
	table.Stop()
}

func TestASystemdThatDoesNotListenHoldsNothingUp(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "missing"))
	notifyReady(zerolog.Nop(), "fine")
	notifyReloading(zerolog.Nop())
	notifyStopping(zerolog.Nop(), "bye")
}
