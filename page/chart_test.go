package page

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"importarchive/page/chart"
	"importarchive/page/rowset"
	"importarchive/queries"
)

// drawnNow is the time of the pages that these tests draw.
var drawnNow = time.Date(2026, 5, 20, 15, 30, 0, 0, time.UTC)

// answers returns reports from memory.
func answers(more map[string][][]any) fetcher {
	columns := map[string]string{
		"overview":     "cluster freshness listed open_jobs completed failed cancelled lost success_percent last_conclusive_at last_outcome failures rejects age_seconds",
		lastRuns.Name:  "cluster error_kind error rejected absences_denied",
		clustersView:   "first_run_at name",
		"daily":        "lost utc_day cluster appeared completed failed cancelled",
		"success-rate": "cluster collection completed failed lost success_percent min_percent max_percent",
		"durations":    "cluster collection jobs p50_min_seconds p50_max_seconds p95_min_seconds p95_max_seconds",
		"stuck":        "cluster job_id collection state progress first_seen_at hours",
		"gaps":         "cluster started_at ended_at seconds",
		"retention":    "cluster jobs shortest_min_seconds shortest_max_seconds median_min_seconds median_max_seconds schedule_seconds verdict",
		"failures":     "cluster job_id collection last_state_at reason",
		"lost":         "cluster job_id collection last_state gone_at",
		"collections":  "cluster collection jobs open_jobs completed failed cancelled lost last_activity_at",
	}
	rows := map[string][][]any{
		"overview": {
			{"prod", "fresh", 90, 5, 1200, 40, 3, 2, 96.8, "2026-05-20 15:29:00.000", "complete", 0, 0, 60.0},
			{"lab", "stale", 10, 1, 20, 20, 0, 1, 50.0, "2026-05-19 08:00:00.000", "failed", 12, 3, 113400.0},
			{"new", "never", 0, 0, 0, 0, 0, 0, nil, nil, nil, 0, 0, nil},
		},
		lastRuns.Name: {{"prod", nil, nil, 0, 0}, {"lab", "auth", "HTTP 401: the key <b> is not valid", 0, 0}},
		clustersView:  {{"2026-04-02 00:00:00.000", "prod"}, {"2026-05-10 12:00:00.000", "lab"}, {nil, "new"}},
		"daily": {
			{2, "2026-05-20", "prod", 12, 10, 1, 0},
			{0, "2026-05-19", "prod", 1500, 1400, 1, 3},
			{1, "2026-05-19", "lab", 40, 20, 20, 0},
			{0, "2026-04-21", "prod", 7, 0, 0, 0},
		},
		"success-rate": {{"prod", "films", 1200, 40, 2, 96.8, 96.6, 96.8}, {"lab", nil, 0, 0, 3, nil, 0.0, 100.0}, {"lab", "none", 0, 0, 0, nil, nil, nil}},
		"durations":    {{"prod", "films", 1200, 0.0, 240.0, 250.0, 4000.0}, {"lab", "books", 3, 3000.0, nil, 90000.0, nil}},
		"stuck":        {{"prod", "job-1", "films", "running", 40.5, "2026-05-18 00:00:00.000", 63.5}},
		"gaps": {
			{"lab", "2026-05-19 08:00:00.000", nil, 113400.0},
			{"prod", "2026-05-03 00:00:00.000", "2026-05-04 06:00:00.000", 108000.0},
			{"prod", "2026-04-20 00:00:00.000", "2026-04-21 12:00:00.000", 129600.0},
			{"prod", "2026-04-03 00:00:00.000", "2026-04-04 00:00:00.000", 86400.0},
		},
		"retention":   {{"prod", 200, 80000.0, 87000.0, 86000.0, 88000.0, 300.0, "ok"}, {"lab", 0, nil, nil, nil, nil, 300.0, "too few jobs yet"}},
		"failures":    {{"prod", "job-2", "films", "2026-05-20 10:00:00.000", `row 7: "year" < 1900`}},
		"lost":        {{"lab", "job-3", nil, "running", "2026-05-19 07:00:00.000"}},
		"collections": {{"prod", "films", 1250, 5, 1200, 40, 3, 2, "2026-05-20 15:00:00.000"}},
	}
	return func(name string, _ map[string]any) (rowset.Set, error) {
		g := rowset.Set{Query: queries.Query{Name: name, About: "What " + name + " means."}, Names: strings.Fields(columns[name]), Rows: rows[name]}
		if changed, ok := more[name]; ok {
			g.Rows = changed
		}
		return g, nil
	}
}

func drawn(t *testing.T, more map[string][][]any) string {
	t.Helper()
	var b bytes.Buffer
	if err := writePage(&b, drawnNow, "Imports", answers(more)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestThePageIsDrawnAsItWas(t *testing.T) {
	page := drawn(t, nil)
	_, body, found := strings.Cut(page, "<body>")
	body, _, whole := strings.Cut(body, "<script>")
	if !found || !whole {
		t.Fatal(page)
	}
	golden(t, "page.html", body)
}

func TestChartsOfAPeriodSayHowLongItIs(t *testing.T) {
	doc := parsed(t, drawn(t, nil))
	for _, section := range doc.all("section") {
		id := section.attribute("id")
		if looksBack := id == "success" || id == "durations" || id == "gaps"; looksBack && !strings.Contains(section.text(), "in the last 30 days") {
			t.Errorf("%s does not say how far it looks back:\n%s", id, section.text())
		}
	}
}

func TestLongTablesAreCutAndSaySo(t *testing.T) {
	var many [][]any
	for i := range 250 {
		many = append(many, []any{"prod", fmt.Sprint("job-", i), "films", "2026-05-20 10:00:00.000", nil})
	}
	doc := parsed(t, drawn(t, map[string][][]any{"failures": many}))
	if n := len(doc.sheets()["failures"]); n != pageRows+1 {
		t.Errorf("%d rows", n)
	}
	if !strings.Contains(doc.text(), "importarchive report failures gives them all") {
		t.Error("the page does not say that there are more")
	}
}

// TestAFleetShowsItsTroubleFirst has 300 clusters, four of them in trouble.
func TestAFleetShowsItsTroubleFirst(t *testing.T) {
	var fleet, newest, since [][]any
	for i := range 300 {
		name, freshness, failures := fmt.Sprintf("c%03d", i), "fresh", 0
		switch i {
		case 150, 299:
			freshness = "stale"
		case 151:
			freshness = "never"
		case 7:
			failures = 2
		}
		fleet = append(fleet, []any{name, freshness, 1, 0, 1, 0, 0, 0, 100.0, "2026-05-20 15:29:00.000", "complete", failures, float64(i)})
		newest = append(newest, []any{name, nil, nil, 0, 0})
		since = append(since, []any{"2026-05-10 12:00:00.000", name})
	}
	doc := parsed(t, drawn(t, map[string][][]any{"overview": fleet, lastRuns.Name: newest, clustersView: since}))
	var names []string
	for _, li := range doc.all("ol")[0].all("li") {
		names = append(names, li.all("b")[0].text())
	}
	if want := []string{"c151", "c299", "c150", "c007"}; !slices.Equal(names, want) {
		t.Errorf("%q are first, not %q", names, want)
	}
	rows := doc.sheets()["overview"]
	if len(rows) != 301 || rows[1][0] != "c151" || rows[5][0] != "c000" {
		t.Errorf("%d rows, %v", len(rows), rows[:6])
	}
	if !strings.Contains(doc.text(), "4 of 300 clusters are in trouble: 1 never read, 2 stale, 1 failing.") {
		t.Error(doc.all("header")[0].text())
	}
	for _, d := range doc.all("details") {
		if d.all("summary")[0].text() == "All 300 clusters, those in trouble first" {
			return
		}
	}
	t.Error("the table of all clusters is not folded")
}

func TestMuchTroubleIsFolded(t *testing.T) {
	var fleet [][]any
	for i := range 250 {
		fleet = append(fleet, []any{fmt.Sprintf("c%03d", i), "stale", 1, 0, 1, 0, 0, 0, 100.0, nil, nil, 0, float64(i)})
	}
	doc := parsed(t, drawn(t, map[string][][]any{"overview": fleet}))
	lists := doc.all("ol")
	if n, more := len(lists[0].all("li")), len(lists[1].all("li")); n != fleetShown || more != fleetMost-fleetShown {
		t.Errorf("%d are shown, %d folded", n, more)
	}
	if !strings.Contains(lists[0].all("li")[0].text(), "c249") || !strings.Contains(doc.text(), "The worst 200 of 250.") {
		t.Error(doc.all("header")[0].text())
	}
}

// TestGapsAreShownOfThoseThatHaveThem has more clusters than the chart has room for.
func TestGapsAreShownOfThoseThatHaveThem(t *testing.T) {
	var since [][]any
	for i := range 60 {
		since = append(since, []any{"2026-04-02 00:00:00.000", fmt.Sprintf("c%02d", i)})
	}
	gap := [][]any{{"c59", "2026-05-19 08:00:00.000", nil, 113400.0}, {"c58", "2026-05-03 00:00:00.000", "2026-05-04 06:00:00.000", 108000.0}}
	page := drawn(t, map[string][][]any{clustersView: since, "gaps": gap})
	if !strings.Contains(page, "The 20 with the most gaps of 60.") || !strings.Contains(page, `<span class="name">c59`) || !strings.Contains(page, `<span class="name">c58`) {
		t.Error("a cluster with a gap is not drawn")
	}
}

func TestChartsHaveRoomForManyCollections(t *testing.T) {
	var many [][]any
	for i := range 60 {
		many = append(many, []any{"prod", fmt.Sprint("c", i), i, 1, 0, 50.0, 50.0, 50.0})
	}
	page := drawn(t, map[string][][]any{"success-rate": many})
	if !strings.Contains(page, "The 20 with the most jobs of 60.") || strings.Contains(page, `<span class="name">c39`) || !strings.Contains(page, `<span class="name">c40`) {
		t.Error("not the collections with the most jobs are drawn")
	}
}

func TestAReportWithoutAColumnIsAnError(t *testing.T) {
	err := writePage(io.Discard, drawnNow, "", func(name string, _ map[string]any) (rowset.Set, error) {
		g, _ := answers(nil)(name, nil)
		if name == "lost" {
			g.Names = []string{"cluster"}
		}
		return g, nil
	})
	if err == nil || !strings.Contains(err.Error(), "lost gives no column job_id") {
		t.Error(err)
	}
}

func TestNothingIsDrawnOutsideItsChart(t *testing.T) {
	doc := parsed(t, drawn(t, nil))
	share := func(text string) float64 {
		f, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	bars := 0
	for _, r := range doc.all("rect") {
		if !r.is("bar") || !strings.HasSuffix(r.attribute("x"), "%") {
			continue
		}
		bars++
		x, width := share(r.attribute("x")), share(r.attribute("width"))
		y, height := share(r.attribute("y")), share(r.attribute("height"))
		if x < 0 || width <= 0 || x+width > 100.02 || y < 0 || height <= 0 || y+height > chart.PlotHeight {
			t.Errorf("%s lies at %v, %v and is %v wide, %v high", r.attribute("class"), x, y, width, height)
		}
	}
	if bars < 20 {
		t.Errorf("%d bars", bars)
	}
}
