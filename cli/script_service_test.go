package cli

import (
	"net"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptService is the service of a script. Its commands are
//
//	service [FLAG]...    start `importarchive run`; its log goes to the file log, anew each time
//	until FILE PATTERN   wait until the whole text of a file matches
//	hangup               send SIGHUP
//	terminate            send SIGTERM, make the file service/stopping, and expect exit code 0 (stop is a command of
//	                     testscript: it ends the script)
//	supervisor USEC      be systemd from then on, with this watchdog; the notifications to it go to the file notified
type scriptService struct {
	running *exec.Cmd
	ended   chan struct{} // closed when the running one has ended, with this error
	err     error
}

func serviceOf(ts *testscript.TestScript) *scriptService {
	s, _ := ts.Value(scriptService{}).(*scriptService)
	return s
}

func startService(ts *testscript.TestScript, _ bool, args []string) {
	s := serviceOf(ts)
	if s.running != nil {
		ts.Fatalf("another service runs")
	}
	log, err := os.Create(ts.MkAbs("log"))
	ts.Check(err)
	defer log.Close()
	c := exec.Command("importarchive", append([]string{"--log-format", "json", "run"}, args...)...)
	c.Dir, c.Stdout, c.Stderr, c.Env = ts.Getenv("WORK"), log, log, os.Environ()
	for _, name := range []string{"SERVICE", "LISTEN", "TOLD", "NOTIFY_SOCKET", "WATCHDOG_USEC", "IMPORTARCHIVE_CONFIG"} {
		if v := ts.Getenv(name); v != "" {
			c.Env = append(c.Env, name+"="+v)
		}
	}
	ts.Check(c.Start())
	s.running, s.ended = c, make(chan struct{})
	go func(ended chan struct{}) {
		s.err = c.Wait()
		close(ended)
	}(s.ended)
	ts.Defer(func() {
		if s.running != nil {
			_ = c.Process.Kill()
			<-s.ended
		}
	})
}

func hangup(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(serviceOf(ts).running.Process.Signal(syscall.SIGHUP))
}

func stopService(ts *testscript.TestScript, _ bool, _ []string) {
	s := serviceOf(ts)
	ts.Check(s.running.Process.Signal(syscall.SIGTERM))
	_ = os.WriteFile(ts.MkAbs("service/stopping"), nil, 0o600) // where there is a service to tell
	<-s.ended
	s.running, s.ended = nil, nil
	if s.err != nil {
		ts.Fatalf("%v\n%s", s.err, ts.ReadFile("log"))
	}
}

// until waits long, because machines are shared, and looks often. It does not wait
// for a service that has ended.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: until file pattern")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	ended := serviceOf(ts).ended // nil without a service
	for began, last := time.Now(), false; !last; {
		last = time.Since(began) > longestWait
		select {
		case <-ended:
			last = true
		case <-time.After(20 * time.Millisecond):
		}
		if text, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && pattern.Match(text) {
			return
		}
	}
	ts.Fatalf("%s does not have %s:\n%s", args[0], args[1], ts.ReadFile(args[0]))
}

func supervise(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: supervisor usec")
	}
	socket, notified := ts.MkAbs("notify"), ts.MkAbs("notified")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	ts.Check(err)
	ts.Defer(func() { _ = conn.Close() })
	file, err := os.Create(notified)
	ts.Check(err)
	go func() {
		defer file.Close()
		for message := make([]byte, 4096); ; {
			n, err := conn.Read(message)
			if err != nil {
				return
			}
			_, _ = file.Write(append(message[:n:n], "\n--\n"...))
		}
	}()
	ts.Setenv("NOTIFY_SOCKET", socket)
	ts.Setenv("WATCHDOG_USEC", args[0])
}
