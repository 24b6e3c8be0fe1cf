// Command peers measures importarchive against what bounds it and against what
// people would use in its place, on the same service, in interleaved rounds.
//
//	go run -C bench ./peers
//
// It builds the binary, starts a service in a process of its own, has every
// subject do its work in a process of its own, round after round, and writes
// bench/RESULTS.md. Times are medians; read the ratios, the machine is shared.
// What isn't installed (curl, jq, sqlite3, sqlite-utils) is left out, and said
// to be.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

type options struct {
	jobs, peerJobs, clusters, each, great int
	rounds, syncs                         int
	out, only                             string
}

func main() {
	if len(os.Args) > 1 {
		if as := roles[os.Args[1]]; as != nil {
			exit(as(os.Args[2:]))
		}
	}
	var o options
	flag.IntVar(&o.jobs, "jobs", 1_000_000, "how many jobs the long list has")
	flag.IntVar(&o.peerJobs, "peer-jobs", 100_000, "how many the list has that peers are measured on")
	flag.IntVar(&o.clusters, "clusters", 500, "how many clusters are synced in one round")
	flag.IntVar(&o.each, "each", 2_000, "how many jobs each of them lists")
	flag.IntVar(&o.great, "great", 20_000, "how many each lists in the greatest archive, which is measured once")
	flag.IntVar(&o.rounds, "rounds", 5, "how often everything is measured")
	flag.IntVar(&o.syncs, "syncs", 100, "how many unchanged syncs memory must not grow by")
	flag.StringVar(&o.out, "out", "RESULTS.md", "where the results go")
	flag.StringVar(&o.only, "only", "", "only the stages with this in their name: "+stageNames())
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit(measure(ctx, &o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// roles are what this binary is in other processes than its first.
var roles = map[string]func(args []string) error{
	"serve": serve, "fetch": fetch, "decode": decode, "naive": naive,
}

// measure runs all stages and writes what came of them.
func measure(ctx context.Context, o *options) error {
	folder, err := os.MkdirTemp("", "importarchive-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	binary := filepath.Join(folder, "importarchive")
	build := exec.CommandContext(ctx, "go", "build", "-C", "..", "-trimpath", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building importarchive: %w\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	r := &results{options: o, took: map[string][]taken{}, missing: map[string]bool{}}
	r.binaryBytes = size(binary)
	for _, s := range stages {
		if !s.wanted(o.only) {
			continue
		}
		b := &bench{options: o, results: r, folder: folder, binary: binary, self: self}
		if err := b.stage(ctx, &s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return r.write(o.out)
}
