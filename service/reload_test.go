package service

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	gosync "sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/db/sqlite"
	"importarchive/sync/remote/simulator"
)

// lines is a log that may be read while it is written.
type lines struct {
	mu   gosync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// running is a service on the clusters a and b of a simulator, each of whose
// pages takes a second.
type running struct {
	t       *testing.T
	log     lines
	world   *simulator.World
	hangups chan os.Signal
	stop    context.CancelFunc
	ended   chan error
}

func settings(head string, clusters ...string) string {
	text := "serve.listen = \"\"\n" + head
	for _, name := range clusters {
		text += fmt.Sprintf("[[clusters]]\nname = %q\napi = \"zilliz-v2\"\ncluster_id = \"in01-%s\"\nbase_url = \"https://service.example\"\napi_key = \"a-key-that-is-long-enough\"\ndetails = false\n", name, name)
	}
	return text
}

func runs(t *testing.T, text string) *running {
	t.Helper()
	r := &running{t: t, hangups: make(chan os.Signal, 1), ended: make(chan error)}
	r.world = simulator.New(1, time.Now,
		simulator.Cluster{ID: "in01-a", Dialect: "zilliz-v2", Jobs: 1000}, simulator.Cluster{ID: "in01-b", Dialect: "zilliz-v2", Jobs: 1000})
	r.world.Script(simulator.Fault{Kind: simulator.Slow, Delay: time.Second})
	r.write(text)
	parse := func(text []byte) (*config.Config, error) {
		return config.Parse("config.toml", text, func(string) (string, bool) { return "", false })
	}
	cfg, err := parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{
		Path: "config.toml", Text: []byte(text), Config: cfg, Parse: parse, Now: time.Now, Transport: r.world.Transport(), Hangups: r.hangups,
		Log: func(set config.Log) zerolog.Logger {
			level, _ := zerolog.ParseLevel(set.Level)
			return zerolog.New(&r.log).Level(level)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	go func() { r.ended <- s.Run(ctx) }()
	return r
}

func (r *running) write(text string) {
	if err := os.WriteFile("config.toml", []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *running) reload(text string) {
	r.write(text)
	r.hangups <- syscall.SIGHUP
	synctest.Wait()
}

// end stops the service, and returns what a query says of the archive.
func (r *running) end(query string) (answer string) {
	r.t.Helper()
	r.stop()
	if err := <-r.ended; err != nil {
		r.t.Error(err)
	}
	reader, err := sqlite.OpenReader(context.Background(), "archive.db")
	if err != nil {
		r.t.Fatal(err)
	}
	defer reader.Close()
	if err := reader.QueryRow(query).Scan(&answer); err != nil {
		r.t.Fatal(err)
	}
	return answer
}

func TestAReloadLosesNoRunAndNoPage(t *testing.T) {
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		const often = "sync.rate = 0\nsync.schedule = \"@every 1m\"\nsync.quick = false\n"
		r := runs(t, settings(often, "a"))
		time.Sleep(5 * time.Second)
		// The start's run of a has read some of its ten pages.
		r.reload(settings(often+"log.level = \"debug\"\n", "a", "b"))
		time.Sleep(5 * time.Second)
		r.reload(settings(often, "b"))
		time.Sleep(90 * time.Second)
		got := r.end(`SELECT group_concat(cluster || ' ' || triggered_by || ' ' || outcome || ' ' || listed, ', ') FROM (SELECT * FROM runs ORDER BY id)`)
		const want = "a start complete 1000, b start complete 1000, b schedule complete 1000"
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if said := r.log.String(); strings.Count(said, "reload: the settings are taken over") != 2 || !strings.Contains(said, `"level":"debug"`) {
			t.Error(said)
		}
	})
}

func TestSettingsWithAProblemChangeNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		const often = "sync.rate = 0\nsync.schedule = \"@every 1m\"\nsync.quick = false\n"
		r := runs(t, settings(often, "a"))
		time.Sleep(5 * time.Second)
		r.reload(settings("sync.parallel = 0\n", "b"))
		r.reload(settings("archive.path = \"other.db\"\n", "b"))
		time.Sleep(80 * time.Second)
		got := r.end(`SELECT group_concat(cluster || ' ' || triggered_by || ' ' || outcome, ', ') FROM (SELECT * FROM runs ORDER BY id)`)
		const want = "a start complete, a schedule complete"
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if said := r.log.String(); strings.Count(said, "the settings are refused, and the old ones stay") != 2 {
			t.Error(said)
		}
	})
}

func TestAStopClosesTheRunUnderWay(t *testing.T) {
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		r := runs(t, settings("sync.rate = 0\n", "a"))
		time.Sleep(4500 * time.Millisecond)
		began := time.Now()
		if got := r.end(`SELECT outcome FROM runs`); got != "interrupted" {
			t.Error(got)
		}
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("the stop took %v", took)
		}
		if said := r.log.String(); !strings.HasSuffix(said, `"message":"stopped"}`+"\n") {
			t.Error(said)
		}
	})
}
