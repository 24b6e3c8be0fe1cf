package cli

import (
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// supervisor is systemd or whoever else listens at $NOTIFY_SOCKET: see
// sd_notify(3). The library for it reads the environment by itself, which here
// comes from outside, so these are the few lines that it would be.
type supervisor struct {
	socket   string        // "": nobody listens
	watchdog time.Duration // how often it wants to hear that the schedule is alive; 0: never
	log      zerolog.Logger
}

func (p *program) supervisor(log zerolog.Logger) *supervisor {
	s := &supervisor{log: log}
	s.socket, _ = p.LookupEnv("NOTIFY_SOCKET")
	if pid, set := p.LookupEnv("WATCHDOG_PID"); set && pid != strconv.Itoa(os.Getpid()) {
		return s // it is for another process
	}
	usec, _ := p.LookupEnv("WATCHDOG_USEC")
	if n, err := strconv.ParseInt(usec, 10, 64); err == nil && n > 0 && s.socket != "" {
		s.watchdog = time.Duration(n) * time.Microsecond
	}
	return s
}

func (s *supervisor) ready(status string)    { s.tell("READY=1", "STATUS="+status) }
func (s *supervisor) stopping(status string) { s.tell("STOPPING=1", "STATUS="+status) }

// reloading must be followed by ready, whatever comes of it.
func (s *supervisor) reloading() { s.tell(append([]string{"RELOADING=1"}, monotonic()...)...) }

// beat is for the schedule's own ticker: what feeds the watchdog, three times
// as often as it must be fed. Without a watchdog it is nil.
func (s *supervisor) beat() (alive func(), every time.Duration) {
	if s.watchdog == 0 {
		return nil, 0
	}
	return func() { s.tell("WATCHDOG=1") }, s.watchdog / 3
}

// tell sends one message. Whoever doesn't take it must not hold up the
// schedule, which feeds the watchdog.
func (s *supervisor) tell(lines ...string) {
	if s.socket == "" {
		return
	}
	// The net package reads a leading @ as Linux's abstract names, as systemd does.
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.socket, Net: "unixgram"})
	if err == nil {
		giveUp := time.AfterFunc(time.Second, func() { _ = conn.Close() })
		_, err = conn.Write([]byte(strings.Join(lines, "\n")))
		giveUp.Stop()
		_ = conn.Close()
	}
	if err != nil {
		s.log.Warn().Err(err).Str("telling", lines[0]).Msg("the supervisor at $NOTIFY_SOCKET can't be told")
	}
}
