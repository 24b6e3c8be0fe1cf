package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/db"
	"importarchive/web/metrics"
)

// staged writes down what becomes of companions. One takes a second to end.
type staged struct {
	mu   sync.Mutex
	told []string
}

func (s *staged) tell(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, what)
}

func (s *staged) companion(name, settings string, opens error) companion {
	who := name + "/" + settings
	return companion{name: name, reads: []string{settings}, open: func(context.Context) (func(context.Context, <-chan struct{}), error) {
		if opens != nil {
			return nil, opens
		}
		s.tell(who + " opens")
		return func(ctx context.Context, replaced <-chan struct{}) {
			s.tell(who + " runs")
			select {
			case <-ctx.Done():
				s.tell(who + " stops")
			case <-replaced:
				time.Sleep(time.Second)
				s.tell(who + " was replaced")
			}
		}, nil
	}}
}

func (s *staged) expect(t *testing.T, want string) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if diff := cmp.Diff(want, strings.Join(s.told, ", ")); diff != "" {
		t.Error(diff)
	}
	s.told = nil
}

func TestOnlyCompanionsWhoseSettingsChangedAreReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s staged
		ctx, stop := context.WithCancel(t.Context())
		c := newCompany(ctx)
		present := map[string]string{}
		reload := func(wanted ...companion) error {
			change, err := c.prepare(wanted, func(w *companion) bool { return present[w.name] == w.reads[0] })
			if err != nil {
				return err
			}
			clear(present)
			for _, w := range wanted {
				present[w.name] = w.reads[0]
			}
			change()
			return nil
		}
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		must(reload(s.companion("a", "1", nil)))
		s.expect(t, "a/1 opens, a/1 runs")
		must(reload(s.companion("a", "1", nil), s.companion("b", "1", nil)))
		s.expect(t, "b/1 opens, b/1 runs")

		// The new one is open before the old one ends, and runs after that.
		must(reload(s.companion("a", "2", nil), s.companion("b", "1", nil)))
		s.expect(t, "a/2 opens")
		time.Sleep(2 * time.Second)
		s.expect(t, "a/1 was replaced, a/2 runs")

		// One that can't be opened keeps all as they are, and frees the others.
		busy := errors.New("address already in use")
		err := reload(s.companion("a", "3", nil), s.companion("b", "2", busy))
		if fmt.Sprint(err) != "b: address already in use" {
			t.Error(err)
		}
		s.expect(t, "a/3 opens, a/3 runs, a/3 was replaced")
		time.Sleep(2 * time.Second)
		s.expect(t, "")

		// Taken out and back before it has ended: still one at a time.
		must(reload(s.companion("b", "1", nil)))
		must(reload(s.companion("a", "4", nil), s.companion("b", "1", nil)))
		must(reload(s.companion("a", "5", nil), s.companion("b", "1", nil)))
		time.Sleep(5 * time.Second)
		s.expect(t, "a/4 opens, a/5 opens, a/2 was replaced, a/4 runs, a/4 was replaced, a/5 runs")
		stop()
		c.wait()
		if len(s.told) != 2 {
			t.Errorf("%q", s.told)
		}
	})
}

func TestAReplacedTaskFinishesWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		finished := 0
		task := task{name: "export", schedule: cron.Every(time.Hour), now: time.Now, log: zerolog.Nop(), do: func(ctx context.Context, _ time.Time) (func(*zerolog.Event), error) {
			time.Sleep(10 * time.Minute)
			finished++
			return nil, ctx.Err()
		}}
		replaced := make(chan struct{})
		time.AfterFunc(65*time.Minute, func() { close(replaced) })
		task.run(t.Context(), replaced)
		if took := time.Since(began); finished != 1 || took != 70*time.Minute {
			t.Errorf("it finished %d in %v", finished, took)
		}
	})
}

// TestAClockThatIsSetBackRunsNoTaskTwice: the timer knows nothing of it, and
// comes before the clock shows the time that was due.
func TestAClockThatIsSetBackRunsNoTaskTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		began := time.Now()
		now := func() time.Time {
			if since := time.Since(began); since > 30*time.Minute {
				return time.Now().Add(-10 * time.Minute).Round(0)
			}
			return time.Now().Round(0)
		}
		var did []string
		hourly, err := cron.ParseStandard("0 * * * *")
		if err != nil {
			t.Fatal(err)
		}
		task := task{name: "backup", schedule: hourly, now: now, log: zerolog.New(&log), do: func(context.Context, time.Time) (func(*zerolog.Event), error) {
			did = append(did, time.Since(began).String())
			return nil, nil
		}}
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Hour-time.Minute)
		defer stop()
		task.run(ctx, nil)
		if got := strings.Join(did, " "); got != "1h0m0s 2h10m0s" || strings.Contains(log.String(), "skipped") {
			t.Errorf("at %s\n%s", got, log.String())
		}
	})
}

// TestEveryCompanionSaysWhatItReads keeps one from being restarted by every
// reload, or hidden behind another of its name.
func TestEveryCompanionSaysWhatItReads(t *testing.T) {
	cfg := load(t, everythingOn, noEnv)
	s := &service{program: &program{Env: System()}, st: openStore(t, twoClusters(t)), counts: metrics.NewTasks(), log: zerolog.Nop()}
	names := map[string]bool{}
	for _, c := range s.companions(cfg) {
		if names[c.name] {
			t.Errorf("two companions are called %s", c.name)
		}
		names[c.name] = true
		if len(c.reads) == 0 {
			t.Errorf("%s does not say what it reads", c.name)
		}
		for _, where := range c.reads {
			table, key, isKey := strings.Cut(where, ".")
			_, known := config.Keys[table][key]
			if config.Keys[table] == nil || isKey && !known {
				t.Errorf("%s reads %s, which is no setting", c.name, where)
			}
		}
	}
	if len(names) == 0 {
		t.Error("nothing is on")
	}
}

func openStore(t *testing.T, path string) *db.SQLite {
	t.Helper()
	st, err := db.Open(t.Context(), path, db.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

// everythingOn are settings that switch on all that is off by default.
const everythingOn = `
[export]
schedule = "@every 1h"
dir = "out"
[backup]
schedule = "@every 1h"
dir = "backups"
[retention]
schedule = "@every 1h"
completed = "365d"
[notify]
webhook = "https://hooks.example.com/1"
` + goodCluster

func TestWhatAFileSaysIsComparedByTableAndKey(t *testing.T) {
	one := load(t, "[sync]\nparallel = 2\n[export]\ndir = \"a\"\n"+goodCluster, noEnv)
	for _, row := range []struct {
		text, where string
		want        bool
	}{
		{"[sync]\nparallel = 2\n[export]\ndir = \"a\"\n", "export", false},
		{"# only spelled otherwise\n[export]\ndir = 'a'\n[sync]\nparallel = 0x2\n", "export", false},
		{"[export]\ndir = \"b\"\n", "export", true},
		{"[export]\ndir = \"b\"\n", "sync.timezone", false},
		{"[export]\ndir = \"b\"\n", "sync.parallel", true},
		{"[sync]\nparallel = 3\n[export]\ndir = \"a\"\n", "export", false},
		{"[sync]\nparallel = 3\n[export]\ndir = \"a\"\n", "sync", true},
		{"[export]\ndir = \"a\"\nformat = \"csv\"\n", "export", true}, // the default, but who knows why it was put there
	} {
		other := load(t, row.text+goodCluster, noEnv)
		if got := other.Changed(one, []string{row.where}); got != row.want {
			t.Errorf("%q changes %s: %v", row.text, row.where, got)
		}
	}
}
