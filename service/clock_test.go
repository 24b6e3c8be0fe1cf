package service

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	gosync "sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"importarchive/check"
	"importarchive/config"
	"importarchive/longtest"
	"importarchive/sync/remote/simulator"
)

// everyMinute has all that judges time, and all that has a schedule.
const everyMinute = `
sync.rate = 0
sync.schedule = "* * * * *"
sync.quick = false
retention = { schedule = "* * * * *", completed = "30d", failed = "30d", cancelled = "30d", runs = "30d" }
backup = { schedule = "* * * * *", dir = "backups", keep = 3 }
export = { schedule = "* * * * *", dir = "export", what = ["jobs"] }
notify = { webhook = "https://hooks.example/x", on = ["clock", "stale", "recovered"] }
`

// outsideWorld is a cluster whose clock is right, and the webhook.
type outsideWorld struct {
	service  http.RoundTripper
	dateless bool        // its answers have no Date
	down     atomic.Bool // it refuses

	mu    gosync.Mutex
	posts []string
}

// RoundTrip implements [http.RoundTripper].
func (o *outsideWorld) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "hooks.example" {
		body, err := io.ReadAll(r.Body)
		o.mu.Lock()
		defer o.mu.Unlock()
		o.posts = append(o.posts, string(body))
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r, Header: http.Header{}}, err
	}
	if o.down.Load() {
		return nil, fmt.Errorf("connection refused")
	}
	resp, err := o.service.RoundTrip(r)
	if err == nil && o.dateless {
		resp.Header.Del("Date")
	}
	return resp, err
}

func (o *outsideWorld) posted() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.posts, "\n")
}

// moved is a running service whose clock the test moves.
type moved struct {
	*testing.T
	*Service
	log   lines
	world outsideWorld
	ahead atomic.Int64
	stop  context.CancelFunc
	ended chan error
}

// movable starts a service at the present day, because files have real times.
func movable(t *testing.T, real time.Duration, text string, dateless bool) *moved {
	t.Helper()
	m := &moved{T: t, ended: make(chan error)}
	truth := func() time.Time { return time.Now().Add(real) }
	world := simulator.New(1, truth, simulator.Cluster{ID: "in01-a", Dialect: "zilliz-v2", Jobs: 20})
	m.world.service, m.world.dateless = world.Transport(), dateless
	text = settings(text, "a")
	cfg, err := config.Parse("config.toml", []byte(text), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	m.Service, err = New(Options{
		Path: "config.toml", Text: []byte(text), Config: cfg, Transport: &m.world,
		Now: func() time.Time { return truth().Add(time.Duration(m.ahead.Load())) },
		Log: func(config.Log) zerolog.Logger { return zerolog.New(&m.log) },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	m.stop = stop
	go func() { m.ended <- m.Service.Run(ctx) }()
	return m
}

func (m *moved) clock(ahead time.Duration) { m.ahead.Store(int64(ahead)) }

// pass lets time pass, and the tasks that are due end.
func (m *moved) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (m *moved) end() {
	m.stop()
	if err := <-m.ended; err != nil {
		m.Error(err)
	}
}

func (m *moved) done(what string) int { return strings.Count(m.log.String(), `"message":"`+what+`"`) }

func (m *moved) count(query string) (n int) {
	m.Helper()
	if err := m.st.Reader.QueryRow(query).Scan(&n); err != nil {
		m.Fatal(err)
	}
	return n
}

func (m *moved) readyz() string {
	m.Helper()
	h, err := m.handler(m.cfg, m.Service.log)
	if err != nil {
		m.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8321/readyz", nil))
	return strings.Join(strings.Fields(w.Body.String()), " ")
}

// checked returns what check says of the clock.
func (m *moved) checked() (found string) {
	r := check.Run(m.Context(), check.Env{Config: m.cfg, Archive: m.st.Reader, Now: m.opts.Now, Transport: &m.world})
	for _, f := range r.Checks {
		if f.Check == "clock" {
			found += f.Status + " " + f.Found + "\n"
		}
	}
	return found
}

func (m *moved) backups() int {
	m.Helper()
	all, err := filepath.Glob("backups/archive-*Z.db")
	if err != nil {
		m.Fatal(err)
	}
	return len(all)
}

const year = 366 * 24 * time.Hour

// A clock moves for the time of a sync or two, and comes back.
func TestAServiceOutlivesAClockThatMoves(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long with the race detector")
	}
	for _, row := range []struct {
		story    string
		by       time.Duration
		dateless bool
		says     string // "": nothing is wrong enough
	}{
		{"a year ahead", year, false, "this machine's clock is 366 days ahead of the service's"},
		{"a year back", -year, false, "this machine's clock is 366 days behind the service's"},
		{"an hour ahead", time.Hour, false, ""},
		{"an hour back", -time.Hour, false, ""},
		{"a year ahead, and no Date", year, true, ""},
	} {
		t.Run(row.story, func(t *testing.T) {
			if row.dateless || row.says == "" {
				longtest.Only(t)
			}
			t.Chdir(t.TempDir())
			real := time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).Truncate(time.Minute)
			synctest.Test(t, func(t *testing.T) {
				m := movable(t, real, everyMinute, row.dateless)
				defer m.end()
				m.pass(4*time.Minute + 5*time.Second)
				if m.done("prune: done") < 3 || m.done("backup: done") != 4 || m.backups() != 3 || m.count(`SELECT count(*) FROM jobs`) != 20 {
					t.Fatalf("before the clock moves: %s", m.log.String())
				}

				m.clock(row.by)
				m.pass(75 * time.Second)
				if row.says != "" {
					want := `"reasons": [ "clock" ]`
					if row.by < 0 { // times are held
						want = `"clock"`
					}
					if got := m.readyz(); !strings.Contains(got, want) || !strings.Contains(got, row.says) {
						t.Error("readyz:", got)
					}
					if got := m.checked(); !strings.Contains(got, "problem") || !strings.Contains(got, row.says) {
						t.Error("check:", got)
					}
					if got := m.world.posted(); !strings.Contains(got, `"kind":"clock"`) {
						t.Error("notices:", got)
					}
					if got := m.log.String(); !strings.Contains(got, row.says+": nothing of this cluster is pruned") {
						t.Error("log:", got)
					}
				} else if got := m.readyz(); !row.dateless && strings.Contains(got, `"clock"`) {
					t.Error("readyz:", got)
				}

				m.clock(0)
				was := map[string]int{}
				for _, what := range []string{"backup: done", "export: done", "synced", "prune: done"} {
					was[what] = m.done(what)
				}
				m.pass(75 * time.Second) // 15 s until the tasks look at the clock, and a minute of the schedule
				for _, what := range []string{"backup: done", "export: done", "synced"} {
					if m.done(what) == was[what] {
						t.Errorf("%s: not again within a minute: %s", what, m.log.String())
					}
				}
				m.pass(time.Minute) // a prune beside that sync may still refuse
				if m.done("prune: done") == was["prune: done"] {
					t.Errorf("no prune again: %s", m.log.String())
				}
				if m.count(`SELECT count(*) FROM jobs`) != 20 || m.count(`SELECT count(*) FROM pruned`) != 0 || m.count(`SELECT count(*) FROM prunes`) != 0 {
					t.Error("something was pruned")
				}
				if made := m.done("backup: done"); m.backups() != 3 {
					t.Errorf("%d of %d backups are left", m.backups(), made)
				}
				if got := m.readyz(); strings.Contains(got, `"clock"`) || !strings.Contains(got, `"degraded": []`) {
					t.Error("readyz:", got)
				}
				if got := m.checked(); !row.dateless && !strings.Contains(got, "ok agrees with the service's") || strings.Contains(got, "problem by the newest run") {
					t.Error("check:", got) // that new times are held stays a problem, while they are
				}
				if got := m.world.posted(); strings.Contains(got, "the clocks agree again") != strings.Contains(got, `"kind":"clock"`) {
					t.Error("notices:", got)
				}
			})
		})
	}
}

// After an outage, a service without a Date leaves open whether the clock jumped. That
// is no reason to call anyone.
func TestAnOutageIsNoWrongClock(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long with the race detector")
	}
	t.Chdir(t.TempDir())
	real := time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).Truncate(time.Minute)
	synctest.Test(t, func(t *testing.T) {
		m := movable(t, real, everyMinute, true)
		defer m.end()
		m.pass(2*time.Minute + 5*time.Second)
		m.world.down.Store(true)
		m.pass(20 * time.Minute)
		m.world.down.Store(false)
		m.pass(5 * time.Minute)
		if m.count(`SELECT count(*) FROM gaps WHERE ended_at IS NOT NULL`) != 1 {
			t.Error("there is no gap")
		}
		if got := m.readyz(); !strings.Contains(got, `"degraded": []`) {
			t.Error("readyz:", got)
		}
		if got := m.world.posted(); strings.Contains(got, `"kind":"clock"`) || !strings.Contains(got, `"kind":"recovered"`) {
			t.Error("notices:", got)
		}
		if got := m.log.String(); !strings.Contains(got, "prune: nothing of a is pruned, because its ages can't be judged: a gap ended only") || m.done("prune: failed") > 0 {
			t.Error("log:", got)
		}
	})
}
