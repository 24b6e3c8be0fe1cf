package health_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	_ "importarchive/longtest"
	"importarchive/status"
	"importarchive/web/health"
)

// lived returns the source of an archive in which something of everything has
// happened. Its clusters stand as the arguments say.
func lived(t testing.TB, clusters ...status.Cluster) *health.Source {
	t.Helper()
	path := dbtest.Fresh(t)
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	dbtest.Live(t, st)
	return &health.Source{
		Archive: st.Reader,
		Status: func(ctx context.Context) (*status.Status, error) {
			return &status.Status{Clusters: clusters}, st.Reader.PingContext(ctx)
		},
		Written: func() error { return nil },
	}
}

func get(h http.Handler) (status int, body string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	return w.Code, w.Body.String()
}

func everybody(*http.Request) bool { return true }

func TestHealthSaysWhyNotOnlyToWhomMayKnow(t *testing.T) {
	s := lived(t)
	strangers, _ := health.Handlers(s, func(*http.Request) bool { return false })
	known, _ := health.Handlers(s, everybody)
	for _, h := range []http.Handler{strangers, known} {
		if status, body := get(h); status != http.StatusOK || body != "ok\n" {
			t.Errorf("%d %q", status, body)
		}
	}
	if err := s.Archive.Close(); err != nil {
		t.Fatal(err)
	}
	if status, body := get(strangers); status != http.StatusServiceUnavailable || body != "not ok\n" {
		t.Errorf("a client without access gets %d %q", status, body)
	}
	if status, body := get(known); status != http.StatusServiceUnavailable || body != "not ok: reading the archive: sql: database is closed\n" {
		t.Errorf("%d %q", status, body)
	}
}

func TestHealthGivesUpOnAnArchiveThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	s := lived(t)
	s.Archive.SetMaxOpenConns(1)
	held, err := s.Archive.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	healthz, _ := health.Handlers(s, everybody)
	if status, body := get(healthz); status != http.StatusServiceUnavailable || !strings.Contains(body, context.DeadlineExceeded.Error()) {
		t.Errorf("%d %q", status, body)
	}
}

type ready struct {
	Ready    bool     `json:"ready"`
	Reason   *string  `json:"reason"`
	Behind   *float64 `json:"clock_behind_seconds"`
	Clusters int      `json:"clusters"`
	Degraded []struct {
		Cluster          string   `json:"cluster"`
		Reasons          []string `json:"reasons"`
		LastConclusiveAt *string  `json:"last_conclusive_at"`
		LastCompleteAt   *string  `json:"last_complete_at"`
		OpenGapSeconds   float64  `json:"open_gap_seconds"`
		Failures         int64    `json:"failures"`
	} `json:"degraded"`
}

func readyOf(t *testing.T, s *health.Source) (code int, r ready) {
	t.Helper()
	_, readyz := health.Handlers(s, everybody)
	code, body := get(readyz)
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatal(err, body)
	}
	return code, r
}

func TestDegradedIsNotUnready(t *testing.T) {
	at, quick, is := "2026-05-01 12:00:00.500", "2026-05-01 12:30:00.250", func(s string) *string { return &s }
	s := lived(t,
		status.Cluster{Name: "fine", InSettings: true, Freshness: is("fresh"), LastCompleteAt: &at, Failures: 1},
		status.Cluster{Name: "old", InSettings: true, Freshness: is("stale"), LastConclusiveAt: &quick, LastCompleteAt: &at, OpenGapSeconds: 900, Failures: 7},
		status.Cluster{Name: "new", InSettings: true, Freshness: is("never")},
		status.Cluster{Name: "trouble <&>", InSettings: true, Freshness: is("fresh"), LastCompleteAt: &at, Failures: 2},
		status.Cluster{Name: "forgotten", LastCompleteAt: &at},
	)
	status, r := readyOf(t, s)
	if status != http.StatusOK || !r.Ready || r.Reason != nil || r.Clusters != 4 || r.Behind != nil || len(r.Degraded) != 3 {
		t.Fatalf("%d %+v", status, r)
	}
	old, brandNew, trouble := r.Degraded[0], r.Degraded[1], r.Degraded[2]
	if old.Cluster != "old" || strings.Join(old.Reasons, " ") != "stale failing" || *old.LastConclusiveAt != quick || *old.LastCompleteAt != at || old.OpenGapSeconds != 900 || old.Failures != 7 {
		t.Errorf("%+v", old)
	}
	if brandNew.Cluster != "new" || strings.Join(brandNew.Reasons, " ") != "never" || brandNew.LastConclusiveAt != nil || brandNew.LastCompleteAt != nil {
		t.Errorf("%+v", brandNew)
	}
	if trouble.Cluster != "trouble <&>" || strings.Join(trouble.Reasons, " ") != "failing" {
		t.Errorf("%+v", trouble)
	}
}

func TestAnArchiveThatDoesNotTakeWhatIsWrittenIsUnready(t *testing.T) {
	stale := status.Stale
	s := lived(t, status.Cluster{Name: "old", InSettings: true, Freshness: &stale})
	var trouble error
	s.Written = func() error { return trouble }
	if status, r := readyOf(t, s); status != http.StatusOK || !r.Ready {
		t.Errorf("%d %+v", status, r)
	}
	trouble = errors.New("the disk is full")
	status, r := readyOf(t, s)
	if status != http.StatusServiceUnavailable || r.Ready || *r.Reason != "writing to the archive: the disk is full" || len(r.Degraded) != 1 {
		t.Errorf("%d %+v", status, r)
	}
	healthz, _ := health.Handlers(s, everybody)
	if status, _ := get(healthz); status != http.StatusOK {
		t.Errorf("a restart would not help, and healthz asks for one: %d", status)
	}
}

func TestAnArchiveThatCantBeReadIsUnready(t *testing.T) {
	s := lived(t)
	if err := s.Archive.Close(); err != nil {
		t.Fatal(err)
	}
	status, r := readyOf(t, s)
	if status != http.StatusServiceUnavailable || r.Ready || *r.Reason != "reading the archive: sql: database is closed" || r.Degraded == nil {
		t.Errorf("%d %+v", status, r)
	}
}
