package cli

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// dated is a service with one finished job, whose own clock is right.
type dated struct{ now time.Time }

// RoundTrip implements [http.RoundTripper].
func (d dated) RoundTrip(r *http.Request) (*http.Response, error) {
	body := `{"code":200,"data":{"tasks":[]}}`
	if r.URL.Query().Get("currentPage") == "1" {
		body = `{"code":200,"data":{"tasks":[{"collectionName":"p","jobId":"done","state":"ImportCompleted"}]}}`
	}
	return &http.Response{
		StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), Request: r,
		Header: http.Header{"Date": {d.now.UTC().Format(http.TimeFormat)}},
	}, nil
}

// A run by a clock that is 366 days ahead, or behind, loses nothing, and the next one by
// the right clock makes all well again.
func TestAWrongClockPrunesNothingAndAllSaySo(t *testing.T) {
	t.Parallel()
	archive := filepath.Join(t.TempDir(), "archive.db")
	config := settingsFor(t, archive, "prod")
	text, err := os.ReadFile(config)
	if err == nil {
		err = os.WriteFile(config, append(text, "[retention]\ncompleted = '30d'\n"...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	const year = 366 * 24 * time.Hour
	at := func(truth time.Time, ahead time.Duration, args ...string) result {
		t.Helper()
		return outside{now: truth.Add(ahead), transport: dated{truth}}.call(t, append([]string{"--config", config}, args...)...)
	}
	refuses := func(truth time.Time, ahead time.Duration, says string, args ...string) {
		t.Helper()
		r := at(truth, ahead, args...)
		if r.code != exitFailed || !strings.Contains(r.stderr, "nothing of prod is pruned, because its ages can't be judged: "+says) {
			t.Errorf("%v: %+v", args, r)
		}
	}
	at(noon, 0, "sync").wants(t, exitDone)
	for i, jump := range []struct {
		by   time.Duration
		says string
	}{{year, "this machine's clock is 366 days ahead of the service's"}, {-year, "this machine's clock is 366 days behind the service's"}} {
		truth := noon.Add(time.Duration(i+1) * time.Minute)
		if i == 0 {
			at(truth, jump.by, "prune").wants(t, exitDone) // no run has seen anything by that clock
		}
		if r := at(truth, jump.by, "sync"); r.code != exitDone || !strings.Contains(r.stderr, "prod: "+jump.says+": its ages are not judged, and nothing of it is pruned; set this machine's clock") {
			t.Errorf("sync: %+v", r)
		}
		refuses(truth, jump.by, jump.says, "prune")
		refuses(truth, jump.by, jump.says, "prune", "--dry-run")
		at(truth, jump.by, "status").wants(t, exitDone, jump.says)
		at(truth, jump.by, "check").wants(t, exitAttention, "problem  clock       prod: by the newest run, "+jump.says)
		// Until the next run, nothing has compared the clock that is right again.
		refuses(truth, 0, jump.says, "prune")
	}
	later := noon.Add(5 * time.Minute)
	at(later, 0, "sync").wants(t, exitDone)
	at(later, 0, "prune").wants(t, exitDone)
	at(later.Add(time.Second), 0, "status").wants(t, exitDone, "the cluster is fresh")
	at(later.Add(time.Hour), 0, "status").wants(t, exitAttention, "still open")
	at(later, 0, "jobs").wants(t, exitDone, "done")
	var offsets string
	err = openReader(t, archive).QueryRow(`SELECT group_concat(CAST(round(clock_offset_seconds / 86400) AS INTEGER), ' ') FROM runs`).Scan(&offsets)
	if err != nil || offsets != "0 -366 366 0" {
		t.Errorf("the clocks were apart by %s days: %v", offsets, err)
	}
}

// No run ends the doubt about a cluster that the settings no longer have. Prunes note it
// and go on.
func TestADoubtAboutAClusterThatNothingSyncsFailsNoPrune(t *testing.T) {
	t.Parallel()
	archive := filepath.Join(t.TempDir(), "archive.db")
	with := func(names ...string) string {
		t.Helper()
		config := settingsFor(t, archive, names...)
		text, err := os.ReadFile(config)
		if err == nil {
			err = os.WriteFile(config, append(text, "[retention]\ncompleted = '30d'\n"...), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return config
	}
	at := func(ahead time.Duration, config string, args ...string) result {
		t.Helper()
		return outside{now: noon.Add(ahead), transport: dated{noon}}.call(t, append([]string{"--config", config}, args...)...)
	}
	const note = "nothing of old is pruned, because its ages can't be judged: this machine's clock is 366 days ahead of the service's; the settings don't sync it"
	both, one := with("prod", "old"), with("prod")
	at(366*24*time.Hour, both, "sync").wants(t, exitDone)
	at(0, one, "sync").wants(t, exitDone)
	for _, more := range [][]string{{}, {"--dry-run"}, {"--json"}} {
		r := at(0, one, append([]string{"prune"}, more...)...)
		if r.code != exitDone || !strings.Contains(r.stderr, note) {
			t.Errorf("%v: %+v", more, r)
		}
		if r := at(0, both, append([]string{"prune"}, more...)...); r.code != exitFailed {
			t.Errorf("%v, while it is synced: %+v", more, r)
		}
	}
}
