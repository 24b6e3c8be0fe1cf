package cli

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"go.yaml.in/yaml/v3"

	"importarchive/db"
	"importarchive/db/sqlite"
	"importarchive/status"
)

// readsQuickly makes a quick run of a second that saw nothing new.
func (s *story) readsQuickly(ago time.Duration) {
	s.t.Helper()
	r := s.begin(ago)
	r.Outcome, r.ListingStart, r.FinishedAt = db.Quick, r.StartedAt, r.StartedAt.Add(time.Second)
	r.ClockOffset = new(time.Duration)
	r.Pages, r.Requests = 1, 1
	if err := s.st.Finish(s.t.Context(), r, nil); err != nil {
		s.t.Fatal(err)
	}
}

// tellQuickRuns writes a complete run that is 17 schedules old, quick runs since
// then, and another cluster whose quick runs have ended.
func tellQuickRuns(t *testing.T, st *sqlite.Archive) {
	fresh, stale := newStory(t, st, "fresh"), newStory(t, st, "stale")
	for _, s := range []*story{fresh, stale} {
		s.lists(85*time.Minute, db.Job{ID: "job-1", State: db.Completed, RawState: "Completed"})
	}
	for ago := 80 * time.Minute; ago > 0; ago -= 5 * time.Minute {
		fresh.readsQuickly(ago - 4*time.Minute)
		if ago > time.Hour {
			stale.readsQuickly(ago - 4*time.Minute)
		}
	}
}

// A quick run is as good for freshness as a complete one, wherever freshness shows.
func TestAClusterOfQuickRunsIsFreshEverywhere(t *testing.T) {
	t.Parallel()
	archive := newArchive(t, func(st *sqlite.Archive) { tellQuickRuns(t, st) })
	settings := settingsFor(t, archive, "fresh", "stale", "never")
	var said status.Status
	r := call(t, "--config", settings, "status", "--json")
	if err := json.Unmarshal([]byte(r.stdout), &said); err != nil {
		t.Fatal(err, r.stderr)
	}
	s := watch(t, archive, settings, noon)
	shown := families(t, s)
	for i, want := range []struct{ freshness, conclusive, complete string }{
		{"fresh", "2026-11-23 11:59:01.000", "2026-11-23 10:35:02.000"},
		{"stale", "2026-11-23 10:59:01.000", "2026-11-23 10:35:02.000"},
		{"never", "", ""},
	} {
		cl := &said.Clusters[i]
		agrees(t, cl, said.Gaps, shown)
		if *cl.Freshness != want.freshness || timeOf(cl.LastConclusiveAt) != want.conclusive || timeOf(cl.LastCompleteAt) != want.complete {
			t.Errorf("%s is %s, by a conclusive run at %q and a complete one at %q", cl.Name, *cl.Freshness, timeOf(cl.LastConclusiveAt), timeOf(cl.LastCompleteAt))
		}
	}
	call(t, "--config", settings, "status").wants(t, exitAttention, "last conclusive",
		"fresh    fresh      59s ago", "stale    stale      1h", "stale is stale: no conclusive run for 1h", "never never had a conclusive run")
	call(t, "--config", settings, "report", "overview").wants(t, exitDone, "last_conclusive_at", "2026-11-23 11:59:01.000  2026-11-23 10:35:02.000")
	ready := fetch(t, s.readyz)
	if !strings.Contains(ready, `"last_conclusive_at": "2026-11-23 10:59:01.000"`) || strings.Contains(ready, `"cluster": "fresh"`) {
		t.Error(ready)
	}
	for alert, want := range map[string][]string{
		"ImportarchiveClusterStale":           {"stale"},
		"ImportarchiveGapOpen":                {"stale"},
		"ImportarchiveClusterNeverConclusive": {"never"},
		"ImportarchiveClusterFailing":         nil,
	} {
		if got := raisedFor(t, alert, shown); !slices.Equal(got, want) {
			t.Errorf("%s is raised for %q, not for %q", alert, got, want)
		}
	}
	for cluster, want := range map[string]float64{"fresh": 59.0 / 300, "stale": 3659.0 / 300} {
		if got := ageInSchedules(t, cluster, shown); math.Abs(got-want) > 1e-6 {
			t.Errorf("the dashboard shows %v schedules for %s, not %v", got, cluster, want)
		}
	}
}

func timeOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

var (
	condition = regexp.MustCompile(`^importarchive_(\w+) (==|>|>=) (\d+)(?: (and|unless) importarchive_(\w+))?$`)
	ageOf     = regexp.MustCompile(`^\(time\(\) - importarchive_(\w+)\{cluster=~"\$cluster"\}\) / importarchive_(\w+)\{cluster=~"\$cluster"\}$`)
)

// raisedFor evaluates an alert that compares one metric of clusters with a number,
// and may ask whether another one is there.
func raisedFor(t *testing.T, alert string, shown map[string]*dto.MetricFamily) (clusters []string) {
	t.Helper()
	var rules struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal([]byte(readDoc(t, "docs/alerts.yml")), &rules); err != nil {
		t.Fatal(err)
	}
	for _, r := range rules.Groups[0].Rules {
		if r.Alert != alert {
			continue
		}
		m := condition.FindStringSubmatch(r.Expr)
		if m == nil {
			t.Fatalf("%s: %s", alert, r.Expr)
		}
		limit, _ := strconv.ParseFloat(m[3], 64)
		for _, cluster := range []string{"fresh", "stale", "never"} {
			got, n := value(shown, m[1], "cluster="+cluster)
			_, other := value(shown, m[5], "cluster="+cluster)
			holds := map[string]bool{"==": got == limit, ">": got > limit, ">=": got >= limit}[m[2]]
			if n == 1 && holds && (m[4] == "" || (m[4] == "and") == (other == 1)) {
				clusters = append(clusters, cluster)
			}
		}
		return clusters
	}
	t.Fatalf("there is no alert %s", alert)
	return nil
}

// ageInSchedules evaluates the panel of the dashboard for one cluster.
func ageInSchedules(t *testing.T, cluster string, shown map[string]*dto.MetricFamily) float64 {
	t.Helper()
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(readDoc(t, "docs/grafana-service.json")), &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		if p.Title != "Age, in schedules" {
			continue
		}
		m := ageOf.FindStringSubmatch(p.Targets[0].Expr)
		if m == nil {
			t.Fatal(p.Targets[0].Expr)
		}
		at, _ := value(shown, m[1], "cluster="+cluster)
		every, _ := value(shown, m[2], "cluster="+cluster)
		return (float64(noon.Unix()) - at) / every
	}
	t.Fatal("the dashboard has no such panel")
	return 0
}
