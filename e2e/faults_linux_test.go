package e2e_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"importarchive/db/sqlite"
	"importarchive/sync/remote/simulator"
)

// signals are what happens to processes.
var signals = []chaos{
	{"SIGKILL of the service", func(a *sandbox) {
		a.soon(1200 * time.Millisecond)
		a.remembers()
		a.soon(300 * time.Millisecond)
		a.kill(a.program)
		a.sound() // as it was left, before anybody repairs it
		a.start()
	}},
	{"SIGKILL of the service, again while it starts", func(a *sandbox) {
		for range 3 {
			a.kill(a.program)
			a.start()
			a.soon(250 * time.Millisecond)
		}
		a.kill(a.program)
		a.start()
	}},
	{"SIGKILL of a sync beside it", func(a *sandbox) {
		p := a.command("sync")
		p.since = a.newest()
		if err := p.Start(); err != nil {
			a.t.Fatal(err)
		}
		a.soon(250 * time.Millisecond)
		a.kill(p)
	}},
	{"SIGKILL of the service while a sync goes on", func(a *sandbox) {
		a.soon(time.Second)
		p := a.command("sync")
		if err := p.Start(); err != nil {
			a.t.Fatal(err)
		}
		a.soon(250 * time.Millisecond)
		a.kill(a.program)
		if err := p.Wait(); p.ProcessState.ExitCode() != 0 && p.ProcessState.ExitCode() != 3 {
			a.t.Errorf("the sync ends with %v:\n%s", err, p.tail())
		}
		a.start()
	}},
	{"SIGTERM of the service", func(a *sandbox) {
		a.soon(1200 * time.Millisecond)
		a.stop()
		a.sound()
		a.start()
	}},
	{"SIGTERM of the service while the service asked hangs", func(a *sandbox) {
		from := a.newest()
		a.world.Script(simulator.Fault{Kind: simulator.Hang, From: a.now(), Until: a.now().Add(3 * time.Second)})
		a.eventually("a run begins", func() bool { return a.newest() != from })
		a.stop()
		a.start()
	}},
	{"SIGTERM of a sync beside it", func(a *sandbox) {
		p := a.command("sync")
		if err := p.Start(); err != nil {
			a.t.Fatal(err)
		}
		a.soon(250 * time.Millisecond)
		if err := p.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			a.t.Fatal(err)
		}
		err := p.Wait()
		switch code := p.ProcessState.ExitCode(); {
		case code == 0, code == 3: // it was done before; 3: it had been disturbed
		case code == 1 && strings.Contains(p.said(0), "stopped before the sync was done"):
		case code == 1 && strings.Contains(p.said(0), "context canceled"): // while it opened the archive
		case p.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGTERM: // before it listened for signals
		default:
			a.t.Errorf("it ends with %v:\n%s", err, p.tail())
		}
	}},
	{"a second service", func(a *sandbox) {
		if out, code := a.runs("run"); code != 1 || !strings.Contains(out, "another importarchive service already keeps it (pid ") {
			a.t.Errorf("it ends with %d:\n%s", code, out)
		}
	}},
}

// kill kills a process, if it has not ended by itself.
func (a *sandbox) kill(p *program) {
	a.t.Helper()
	if err := p.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		a.t.Fatal(err)
	}
	err := p.Wait()
	if p.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL && (p == a.program || err != nil) {
		a.t.Errorf("%s: it was not killed, but ended with %v:\n%s", a.doing, err, p.tail())
	}
	a.read(func() { // another one that was killed before may have left a run by hand behind
		if len(a.Rows(a.t, `SELECT 1 FROM runs WHERE finished_at IS NULL AND (triggered_by = 'manual') = ?1 AND id > ?2`, p != a.program, p.since)) > 0 {
			a.did.count(a.did.amidst, a.doing)
		}
	})
}

// logs waits until the service says something, from a place in its log on.
func (a *sandbox) logs(from int, words string) {
	a.t.Helper()
	a.eventually("the service says "+words, func() bool { return strings.Contains(a.program.said(from), words) })
}

// strangers are other programs that have the archive open.
var strangers = []chaos{
	{"the sqlite3 shell asks, and could write", func(a *sandbox) {
		shell, err := exec.LookPath("sqlite3")
		if err != nil {
			if os.Getenv("CI") == "true" {
				a.t.Error("CI needs the sqlite3 shell: ", err)
			}
			a.t.Log("left out: there is no sqlite3 shell")
			return
		}
		// When the shell closes the file, it checks for other users. It must see
		// the service, or it deletes the log that the service uses.
		for range 4 {
			if out, err := exec.Command(shell, a.Path, "SELECT count(*) FROM jobs").CombinedOutput(); err != nil {
				a.t.Errorf("the shell: %v\n%s", err, out)
			}
			if _, err := os.Stat(a.Path + "-wal"); err != nil {
				a.t.Errorf("after it has left, the service's log: %v", err)
			}
			if out, code := a.runs("sync"); code != 0 && code != 3 {
				a.t.Errorf("a sync then ends with %d:\n%s", code, out)
			}
		}
		a.sound()
	}},
}

var disks = []chaos{
	{"a full disk", func(a *sandbox) {
		if !a.mounted {
			a.t.Logf("left out: only root may mount a small file system for it")
			return
		}
		from := a.program.length()
		ballast := a.fill()
		a.logs(from, "the disk is full")
		a.eventually("a sync says that the disk is full", func() bool {
			out, code := a.runs("sync")
			full := code == 1 && strings.Contains(out, "the disk is full")
			if !full && code != 0 && code != 3 { // as long as there is room in the log
				a.t.Errorf("on a full disk a sync ends with %d:\n%s", code, out)
			}
			return full
		})
		a.remembers() // it can still be read
		if err := os.Remove(ballast); err != nil {
			a.t.Fatal(err)
		}
	}},
	{"a full disk, and SIGKILL", func(a *sandbox) {
		if !a.mounted {
			a.t.Logf("left out: only root may mount a small file system for it")
			return
		}
		from := a.program.length()
		ballast := a.fill()
		a.logs(from, "the disk is full")
		a.kill(a.program)
		if err := os.Remove(ballast); err != nil {
			a.t.Fatal(err)
		}
		a.start()
	}},
}

// fill writes a file until there is no byte left.
func (a *sandbox) fill() (ballast string) {
	a.t.Helper()
	ballast = filepath.Join(a.dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		a.t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			a.t.Fatal(err)
		}
	}
	return ballast
}

var locks = []chaos{
	{"the archive locked, for less than a write waits", func(a *sandbox) {
		from := a.program.length()
		release := a.lock()
		time.Sleep(500 * time.Millisecond)
		a.remembers() // who reads is not held up
		a.soon(2500 * time.Millisecond)
		release()
		a.recovers()
		if said := a.program.said(from); strings.Contains(said, `"level":"error"`) {
			a.t.Errorf("it could have waited:\n%s", said)
		}
	}},
	{"a reader that stays", func(a *sandbox) {
		reader, err := sqlite.OpenReader(a.t.Context(), a.Path)
		if err != nil {
			a.t.Fatal(err)
		}
		defer reader.Close()
		tx, err := reader.Begin()
		if err != nil {
			a.t.Fatal(err)
		}
		defer tx.Rollback()
		runs := func() (n int) {
			if err := tx.QueryRow(`SELECT count(*) FROM runs`).Scan(&n); err != nil {
				a.t.Error(err)
			}
			return n
		}
		before := runs()
		a.recovers() // the service goes on
		if out, code := a.runs("sync"); code != 0 && code != 3 {
			a.t.Errorf("beside a reader a sync ends with %d:\n%s", code, out)
		}
		if now := runs(); now != before {
			a.t.Errorf("%d runs became %d under its eyes", before, now)
		}
	}},
}

var longLocks = []chaos{
	{"the archive locked, for longer than a write waits", func(a *sandbox) {
		from := a.program.length()
		release := a.lock()
		by := make(chan func())
		go func() {
			p := a.command("sync", "--cluster", "in01-one")
			err := p.Run()
			by <- func() {
				if p.ProcessState.ExitCode() != 1 || !strings.Contains(p.said(0), "another program holds it locked") {
					a.t.Errorf("with the archive locked a sync ends with %v:\n%s", err, p.tail())
				}
			}
		}()
		a.logs(from, "another program holds it locked")
		(<-by)()
		a.remembers()
		release()
	}},
	{"the archive locked, and SIGTERM", func(a *sandbox) {
		release := a.lock()
		a.soon(2 * time.Second)
		if err := a.program.Process.Signal(syscall.SIGTERM); err != nil {
			a.t.Fatal(err)
		}
		a.soon(2 * time.Second)
		release()
		if err := a.program.Wait(); err != nil {
			a.t.Errorf("it ends with %v:\n%s", err, a.program.tail())
		}
		a.start()
	}},
	{"the archive locked, and SIGKILL", func(a *sandbox) {
		release := a.lock()
		a.soon(2 * time.Second)
		a.kill(a.program)
		a.sound()
		a.start()
		a.soon(2 * time.Second)
		release()
	}},
}

// lock lets another program hold the archive's write lock.
func (a *sandbox) lock() (release func()) {
	a.t.Helper()
	file, err := sql.Open("sqlite", "file:"+a.Path+"?_pragma=busy_timeout(30000)")
	if err != nil {
		a.t.Fatal(err)
	}
	conn, err := file.Conn(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	how := pick(a.random, "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE")
	if _, err := conn.ExecContext(a.t.Context(), how); err != nil {
		a.t.Fatal(err)
	}
	return func() {
		_, err := conn.ExecContext(context.Background(), "ROLLBACK")
		if err := errors.Join(err, conn.Close(), file.Close()); err != nil {
			a.t.Error(err)
		}
	}
}

// lies are what the service does: it hangs, refuses, and answers with what is
// no listing.
var lies = []chaos{
	lying("hangs", "unavailable", simulator.Fault{Kind: simulator.Hang}),
	lying("hangs from the second page on", "unavailable", simulator.Fault{Kind: simulator.Hang, FromPage: 2}),
	lying("breaks every connection", "unavailable", simulator.Fault{Kind: simulator.Refused}),
	lying("answers with 500", "unavailable", simulator.Fault{Kind: simulator.HTTPStatus, Status: 500}),
	lying("answers with 429", "rate-limited", simulator.Fault{Kind: simulator.HTTPStatus, Status: 429, RetryAfter: time.Minute}),
	lying("answers with 401", "auth", simulator.Fault{Kind: simulator.HTTPStatus, Status: 401}),
	lying("breaks off in the middle of answers", "unavailable", simulator.Fault{Kind: simulator.Cut}),
	lying("answers more slowly than is waited for", "unavailable", simulator.Fault{Kind: simulator.Drip, Delay: 5 * time.Second}),
	lying("answers with HTML", "", simulator.Fault{Kind: simulator.HTML}),
	lying("answers with {}", "protocol", simulator.Fault{Kind: simulator.EmptyObject}),
	lying("answers without data", "protocol", simulator.Fault{Kind: simulator.NoData}),
	lying("answers with data null", "protocol", simulator.Fault{Kind: simulator.NullData}),
	lying("answers with a list null", "protocol", simulator.Fault{Kind: simulator.NullList}),
	lying("answers with half an object", "unavailable", simulator.Fault{Kind: simulator.Verbatim, Body: `{"code":200,"data":{"tasks":[{"jobId":"job-x"`}),
	lying("answers with a redirect", "", simulator.Fault{Kind: simulator.Redirect}),
	lying("counts wrongly", "protocol", simulator.Fault{Kind: simulator.Miscount, By: 3}),
	lying("skips jobs between pages", "protocol", simulator.Fault{Kind: simulator.Shifted, By: -2, FromPage: 2}),
	lying("repeats jobs between pages", "protocol", simulator.Fault{Kind: simulator.Shifted, By: 2, FromPage: 2}),
	{"the network is cut", func(a *sandbox) {
		since := a.newest()
		a.service.cut()
		a.eventually("a run says that the service is unavailable", func() bool { return a.noticed(since, "unavailable") })
		if out, code := a.runs("sync"); code != 3 || !strings.Contains(out, "connection refused") {
			a.t.Errorf("with the network cut a sync ends with %d:\n%s", code, out)
		}
		a.service.open()
	}},
}

func lying(how, kind string, f simulator.Fault) chaos {
	return chaos{"the service " + how, func(a *sandbox) {
		lasts := 2500 * time.Millisecond
		if kind == "unavailable" || kind == "rate-limited" { // it is tried again for some time
			lasts += 2 * time.Second
		}
		since := a.newest()
		for f.Until = a.now(); !a.noticed(since, kind); lasts *= 2 { // a slow machine may not ask in so short a time
			f.From, f.Until = a.now(), a.now().Add(lasts)
			a.world.Script(f)
			a.eventually("a run says "+kind, func() bool { return a.noticed(since, kind) || !a.now().Before(f.Until) })
		}
		if out, code := a.runs("sync"); a.now().Before(f.Until) && code != 3 {
			a.t.Errorf("%s: a sync ends with %d:\n%s", a.doing, code, out)
		}
		time.Sleep(time.Until(f.Until))
	}}
}

// noticed reports whether a run says what is wrong; any kind will do for "".
func (a *sandbox) noticed(since, kind string) (said bool) {
	a.t.Helper()
	a.read(func() {
		said = len(a.Rows(a.t, `SELECT 1 FROM runs WHERE id > ?1 AND outcome IN ('failed', 'partial') AND error IS NOT NULL AND ?2 IN (error_kind, '')`, since, kind)) > 0
	})
	return said
}

// clocks move the clock of the program, and leave it where it is.
var clocks = []chaos{
	jumping("an hour ahead", time.Hour), jumping("right again", 0),
	jumping("a day back", -24*time.Hour), jumping("ten seconds back", -10*time.Second),
	jumping("two seconds ahead", 2*time.Second), jumping("three days ahead", 72*time.Hour),
}

func jumping(where string, by time.Duration) chaos {
	return chaos{"the clock jumps to where it is " + where, func(a *sandbox) {
		a.soon(time.Second) // in the middle of a run, perhaps
		from, was := a.program.length(), a.clock
		a.clock = by
		a.write("clock", by.String())
		if by < was-time.Second {
			a.logs(from, `"clock_behind"`)
		}
		if out, code := a.runs("sync"); code != 0 && code != 3 { // 3: beside the service it may have been disturbed
			a.t.Errorf("a sync ends with %d:\n%s", code, out)
		}
	}}
}
