package cli

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"importarchive/page"
	"importarchive/report"
)

// These tests run the queries of the dashboard, so that it stays right for the
// archive.

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rowsOf asks a statement, to the end of its rows.
func rowsOf(t *testing.T, reader *sql.DB, statement string) (rows int) {
	t.Helper()
	table, err := report.Query(t.Context(), reader, statement, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, statement)
	}
	for _, err := range table.Rows {
		if err != nil {
			t.Fatalf("%v\n%s", err, statement)
		}
		rows++
	}
	return rows
}

// missing skips a test for want of something, but in CI nothing is wanting.
func missing(t *testing.T, what string, why ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal("CI needs ", what, ": ", why)
	}
	t.Skip("this needs ", what, ": ", why)
}

type dashboard struct {
	Panels     []dashboardPanel `json:"panels"`
	Templating struct {
		List []struct {
			Name  string          `json:"name"`
			Query json.RawMessage `json:"query"`
		} `json:"list"`
	} `json:"templating"`
}

type dashboardPanel struct {
	ID      int              `json:"id"`
	Type    string           `json:"type"`
	Title   string           `json:"title"`
	Targets []dashboardQuery `json:"targets"`
}

type dashboardQuery struct {
	Raw         string   `json:"rawQueryText"`
	Text        string   `json:"queryText"`
	TimeColumns []string `json:"timeColumns"`
}

// asGrafana fills in what Grafana does: the chosen time range, a month, and
// the chosen cluster.
func asGrafana(query, cluster string) string {
	return strings.NewReplacer("$__from", "1793000000000", "$__to", "1795600000000", "$cluster", cluster).Replace(query)
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal([]byte(readDoc(t, "docs/grafana-archive.json")), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Panels) < 8 || len(d.Templating.List) != 2 {
		t.Fatalf("the dashboard has %d panels and %d variables", len(d.Panels), len(d.Templating.List))
	}
	return d
}

// TestTheDashboardLeadsToJobs holds the links of the dashboard to the pages, which
// take a cluster and an id and nothing else. The address of the pages is a variable
// that Grafana must not encode.
func TestTheDashboardLeadsToJobs(t *testing.T) {
	const link = `"${pages:raw}` + page.JobAddress + `?cluster=${__data.fields.cluster:percentencode}&job=${__data.fields.job_id:percentencode}"`
	d := readDashboard(t)
	tables := 0
	for _, p := range d.Panels {
		if p.Type == "table" && strings.Contains(p.Targets[0].Text, "job_id") {
			tables++
		}
	}
	if n := strings.Count(readDoc(t, "docs/grafana-archive.json"), link); n != tables || n != 2 || d.Templating.List[1].Name != "pages" {
		t.Errorf("%d links for %d tables of jobs", n, tables)
	}
}

func TestTheDashboardsStatementsRun(t *testing.T) {
	d, reader := readDashboard(t), openReader(t, twoClusters(t))
	var clusters dashboardQuery
	if err := json.Unmarshal(d.Templating.List[0].Query, &clusters); err != nil {
		t.Fatal(err)
	}
	if n := rowsOf(t, reader, clusters.Raw); n != 2 {
		t.Errorf("the dashboard offers %d clusters, not 2", n)
	}
	ids := map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] || len(p.Targets) != 1 {
			t.Errorf("panel %q has the id of another one, or not one statement", p.Title)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			if q.Raw != q.Text {
				t.Errorf("panel %q has two different statements", p.Title)
			}
			for _, cluster := range []string{"all", "prod"} {
				n := rowsOf(t, reader, asGrafana(q.Raw, cluster))
				if n == 0 && p.Title != "Open for more than a day" && p.Title != "When the archive saw nothing" {
					t.Errorf("panel %q shows nothing of %s", p.Title, cluster)
				}
			}
			if rest := regexp.MustCompile(`\$\w+`).FindString(asGrafana(q.Raw, "all")); rest != "" {
				t.Errorf("panel %q uses %s, which this test does not know", p.Title, rest)
			}
			if (p.Type == "timeseries") != (len(q.TimeColumns) == 1) {
				t.Errorf("panel %q of type %s has the time columns %v", p.Title, p.Type, q.TimeColumns)
			}
		}
	}
}

// A dashboard runs its queries every few minutes, for each open browser.
func TestTheDashboardNeverReadsAllJobs(t *testing.T) {
	t.Parallel()
	reader := openReader(t, twoClusters(t))
	for _, p := range readDashboard(t).Panels {
		plan := queryPlan(t, reader, asGrafana(p.Targets[0].Raw, "prod"), nil)
		for _, step := range strings.Split(plan, "\n") {
			if step == "SCAN j" || step == "SCAN t" || step == "SCAN r" || strings.HasPrefix(step, "SCAN j USING") {
				t.Errorf("panel %q: %s in\n%s", p.Title, step, plan)
			}
		}
	}
}
