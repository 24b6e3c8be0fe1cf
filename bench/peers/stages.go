package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// stage is a world and what is measured in it.
type stage struct {
	name    string
	prepare func(b *bench, ctx context.Context) error // before the rounds
	round   func(b *bench, ctx context.Context) error
	once    bool // one round is enough
}

var stages = []stage{
	{"long", (*bench).prepareLong, (*bench).longRound, false},
	{"peers", (*bench).preparePeers, (*bench).peersRound, false},
	{"many", (*bench).prepareMany, (*bench).manyRound, false},
	{"great", (*bench).prepareGreat, (*bench).greatRound, true},
	{"start", (*bench).prepareStart, (*bench).startRound, false},
	{"memory", (*bench).prepareMemory, (*bench).memoryRound, true},
	{"quick", (*bench).prepareQuick, (*bench).quickRound, true},
}

func stageNames() string {
	var names []string
	for _, s := range stages {
		names = append(names, s.name)
	}
	return strings.Join(names, ", ")
}

func (s *stage) wanted(only string) bool { return strings.Contains(s.name, only) }

// bench is one stage under way.
type bench struct {
	*options
	*results
	folder, binary, self string
	service              *remote
	world                world
}

func (b *bench) stage(ctx context.Context, s *stage) (err error) {
	b.folder = filepath.Join(b.folder, s.name)
	if err := os.Mkdir(b.folder, 0o700); err != nil {
		return err
	}
	if b.service, err = startService(ctx, b.self); err != nil {
		return err
	}
	defer b.service.stop()
	if err := s.prepare(b, ctx); err != nil {
		return err
	}
	rounds := b.rounds
	if s.once {
		rounds = 1
	}
	for n := range rounds {
		fmt.Fprintf(os.Stderr, "%s, round %d of %d\n", s.name, n+1, rounds)
		if err := s.round(b, ctx); err != nil {
			return err
		}
	}
	return os.RemoveAll(b.folder)
}

func (b *bench) becomes(w world) error {
	b.world = w
	return b.service.becomes(w)
}

func clusterID(n int) string { return fmt.Sprintf("in01-%015x", n) }

// settings are those of importarchive for so many clusters: no limit of
// requests, no details, and the given lines for [sync].
func (b *bench) settings(clusters int, sync string) error {
	var s strings.Builder
	fmt.Fprintf(&s, "[archive]\npath = \"bench.db\"\n[serve]\nlisten = \"\"\n[sync]\nrate = 0\ndetails = false\n%s\n", sync)
	for n := range clusters {
		fmt.Fprintf(&s, "[[clusters]]\nname = \"c%d\"\napi = \"zilliz-v1\"\ncluster_id = %q\nbase_url = %q\napi_key = \"key\"\n", n, clusterID(n), b.service.base)
	}
	return os.WriteFile(filepath.Join(b.folder, "bench.toml"), []byte(s.String()), 0o600)
}

// measured has a process do something and keeps what it took by this name.
func (b *bench) measured(ctx context.Context, name, stores string, argv ...string) error {
	before, err := b.service.requests()
	if err != nil {
		return err
	}
	t, err := run(ctx, b.folder, argv...)
	if err != nil {
		return err
	}
	after, err := b.service.requests()
	if err != nil {
		return err
	}
	t.requests = after - before
	if stores != "" {
		t.file = size(filepath.Join(b.folder, stores))
	}
	b.took[name] = append(b.took[name], t)
	return nil
}

// sync has importarchive make one run for each cluster.
func (b *bench) sync(ctx context.Context, name string) error {
	return b.measured(ctx, name, "bench.db", b.binary, "--config", "bench.toml", "--log-level", "error", "sync")
}

// holds demands that a file have so many jobs: who works fast and wrong is out.
func (b *bench) holds(ctx context.Context, name, table string, jobs int) error {
	file, err := sql.Open("sqlite", filepath.Join(b.folder, name))
	if err != nil {
		return err
	}
	defer file.Close()
	var n int
	if err := file.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		return err
	}
	if n != jobs {
		return fmt.Errorf("%s holds %d jobs, not %d", name, n, jobs)
	}
	return nil
}

func (b *bench) remove(names ...string) {
	for _, name := range names {
		for _, suffix := range []string{"", "-wal", "-shm", ".writers"} {
			_ = os.Remove(filepath.Join(b.folder, name+suffix))
		}
	}
}

// connections are how many pages importarchive has in flight.
const connections = "1"

func (b *bench) role(name string, jobs int, more ...string) []string {
	return append([]string{b.self, name, b.service.base, strconv.Itoa((jobs + 99) / 100), connections}, more...)
}

func (b *bench) prepareLong(ctx context.Context) error {
	if err := b.becomes(world{}); err != nil {
		return err
	}
	if err := b.settings(1, "quick = false\nschedule = \"@every 1s\""); err != nil {
		return err
	}
	if _, err := run(ctx, b.folder, b.binary, "--config", "bench.toml", "--log-level", "error", "sync"); err != nil {
		return err
	}
	return os.Rename(filepath.Join(b.folder, "bench.db"), filepath.Join(b.folder, "empty.db"))
}

// longRound measures one long list: the limits, a first sync, an unchanged one
// by a new process and by one that goes on, and one with changes.
func (b *bench) longRound(ctx context.Context) error {
	if err := b.becomes(world{Jobs: b.jobs, Changed: b.world.Changed}); err != nil {
		return err
	}
	b.remove("bench.db")
	steps := []func() error{
		func() error { return b.measured(ctx, "long fetch", "", b.role("fetch", b.jobs)...) },
		func() error { return b.measured(ctx, "long decode", "", b.role("decode", b.jobs)...) },
		func() error { return b.sync(ctx, "long first") },
		func() error { return b.holds(ctx, "bench.db", "archive_jobs", b.jobs) },
		func() error { return b.imported(ctx) },
		func() error { return b.warm(ctx) },
		func() error { return b.sync(ctx, "long unchanged") }, // after it: a restart
		func() error { return b.measured(ctx, "long fetch again", "", b.role("fetch", b.jobs)...) },
		func() error {
			return b.becomes(world{Jobs: b.jobs, Changed: b.world.Changed + 1})
		},
		func() error { return b.sync(ctx, "long changed") },
		func() error { return b.holds(ctx, "bench.db", "archive_jobs", b.jobs) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// warm takes the syncs of a service after its first, which has to learn what
// the archive holds.
func (b *bench) warm(ctx context.Context) error {
	d, err := startDaemon(ctx, b.folder, b.binary)
	if err != nil {
		return err
	}
	var written int64
	for n := range 4 {
		s, err := d.next()
		if err != nil {
			_ = d.stop()
			return err
		}
		before := written
		written = d.written()
		if n > 0 {
			b.took["long warm"] = append(b.took["long warm"], taken{seconds: s.Seconds, requests: s.Requests, rss: d.rss(), written: written - before})
		}
	}
	return d.stop()
}

func (b *bench) prepareMany(ctx context.Context) error {
	if err := b.settings(b.clusters, fmt.Sprintf("quick = false\nparallel = %d", parallel)); err != nil {
		return err
	}
	if err := b.becomes(world{Jobs: b.each}); err != nil {
		return err
	}
	if err := b.sync(ctx, "many first"); err != nil {
		return err
	}
	return b.becomes(world{Jobs: b.each, Latency: latency})
}

const (
	parallel = 64
	latency  = 50 * time.Millisecond
)

func (b *bench) manyRound(ctx context.Context) error {
	if err := b.sync(ctx, "many unchanged"); err != nil {
		return err
	}
	return b.holds(ctx, "bench.db", "archive_jobs", b.clusters*b.each)
}

func (b *bench) prepareGreat(context.Context) error {
	if err := b.becomes(world{Jobs: b.great}); err != nil {
		return err
	}
	return b.settings(b.clusters, "quick = false")
}

// greatRound measures an archive of very many jobs: a first sync, an unchanged
// one when all have been listed again, and one with changes.
func (b *bench) greatRound(ctx context.Context) error {
	for _, step := range []struct {
		name    string
		changed int
	}{{"first", 0}, {"again", 0}, {"unchanged", 0}, {"changed", 1}} {
		if err := b.becomes(world{Jobs: b.great, Changed: step.changed}); err != nil {
			return err
		}
		if err := b.sync(ctx, "great "+step.name); err != nil {
			return err
		}
	}
	return b.holds(ctx, "bench.db", "archive_jobs", b.clusters*b.great)
}
