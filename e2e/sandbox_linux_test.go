package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	gosync "sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/sync/remote/simulator"
)

// longestWait is how long a test waits for what must happen sooner or later, on
// a machine that is busy with other things.
const longestWait = 3 * time.Minute

// sandbox is a folder on a small disk, with settings and an archive; a service that
// lives in real time; and the program that archives it.
type sandbox struct {
	*archive
	t       *testing.T
	random  *rand.Rand
	did     *tally
	binary  string
	clocked bool          // the program's clock can be moved
	clock   time.Duration // and has been, by this
	doing   string        // the fault
	dir     string
	mounted bool

	world   *simulator.World
	frozen  atomic.Pointer[time.Time] // when the world stopped
	service *service
	program *program

	committed map[string]string // what a reader has seen: must stay as it is
	firstSeen map[string]string
}

// sandboxClusters are lively enough for something to change with each listing,
// and not so lively that a slow machine never reads a list undisturbed.
var sandboxClusters = []simulator.Cluster{
	{
		ID: "in01-one", Dialect: "zilliz-v1", Every: 900 * time.Millisecond, RunFor: 4 * time.Second, KeepFor: 12 * time.Second,
		FailShare: 0.2, LostShare: 0.1, ReturnShare: 0.1,
	},
	{
		ID: "in01-two", Dialect: "zilliz-v2", Every: 1300 * time.Millisecond, RunFor: 6 * time.Second, KeepFor: 18 * time.Second,
		FailShare: 0.2, CancelShare: 0.1, RenameShare: 0.1, Jobs: 30,
	},
}

const sandboxSettings = `
[sync]
schedule   = "@every 1s"
parallel   = 2
page_size  = 15
timeout    = "700ms"
retry_for  = "1500ms"
rate       = 0
[serve]
listen = ""
[[clusters]]
name = "in01-one"
cluster_id = "in01-one"
api = "zilliz-v1"
base_url = %[1]q
api_key = "a-key-without-a-check"
[[clusters]]
name = "in01-two"
cluster_id = "in01-two"
api = "zilliz-v2"
base_url = %[1]q
api_key = "a-key-without-a-check"
`

func newSandbox(t *testing.T, binary string, clocked bool, random *rand.Rand, did *tally) *sandbox {
	t.Helper()
	a := &sandbox{
		t: t, random: random, did: did, binary: binary, clocked: clocked,
		dir: t.TempDir(), committed: map[string]string{}, firstSeen: map[string]string{},
	}
	a.mount()
	a.archive = &archive{&dbtest.Archive{Path: filepath.Join(a.dir, "archive.db")}}
	a.world = simulator.New(random.Uint64(), a.now, sandboxClusters...)
	a.world.Script(simulator.Fault{Kind: simulator.Slow, Delay: 30 * time.Millisecond}) // so that runs take some of the time
	a.service = newService(t, a.world)
	a.write("config.toml", fmt.Sprintf(sandboxSettings, a.service.url()))
	a.start()
	a.recovers()
	return a
}

// mount gives the sandbox a small file system of its own, where this user may.
func (a *sandbox) mount() {
	if os.Geteuid() != 0 {
		return
	}
	if err := unix.Mount("tmpfs", a.dir, "tmpfs", 0, "size=48m"); errors.Is(err, unix.EPERM) {
		return
	} else if err != nil {
		a.t.Fatal(err)
	}
	a.mounted = true
	a.t.Cleanup(a.unmount)
}

func (a *sandbox) unmount() {
	if !a.mounted {
		return
	}
	a.mounted = false
	if err := unix.Unmount(a.dir, unix.MNT_DETACH); err != nil {
		a.t.Error(err)
	}
}

func (a *sandbox) write(name, text string) {
	a.t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o666); err != nil {
		a.t.Fatal(err)
	}
}

// now is the world's time, which stops when the sandbox ends.
func (a *sandbox) now() time.Time {
	if at := a.frozen.Load(); at != nil {
		return *at
	}
	return time.Now()
}

// soon waits for some part of a stretch of time.
func (a *sandbox) soon(most time.Duration) { time.Sleep(time.Duration(a.random.Int64N(int64(most)))) }

// eventually waits until something is so.
func (a *sandbox) eventually(what string, so func() bool) {
	a.t.Helper()
	for began := time.Now(); !so(); time.Sleep(30 * time.Millisecond) {
		if time.Since(began) > longestWait {
			a.t.Fatalf("%s: it never came to this: %s\nthe service's log:\n%s", a.doing, what, a.program.tail())
		}
	}
}

// read reads the archive as any other program does.
func (a *sandbox) read(look func()) {
	a.t.Helper()
	reader, err := sqlite.OpenReader(a.t.Context(), a.Path)
	if err != nil {
		a.t.Fatalf("%s: a reader can't read: %v", a.doing, err)
	}
	defer reader.Close()
	a.File = reader
	look()
	a.File = nil
}

// newest is the number of the newest run.
func (a *sandbox) newest() (id string) {
	a.t.Helper()
	a.read(func() { id = a.Rows(a.t, `SELECT coalesce(max(id), 0) FROM runs`)[0][0] })
	return id
}

// recovers waits until each cluster has a complete run that began from now on.
func (a *sandbox) recovers() {
	a.t.Helper()
	a.eventually("there is an archive", func() bool {
		reader, err := sqlite.OpenReader(a.t.Context(), a.Path)
		if err != nil {
			return false
		}
		return reader.Close() == nil
	})
	since := a.newest()
	a.eventually("every cluster has a complete run", func() (all bool) {
		a.read(func() {
			all = a.Rows(a.t, `SELECT count(DISTINCT cluster) FROM runs WHERE id > ?1 AND outcome = 'complete'`, since)[0][0] == "2"
		})
		return all
	})
}

// sound checks every page and every invariant, and compares the archive with what
// a reader has seen of it before.
func (a *sandbox) sound() {
	a.t.Helper()
	a.read(func() {
		findings, err := sqlite.Verify(a.t.Context(), a.File)
		if err != nil {
			a.t.Errorf("%s: %v", a.doing, err)
		}
		for _, f := range findings {
			a.t.Errorf("%s: %v", a.doing, f)
		}
	})
	a.remembers()
}

// remembers reads all that is committed for good. What was read before must
// still be there, as it was.
func (a *sandbox) remembers() {
	a.t.Helper()
	a.read(func() {
		a.firstSeenNeverMoves(a.t, a.firstSeen)
		now := map[string]string{}
		for _, of := range []struct{ what, query string }{
			{"job", `SELECT cluster || ' ' || job_id, first_seen_at FROM jobs`},
			{"transition", `SELECT * FROM transitions`},
			// What a run learns by asking for jobs is added to it after it was closed.
			{"run", `SELECT id, cluster, triggered_by, started_at, finished_at, outcome, pages, requests, retries, listed, appeared, gone, returned,
				rejected, error_kind, error FROM runs WHERE finished_at IS NOT NULL`},
		} {
			for _, row := range a.Rows(a.t, of.query) {
				now[of.what+" "+row[0]] = strings.Join(row, "|")
			}
		}
		for name, was := range a.committed {
			if is, ok := now[name]; !ok {
				a.t.Errorf("%s: %s was committed and is lost: %s", a.doing, name, was)
			} else if is != was {
				a.t.Errorf("%s: %s was\n%s and is\n%s", a.doing, name, was, is)
			}
		}
		a.committed = now
	})
}

// ends stops the world, then the program, and lets three syncs by hand bring
// the archive up to it: then they must agree.
func (a *sandbox) ends() {
	a.t.Helper()
	a.doing = "the end"
	at := time.Now()
	a.frozen.Store(&at)
	a.recovers()
	a.stop()
	for range 3 {
		if out, code := a.runs("sync"); code != 0 {
			a.t.Errorf("the last syncs end with %d:\n%s", code, out)
		}
	}
	a.sound()
	a.read(func() {
		one, two := sandboxClusters[0].ID, sandboxClusters[1].ID
		kept := a.agrees(one) + a.agrees(two)
		if !a.clocked { // else the archive's times are not the world's
			lives := evidenceOf(a.world, &sandboxClusters[0]).lives
			maps.Copy(lives, evidenceOf(a.world, &sandboxClusters[1]).lives)
			a.compareWithTruth(a.t, &evidence{lives: lives})
		}
		a.t.Logf("%d jobs, %s transitions, %s runs agree with the truth; %d more had been shown to a process that was stopped before it could store them", kept,
			a.Rows(a.t, `SELECT count(*) FROM transitions`)[0][0], a.Rows(a.t, `SELECT count(*) FROM runs`)[0][0], a.shownOnly())
	})
	a.service.cut()
	a.unmount() // there may be many sandboxes
}

// agrees compares the archive of one cluster with the truth about it.
func (a *sandbox) agrees(cluster string) (jobs int) {
	a.t.Helper()
	archived := map[string][]string{}
	for _, row := range a.Rows(a.t, `SELECT job_id, state, collection, gone_at FROM jobs WHERE cluster = ?`, cluster) {
		archived[row[0]] = row
	}
	lives := a.world.Truth(cluster)
	for _, l := range lives {
		last := l.Moments[len(l.Moments)-1]
		row, ok := archived[l.ID]
		switch listed := last.Kind != "gone"; {
		case !ok && listed:
			a.t.Errorf("%s is listed, and not archived", l.ID)
		case !ok: // it came and went between two runs
		case listed && (row[1] != last.State || row[2] != last.Collection || row[3] != ""):
			a.t.Errorf("%v is %+v in truth", row, last)
		case !listed && row[3] == "":
			a.t.Errorf("%v went away, and is not gone", row)
		}
		delete(archived, l.ID)
		if ok {
			jobs++
		}
	}
	for id := range archived {
		a.t.Errorf("%s is archived, and never was", id)
	}
	return jobs
}

// shownOnly counts the jobs that were shown and are not archived: pages that
// a process had received when it was killed, or could not store.
func (a *sandbox) shownOnly() (n int) {
	for i := range sandboxClusters {
		for id := range a.world.Shown(sandboxClusters[i].ID) {
			if len(a.Rows(a.t, `SELECT 1 FROM jobs WHERE job_id = ?`, id)) == 0 {
				n++
			}
		}
	}
	return n
}

// service is the world behind a port that can be closed and opened again.
type service struct {
	t       *testing.T
	handler http.Handler
	address string
	server  *http.Server
}

func newService(t *testing.T, handler http.Handler) *service {
	t.Helper()
	s := &service{t: t, handler: handler, address: "127.0.0.1:0"}
	s.open()
	t.Cleanup(s.cut)
	return s
}

func (s *service) url() string { return "http://" + s.address }

func (s *service) open() {
	s.t.Helper()
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = l.Addr().String()
	s.server = &http.Server{Handler: s.handler}
	go func() { _ = s.server.Serve(l) }() // it ends with the server's Close
}

// cut breaks every connection, and refuses new ones.
func (s *service) cut() { _ = s.server.Close() }

// program is a process of ours and what it has said.
type program struct {
	*exec.Cmd
	since string // its runs by hand are later than this one
	mu    gosync.Mutex
	log   bytes.Buffer
}

func (p *program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

// said is the log from a place in it.
func (p *program) said(from int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()[from:]
}

func (p *program) length() int { return len(p.said(0)) }

func (p *program) tail() string {
	all := p.said(0)
	return all[max(0, len(all)-3000):]
}

// command is the program with these arguments.
func (a *sandbox) command(args ...string) *program {
	p := &program{Cmd: exec.Command(a.binary, args...), since: "0"}
	p.Env = os.Environ()
	if a.clocked {
		p.Cmd = exec.Command(os.Args[0], "-test.run=^TestProgramChild$")
		p.Env = append(os.Environ(), programVariable+"="+strings.Join(args, " "), clockVariable+"="+filepath.Join(a.dir, "clock"))
	}
	p.Dir, p.Stdout, p.Stderr = a.dir, p, p
	return p
}

// start starts the background service.
func (a *sandbox) start() {
	a.t.Helper()
	a.program = a.command("--log-format", "json", "run")
	if err := a.program.Start(); err != nil {
		a.t.Fatal(err)
	}
	p := a.program
	a.t.Cleanup(func() { _ = p.Process.Kill() })
}

// stop stops the background service as an operator would.
func (a *sandbox) stop() {
	a.t.Helper()
	if err := a.program.Process.Signal(syscall.SIGTERM); err != nil {
		a.t.Fatal(err)
	}
	if err := a.program.Wait(); err != nil || !strings.Contains(a.program.tail(), `"message":"stopped"`) {
		a.t.Errorf("%s: stopping ends with %v:\n%s", a.doing, err, a.program.tail())
	}
	a.read(func() { // that of a sync that was killed beside it stays open until the next start
		if open := a.Rows(a.t, `SELECT * FROM runs WHERE finished_at IS NULL AND triggered_by <> 'manual'`); len(open) > 0 {
			a.t.Errorf("%s: stopping left open: %v", a.doing, open)
		}
	})
}

// runs runs a command to its end.
func (a *sandbox) runs(args ...string) (out string, code int) {
	a.t.Helper()
	p := a.command(args...)
	err := p.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		a.t.Fatal(err)
	}
	return p.said(0), p.ProcessState.ExitCode()
}
