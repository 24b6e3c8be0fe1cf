package web

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/page"
	"importarchive/queries"
	"importarchive/report"
)

// document is what tests ask of a parsed page.
type document struct{ *html.Node }

func parsed(t testing.TB, page string) document {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return document{doc}
}

func (d document) all(name string) (found []document) {
	for n := range d.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			found = append(found, document{n})
		}
	}
	return found
}

func (d document) attribute(name string) string {
	for _, a := range d.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func (d document) text() string {
	var b strings.Builder
	for n := range d.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

// rows returns the cells of the table of a report.
func (d document) rows(name string) (rows [][]string) {
	for _, table := range d.all("table") {
		if table.attribute("data-report") != name {
			continue
		}
		for _, tr := range table.all("tr")[1:] {
			var row []string
			for _, cell := range tr.all("td") {
				row = append(row, cell.text())
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// csvOf is a report as CSV for spreadsheets.
func csvOf(t testing.TB, a *told, name string, values map[string]any) string {
	t.Helper()
	q := queries.Report(name)
	table, err := report.Saved(t.Context(), a.reader(), q, values)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	f, _ := report.Formats().Named("csv")
	if err := f.Write(&b, table, report.Options{Spreadsheet: true}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestEveryLinkLeadsToAPage follows all links there are, from the overview on.
func TestEveryLinkLeadsToAPage(t *testing.T) {
	t.Parallel()
	s := serveArchive(t, tell(t), nil)
	seen, todo := map[string]bool{}, []string{"/", "/reports/as-of?at=1h&gone=true&limit=0"}
	jobs := map[string]bool{}
	for len(todo) > 0 {
		address := todo[0]
		todo = todo[1:]
		if seen[address] {
			continue
		}
		seen[address] = true
		w := s.get(t, address)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", address, w.Code)
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			continue
		}
		doc := parsed(t, w.Body.String())
		onlyText(t, address, doc)
		if u, err := url.Parse(address); err == nil && u.Path == page.JobAddress {
			heading := doc.all("h1")[0].text()
			if want := report.Printable(u.Query().Get("job")); heading != want {
				t.Errorf("%s is the page of %q", address, heading)
			}
			jobs[u.Query().Get("job")] = true
		}
		for _, a := range doc.all("a") {
			// A page that refreshes itself is the same page.
			if href := a.attribute("href"); href != "" && !strings.HasPrefix(href, "#") && !strings.Contains(href, "refresh=") {
				todo = append(todo, href)
			}
		}
	}
	for _, id := range unkind {
		if !jobs[id] {
			t.Errorf("no link leads to the job %q", id)
		}
	}
	if len(seen) < 60 {
		t.Errorf("only %d pages", len(seen))
	}
}

// onlyText fails where a page has markup that did not come from its templates,
// or that its policy would forbid.
func onlyText(t testing.TB, address string, doc document) {
	t.Helper()
	for _, name := range []string{"img", "iframe", "object", "embed", "base", "style", "foreignobject"} {
		if len(doc.all(name)) > 0 {
			t.Errorf("%s: there is <%s>", address, name)
		}
	}
	if scripts := doc.all("script"); len(scripts) != 1 || !strings.HasPrefix(scripts[0].attribute("src"), page.ScriptAddress) || scripts[0].text() != "" {
		t.Errorf("%s: not one script of ours", address)
	}
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			local := strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "//") || strings.HasPrefix(a.Val, "#") || a.Val == "data:,"
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcset" ||
				slices.Contains([]string{"href", "src", "action"}, a.Key) && !local {
				t.Errorf("%s: <%s> has %s=%q", address, n.Data, a.Key, a.Val)
			}
		}
	}
}

func TestPagesHaveTheArchivesNumbers(t *testing.T) {
	a := tell(t)
	s := serveArchive(t, a, nil)
	for address, want := range map[string]struct {
		table, sql string
		column     int
	}{
		"/":                            {"overview", "SELECT name FROM clusters ORDER BY name", 0},
		"/clusters/lab":                {"runs", "SELECT id FROM runs WHERE cluster = 'lab' ORDER BY started_at DESC, id DESC", 0},
		"/runs?limit=5":                {"runs", "SELECT id FROM runs ORDER BY started_at DESC, id DESC LIMIT 5", 0},
		"/gaps":                        {"gaps", "SELECT cluster FROM gaps ORDER BY started_at DESC, cluster", 0},
		"/job?job=job-lab3":            {"timeline", "SELECT kind FROM transitions WHERE job_id = 'job-lab3' ORDER BY id", 0},
		"/job?cluster=lab&job=..":      {"timeline", "SELECT kind FROM transitions WHERE job_id = '..' AND cluster = 'lab' ORDER BY id", 0},
		"/reports/failures?limit=1000": {"failures", "SELECT cluster FROM jobs WHERE state = 'failed' ORDER BY state_recency DESC, nth, cluster", 0},
	} {
		var all []string
		table, err := report.Query(t.Context(), a.reader(), want.sql, nil)
		if err != nil {
			t.Fatal(err)
		}
		for row, err := range table.Rows {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprint(row[want.column]))
		}
		var got []string
		for _, row := range parsed(t, s.shows(t, address, http.StatusOK)).rows(want.table) {
			got = append(got, row[0])
		}
		if len(all) == 0 || !slices.Equal(got, all) {
			t.Errorf("%s shows %q, the archive has %q", address, got, all)
		}
	}
}

func TestAJobIsDrawnWithinItsBounds(t *testing.T) {
	s := serveArchive(t, tell(t), nil)
	doc := parsed(t, s.shows(t, "/job?cluster=lab&job="+url.QueryEscape(unkind[0]), http.StatusOK))
	transitions := len(doc.rows("timeline"))
	lanes := 0
	for _, svg := range doc.all("svg") {
		if svg.attribute("role") != "img" {
			continue
		}
		lanes++
		if len(svg.all("title")) == 0 || len(svg.all("desc")) == 0 || svg.all("title")[0].text() == "" {
			t.Error("a drawing says nothing to a screen reader")
		}
		for _, r := range svg.all("rect")[1:] {
			var x, width float64
			if _, err := fmt.Sscanf(r.attribute("x")+" "+r.attribute("width"), "%f%% %f%%", &x, &width); err != nil || x < 0 || width <= 0 || x+width > 100.02 {
				t.Errorf("%s lies at %s and is %s wide", r.attribute("class"), r.attribute("x"), r.attribute("width"))
			}
		}
	}
	if transitions < 3 || lanes != transitions+1 {
		t.Errorf("%d lanes for %d transitions", lanes, transitions)
	}
}

func TestAJobsPageShowsItsDetailsAndItsFiles(t *testing.T) {
	s := serveArchive(t, tell(t), nil)
	id := unkind[3] // it is a script
	doc := parsed(t, s.shows(t, "/job?cluster=lab&job="+url.QueryEscape(id), http.StatusOK, "12,000", "imported, of 12,345", "by the service&#39;s own clock"))
	want := [][]string{{"1", id + ".json", "1048576", "<b>Failed", "row <7>"}, {"2", "none", "", "", ""}}
	if got := doc.rows("job_files"); !reflect.DeepEqual(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	// A job without details has no such section.
	if doc := parsed(t, s.shows(t, "/job?job=job-lab7", http.StatusOK)); len(doc.rows("job_files")) != 0 {
		t.Error("there are files of a job without details")
	}
}

func TestTheSameIDOnSeveralClustersIsSeveralJobs(t *testing.T) {
	s := serveArchive(t, tell(t), nil)
	doc := parsed(t, s.shows(t, "/job?job=..", http.StatusOK, "Which of them?"))
	links := 0
	for _, a := range doc.all("a") {
		if strings.HasPrefix(a.attribute("href"), "/job?cluster=") {
			links++
		}
	}
	if links != 3 {
		t.Errorf("%d links", links)
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	s := serveArchive(t, tell(t), nil)
	for _, address := range []string{
		"/nothing", "/index.html", "/clusters", "/clusters/", "/clusters/unknown", "/clusters/lab/x", "/clusters/%00", "/reports/", "/reports/fluffy",
		"/reports/view%2Fjobs", "/reports/check%2Fdays", "/reports/fluffy.csv", "/reports/.csv", "/reports/queries.go", "/reports/failures.sql",
		"/job?job=none", "/job?cluster=lab&job=none", "/job?cluster=unknown&job=..", "/assets/", "/assets/page.html", "/assets/..%2f..%2fgo.mod",
		"/reports/timeline?job=none", "//", "/../", "/./", "/%2e%2e/%2e%2e/etc/passwd", "/RUNS",
	} {
		s.shows(t, address, http.StatusNotFound)
	}
}

func TestWhatCantBeMeantIsSaidBesideItsField(t *testing.T) {
	s := serveArchive(t, tell(t), nil)
	for address, words := range map[string]string{
		"/reports/daily?days=many":                            "days &#34;many&#34; is not a whole number",
		"/reports/daily?days=3&since=7d":                      "both say where to begin",
		"/reports/failures?since=1d&until=2d":                 "is not before until",
		"/reports/failures?cluster=absent":                    "&#34;absent&#34; is not in the archive",
		"/runs?limit=-1":                                      "-1 is below 0",
		"/gaps?since=yesterday":                               "is no time",
		"/reports/as-of?at=9999-01-01":                        "is not in the past",
		"/reports/as-of?cluster=lab":                          "at is needed",
		"/reports/durations?state=fluffy":                     "is not one of",
		"/reports/as-of?at=1d&gone=perhaps":                   "is neither true nor false",
		"/reports/timeline?cluster=lab":                       "job is needed",
		"/reports/failures?since=%3Cscript%3E%00":             "&lt;script&gt;",
		"/reports/failures?fluffy=1":                          "no parameter &#34;fluffy&#34;",
		"/reports/failures?cluster=lab&cluster=lab":           "more than one cluster",
		"/reports/failures?%zz":                               "can&#39;t be read",
		"/reports/failures?a;b":                               "can&#39;t be read",
		"/?x=1":                                               "no parameter",
		"/job":                                                "id is needed",
		"/job?job=":                                           "id is needed",
		"/reports/daily.csv?days=many":                        "is not a whole number",
		"/reports/timeline.csv":                               "is needed",
		"/reports/failures.csv?format=csv":                    "no parameter",
		"/clusters/lab?job=1":                                 "no parameter",
		"/reports?x":                                          "no parameter",
		"/runs?cluster=" + url.QueryEscape(unkindCluster+"x"): "is not in the archive",
	} {
		page := s.shows(t, address, http.StatusBadRequest, words)
		doc := parsed(t, page)
		onlyText(t, address, doc)
		if form := regexp.MustCompile(`aria-invalid="true"`).FindAllString(page, -1); len(form) > 1 {
			t.Errorf("%s: %d fields are wrong", address, len(form))
		}
	}
	// An empty form is no mistake.
	for _, address := range []string{"/reports/timeline", "/reports/as-of", "/reports/failures?cluster=&since=&until=&collection=&limit="} {
		s.shows(t, address, http.StatusOK, `<form class="filters"`)
	}
}

func TestATimeInAGapIsSaidToBeOne(t *testing.T) {
	s := serveArchive(t, tell(t), nil)
	s.shows(t, "/reports/as-of?at=2026-05-01+18:00", http.StatusOK, "lies in a gap")
}

// TestAFileHasWhatThePageLeavesOut has more failures than a page shows.
func TestAFileHasWhatThePageLeavesOut(t *testing.T) {
	t.Parallel()
	a := tell(t)
	var many []db.Job
	for i := range 1300 {
		many = append(many, dbtest.Listed(fmt.Sprint("many-", i), db.Failed))
	}
	a.story.Lists(many...)
	a.now = a.story.Now
	s := serveArchive(t, a, nil)
	for address, shown := range map[string]int{
		"/reports/failures": 50, "/reports/failures?limit=7": 7, "/reports/failures?limit=0": 1000, "/reports/failures?limit=1200": 1000, "/reports/failures?limit=1000": 1000,
	} {
		page := s.shows(t, address, http.StatusOK, "There are more; the CSV file has them all")
		if got := len(parsed(t, page).rows("failures")); got != shown {
			t.Errorf("%s shows %d rows", address, got)
		}
	}
	for address, values := range map[string]map[string]any{
		"/reports/failures.csv?limit=0":             {"limit": int64(0)},
		"/reports/failures.csv":                     nil,
		"/reports/failures.csv?limit=3&cluster=lab": {"limit": int64(3), "cluster": "lab"},
		"/reports/runs.csv":                         nil,
		"/reports/timeline.csv?job=..":              {"job": ".."},
	} {
		w := s.get(t, address)
		name, _, _ := strings.Cut(strings.TrimPrefix(address, "/reports/"), ".csv")
		if got, want := w.Body.String(), csvOf(t, a, name, values); got != want {
			t.Errorf("%s has %d bytes, the archive %d", address, len(got), len(want))
		}
		if w.Header().Get("Content-Type") != "text/csv; charset=utf-8; header=present" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment; filename=") {
			t.Errorf("%s: %v", address, w.Header())
		}
	}
	if n := strings.Count(s.get(t, "/reports/failures.csv?limit=0").Body.String(), "many-"); n != 1300 {
		t.Errorf("the file has %d of the failures", n)
	}
}

func TestAnAssetIsSentAgainOnlyWhenItChanged(t *testing.T) {
	s := serveArchive(t, tell(t), nil)
	for _, address := range []string{page.StyleAddress, page.ScriptAddress} {
		first := s.get(t, address)
		r := request(t, "GET", address)
		r.Header.Set("If-None-Match", first.Header().Get("ETag"))
		if again := s.ask(r); first.Code != 200 || first.Body.Len() < 100 || again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s: %d, then %d with %d bytes", address, first.Code, again.Code, again.Body.Len())
		}
	}
}

func TestAnEmptyArchiveHasPagesToo(t *testing.T) {
	st, err := sqlite.Open(t.Context(), dbtest.Fresh(t), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	s := serveArchive(t, &told{st: st, now: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}, nil)
	s.shows(t, "/", http.StatusOK, "Nothing has been archived yet")
	for _, address := range []string{"/runs", "/gaps", "/reports", "/reports/failures", "/reports/as-of?at=1d"} {
		s.shows(t, address, http.StatusOK)
	}
}
