package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func newReader(b []byte) io.Reader { return bytes.NewReader(b) }

// taken is what a piece of work took.
type taken struct {
	seconds, cpu float64
	rss          int64 // at its most, bytes
	written      int64 // bytes that the kernel wrote for it
	requests     int64
	file         int64 // bytes of what it stores in, afterwards
}

// run has a process of its own do something.
func run(ctx context.Context, folder string, argv ...string) (taken, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = folder
	var problems bytes.Buffer
	cmd.Stderr = &problems
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return taken{}, fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, tail(problems.Bytes()))
	}
	t := taken{seconds: time.Since(began).Seconds()}
	t.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		t.rss, t.written = usage.Maxrss*1024, usage.Oublock*512
	}
	return t, nil
}

func tail(b []byte) []byte { return b[max(0, len(b)-2000):] }

// size is how large a file is, with what SQLite keeps beside it.
func size(path string) (n int64) {
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err == nil {
			n += info.Size()
		}
	}
	return n
}

// daemon is the service of importarchive, which logs each run.
type daemon struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

// synced is the line of a run.
type synced struct {
	Message, Outcome, Error string
	Seconds                 float64
	Requests, Pages         int64
}

func startDaemon(ctx context.Context, folder, binary string) (*daemon, error) {
	cmd := exec.CommandContext(ctx, binary, "--config", "bench.toml", "--log-format", "json", "run")
	cmd.Dir = folder
	log, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	return &daemon{cmd: cmd, lines: bufio.NewScanner(log)}, cmd.Start()
}

// next waits for the next run's end.
func (d *daemon) next() (s synced, err error) {
	for d.lines.Scan() {
		if json.Unmarshal(d.lines.Bytes(), &s) == nil && s.Message == "synced" {
			if s.Outcome != "complete" && s.Outcome != "quick" {
				return s, fmt.Errorf("a run was %s: %s", s.Outcome, s.Error)
			}
			return s, nil
		}
	}
	return s, errors.Join(errors.New("the service ended"), d.lines.Err())
}

// rss is how much memory it has resident now, in bytes.
func (d *daemon) rss() int64 { return 1024 * d.proc("status", "VmRSS: %d kB") }

// written is how much was written for it so far, in bytes.
func (d *daemon) written() int64 { return d.proc("io", "write_bytes: %d") }

// proc reads a number of the process from /proc.
func (d *daemon) proc(name, format string) (n int64) {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(d.cmd.Process.Pid) + "/" + name)
	for line := range strings.Lines(string(text)) {
		if _, err := fmt.Sscanf(line, format, &n); err == nil {
			return n
		}
	}
	return 0
}

func (d *daemon) stop() error {
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	for d.lines.Scan() { // or it would block on its full log pipe
	}
	return d.cmd.Wait()
}
