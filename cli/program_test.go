package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"importarchive/longtest"
	"importarchive/sync/remote/simulator"
)

// TestMain lets this test binary be the program itself: in scripts by the
// name importarchive, and for tests that kill or measure it.
func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "8") // scripts wait more than they compute; -parallel overrides it
	testscript.Main(m, map[string]func(){"importarchive": beTheProgram})
}

// beTheProgram is main.go's main, which a test can't call.
func beTheProgram() {
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals
		stop()
		if s, ok := (<-signals).(syscall.Signal); ok {
			os.Exit(128 + int(s))
		}
	}()
	os.Exit(Main(ctx, System()))
}

// TestScripts plays the stories in testdata/script: whole commands, as a
// person would type them. Beside testscript's own commands there is
//
//	exits CODE importarchive …   run it, and expect this exit code
//	get STATUS URL [NAME: VALUE]   ask a server, once there is one, with this
//	                               header, and expect this status; the answer
//	                               goes to stdout
//
// a free address $LISTEN, which a server should listen at, since scripts run
// beside each other, and a service at $SERVICE that speaks zilliz-v1. It answers page N with the
// file service/N.json, an empty page where there is none, and with what
// service/fail says (an HTTP status, then a body) where there is such a file.
// It holds page N back where there is a file service/N.held, until there is the
// file in service that this names, or the caller gives up; service/asked has
// the pages that were held back, a line each.
// A query for job N gets the file service/get/N.json; without the file the service
// has no such job, and without the folder it has no such call.
// Requests to $TOLD go to the file told, a line each; the file webhook has an
// address there.
//
// The condition [long] holds where tests may take long.
//
// The commands for a running service are in script_service_test.go.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Condition: func(name string) (bool, error) {
			if name != "long" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return longtest.Enabled(), nil
		},
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			service := httptest.NewServer(fileService(filepath.Join(e.WorkDir, "service")))
			e.Defer(service.Close)
			e.Setenv("SERVICE", service.URL)
			told := httptest.NewServer(tellsFile(filepath.Join(e.WorkDir, "told")))
			e.Defer(told.Close)
			e.Setenv("TOLD", told.URL)
			if err := os.WriteFile(filepath.Join(e.WorkDir, "webhook"), []byte(told.URL+"/hook/hush-hush\n"), 0o600); err != nil {
				return err
			}
			e.Setenv("LISTEN", freeAddress())
			e.Setenv("NO_COLOR", "1")
			e.Values[scriptService{}] = &scriptService{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "get": getAddress,
			"service": startService, "hangup": hangup, "terminate": stopService, "until": until, "supervisor": supervise,
		},
	})
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits code command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

// longestWait is how long a script waits for what must happen sooner or later, on
// a machine that is busy with other things and under the race detector.
const longestWait = 2 * time.Minute

// freeAddress returns an address without a listener.
func freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func getAddress(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: get status url [header]")
	}
	r, err := http.NewRequest("GET", args[1], nil)
	ts.Check(err)
	if len(args) == 3 {
		name, value, _ := strings.Cut(args[2], ": ")
		r.Header.Set(name, value)
		if name == "Host" {
			r.Host = value
		}
	}
	var resp *http.Response
	for began := time.Now(); time.Since(began) < longestWait; { // it may not have begun to listen
		if resp, err = http.DefaultClient.Do(r); !errors.Is(err, syscall.ECONNREFUSED) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Check(err)
	defer resp.Body.Close()
	_, err = io.Copy(ts.Stdout(), resp.Body)
	ts.Check(err)
	if got := strconv.Itoa(resp.StatusCode); got != args[0] {
		ts.Fatalf("%s answered %s, not %s", args[1], got, args[0])
	}
}

// scriptKey is the key that the scripts' service wants.
const scriptKey = "key-0123456789abcdef-secret"

func fileService(dir string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("Authorization") != "Bearer "+scriptKey {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"code":80001,"message":"Invalid token: %s"}`, r.Header.Get("Authorization"))
			return
		}
		if text, err := os.ReadFile(filepath.Join(dir, "fail")); err == nil {
			status, body, _ := strings.Cut(string(text), "\n")
			code, err := strconv.Atoi(status)
			if err != nil {
				panic(err)
			}
			w.WriteHeader(code)
			fmt.Fprint(w, body)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/import/get") {
			tellsOfOne(w, filepath.Join(dir, "get"), r.FormValue("jobId"))
			return
		}
		n := r.FormValue("currentPage")
		holdBack(r.Context(), dir, n)
		page, err := os.ReadFile(filepath.Join(dir, n+".json"))
		if err != nil {
			page = []byte(`{"code":200,"data":{"tasks":[],"count":0}}`)
		}
		_, _ = w.Write(page)
	})
}

// holdBack waits with a page as scripts say.
func holdBack(ctx context.Context, dir, page string) {
	held, err := os.ReadFile(filepath.Join(dir, page+".held"))
	if err != nil {
		return
	}
	asked, err := os.OpenFile(filepath.Join(dir, "asked"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(asked, page)
	_ = asked.Close()
	for ctx.Err() == nil {
		if _, err := os.Stat(filepath.Join(dir, strings.TrimSpace(string(held)))); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func tellsOfOne(w http.ResponseWriter, dir, id string) {
	if _, err := os.Stat(dir); err != nil {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "404 page not found")
		return
	}
	told, err := os.ReadFile(filepath.Join(dir, filepath.Base(id)+".json"))
	if err != nil {
		told = []byte(`{"code":90144,"message":"There is no such jobId under this cluster."}`)
	}
	_, _ = w.Write(told)
}

// tellsFile takes whatever it is sent, and writes it to a file.
func tellsFile(name string) http.Handler {
	var one sync.Mutex
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		body, _ := io.ReadAll(r.Body)
		file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
		if err != nil {
			panic(err)
		}
		defer file.Close()
		fmt.Fprintf(file, "%s %s %s %s\n", r.Method, r.URL, r.Header.Get("Authorization"), strings.TrimSpace(string(body)))
	})
}

// TestAMillionJobsFitInMemory syncs a listing of a million jobs twice, and checks the
// peak of the process's resident memory.
func TestAMillionJobsFitInMemory(t *testing.T) {
	longtest.Only(t)
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	world := simulator.New(1, time.Now, simulator.Cluster{
		ID: "in01-million", Dialect: "zilliz-v2", Jobs: 1_000_000, Unrecorded: true, Order: simulator.NewestFirst,
	})
	service := httptest.NewServer(world)
	defer service.Close()
	dir := t.TempDir()
	settings := fmt.Sprintf(`
[sync]
rate = 0
[[clusters]]
name = "million"
cluster_id = "in01-million"
api = "zilliz-v2"
base_url = %q
api_key = "a-key-without-a-check"
`, service.URL)
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(settings), 0o666); err != nil {
		t.Fatal(err)
	}
	for i, limit := range []int{160, 128} {
		began := time.Now()
		var out strings.Builder
		c := exec.Command("importarchive", "sync")
		c.Dir, c.Stdout, c.Stderr = dir, &out, &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		exited := make(chan struct{})
		peak := watchMemory(c.Process.Pid, exited)
		err := c.Wait()
		close(exited)
		if err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		used := <-peak
		t.Logf("sync %d: %d MiB, %.1f s", i+1, used, time.Since(began).Seconds())
		if used > limit {
			t.Errorf("sync %d took %d MiB, more than %d", i+1, used, limit)
		}
	}
}

// watchMemory reads the process's high-water mark until it exits, in MiB. (That of
// wait4 is of no use: a child begins with its parent's.)
func watchMemory(pid int, exited <-chan struct{}) <-chan int {
	peak := make(chan int, 1)
	go func() {
		highest := 0
		for {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if _, after, ok := strings.Cut(string(status), "VmHWM:"); err == nil && ok {
				var kib int
				_, _ = fmt.Sscan(after, &kib)
				highest = max(highest, kib/1024)
			}
			select {
			case <-exited:
				peak <- highest
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return peak
}
