// Package e2e tests the parts of the program together.
package e2e_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	gosync "sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	_ "importarchive/longtest"
	"importarchive/notify"
	"importarchive/sync"
	"importarchive/sync/remote"
	"importarchive/sync/remote/simulator"
)

const milvus = "milvus.example"

// TestACoordinatorThatIsAwayForAnHourChangesNothing: Milvus then answers with
// success and an empty list. No job moves, none is lost, and the only notices are
// that the cluster is stale, and then that it is fresh again.
func TestACoordinatorThatIsAwayForAnHourChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		away := simulator.Fault{Kind: simulator.Away, From: began.Add(61 * time.Minute), Until: began.Add(121 * time.Minute)}
		world := simulator.New(7, time.Now, simulator.Cluster{
			ID: milvus, Dialect: "milvus-v2", Since: began.Add(-time.Hour), Every: 5 * time.Minute, RunFor: 40 * time.Minute,
			FailShare: 0.2, NeverEndsShare: 0.2,
		})
		world.Script(away)
		st, err := sqlite.Open(t.Context(), dbtest.Fresh(t), sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		heard := &hearing{}
		ctx, stop := context.WithCancel(t.Context())
		var both gosync.WaitGroup
		both.Go(func() { engineOf(st, world).Run(ctx, true) })
		notifier := notifierOf(st, heard)
		both.Go(func() {
			for ; ctx.Err() == nil; time.Sleep(notify.Every) {
				notifier.Step(ctx)
			}
		})

		time.Sleep(time.Until(away.From))
		synctest.Wait()
		before := text(t, st, `SELECT group_concat(job_id || state || coalesce(gone_at, '') || last_state_at) FROM (SELECT * FROM jobs ORDER BY job_id)`)
		transitions := text(t, st, `SELECT count(*) FROM transitions`)
		heardBefore := len(heard.kinds())
		time.Sleep(time.Until(away.Until))
		synctest.Wait()
		if now := text(t, st, `SELECT group_concat(job_id || state || coalesce(gone_at, '') || last_state_at) FROM (SELECT * FROM jobs ORDER BY job_id)`); now != before {
			t.Errorf("after the outage the jobs are %s, before it %s", now, before)
		}
		if now := text(t, st, `SELECT count(*) FROM transitions`); now != transitions {
			t.Errorf("%s transitions, %s before", now, transitions)
		}
		if kinds := heard.kinds()[heardBefore:]; !slices.Equal(kinds, []string{"stale"}) {
			t.Errorf("got %v, not only that the cluster is stale", kinds)
		}
		if outcomes := text(t, st, `SELECT group_concat(DISTINCT outcome || ' ' || error_kind) FROM runs WHERE started_at > datetime('2000-01-01 01:01:01')`); outcomes != "partial unavailable" {
			t.Errorf("runs ended as %s", outcomes)
		}

		time.Sleep(20 * time.Minute)
		synctest.Wait()
		for query, want := range map[string]string{
			`SELECT count(*) FROM jobs WHERE missed_since_at IS NOT NULL`:             "0",
			`SELECT count(*) FROM jobs WHERE outcome = 'lost'`:                        "0",
			`SELECT count(*) FROM gaps WHERE seconds > 3600 AND ended_at IS NOT NULL`: "1",
			`SELECT count(*) FROM transitions WHERE kind IN ('gone', 'returned')`:     "0",
			`SELECT outcome FROM runs WHERE finished_at IS NOT NULL ORDER BY id DESC`: "complete",
		} {
			if got := text(t, st, query); got != want {
				t.Errorf("%s gives %s, not %s", query, got, want)
			}
		}
		if kinds := heard.kinds()[heardBefore:]; !slices.Contains(kinds, "recovered") || slices.Contains(kinds, "lost") || slices.Contains(kinds, "found") {
			t.Errorf("got %v", kinds)
		}
		stop()
		both.Wait()
		if findings, err := sqlite.Verify(t.Context(), st.Reader); err != nil || len(findings) > 0 {
			t.Error(findings, err)
		}
	})
}

func engineOf(st *sqlite.Archive, world *simulator.World) *sync.Engine {
	dialect, _ := remote.DialectNamed("milvus-v2")
	target := remote.Target{Dialect: dialect, BaseURL: "https://" + milvus, Timeout: 5 * time.Second, RetryFor: 20 * time.Second}
	return &sync.Engine{Store: st, Parallel: 4, Now: time.Now, Log: zerolog.Nop(), Clusters: []sync.Cluster{{
		Name: "prod", API: "milvus-v2", BaseURL: target.BaseURL, Schedule: cron.Every(5 * time.Minute), GoneAfter: 2, Details: true,
		Remote: remote.NewClient(target, world.Transport(), remote.NewPacer(), time.Now),
	}}}
}

func notifierOf(st *sqlite.Archive, to http.RoundTripper) *notify.Notifier {
	return &notify.Notifier{
		Archive: st.Store, On: notify.Kinds[:], Transport: to, Now: time.Now, Log: zerolog.Nop(),
		Webhook:  func() (*url.URL, error) { return url.Parse("https://hooks.example/") },
		Clusters: []notify.Cluster{{Name: "prod", Details: true, StaleAfter: func(time.Time) time.Duration { return 10 * time.Minute }}},
	}
}

// hearing is a webhook that keeps the kinds of the notices that it gets.
type hearing struct {
	mu  gosync.Mutex
	all []string
}

func (h *hearing) RoundTrip(r *http.Request) (*http.Response, error) {
	var message struct{ Events []struct{ Kind string } }
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range message.Events {
		h.all = append(h.all, e.Kind)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(http.NoBody), Request: r}, nil
}

func (h *hearing) kinds() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

// text returns the first value of a query.
func text(t *testing.T, st *sqlite.Archive, query string) string {
	t.Helper()
	var value *string
	if err := st.Reader.QueryRowContext(t.Context(), query).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if value == nil {
		return ""
	}
	return *value
}
