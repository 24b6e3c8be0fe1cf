package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/report"
	"importarchive/report/export"
)

func TestASearchTriesTheIDThenItsBeginningThenCollections(t *testing.T) {
	s := serveArchive(t, tell(t), nil)
	for typed, heading := range map[string]string{
		"job-lab3": "job-lab3", "  job-lab3\r\n": "job-lab3", "\tjob-lab3": "job-lab3",
	} {
		if got := parsed(t, s.shows(t, "/job?job="+url.QueryEscape(typed), http.StatusOK)).all("h1")[0].text(); got != heading {
			t.Errorf("%q leads to %q", typed, got)
		}
	}
	doc := parsed(t, s.shows(t, "/job?job=job-lab", http.StatusOK, "No job has this id"))
	if ids := doc.rows("jobs"); len(ids) != 8 || ids[0][1] != "job-lab0" || len(doc.rows("collections")) != 0 {
		t.Errorf("%q", ids)
	}
	doc = parsed(t, s.shows(t, "/job?job=+fil", http.StatusOK))
	if found := doc.rows("collections"); len(found) != 3 || found[0][1] != "films" {
		t.Errorf("%q", found)
	}
	if found := parsed(t, s.shows(t, "/job?job=fil&cluster=lab", http.StatusOK)).rows("collections"); len(found) != 1 {
		t.Errorf("%q", found)
	}
	for _, absent := range []string{"zzz", "JOB-LAB", "%lab", "job_lab", "job-lab3x"} {
		s.shows(t, "/job?job="+url.QueryEscape(absent), http.StatusNotFound, "begin with its text")
	}
	s.shows(t, "/job?job=++", http.StatusBadRequest, "id is needed")
}

func TestACollectionHasAPage(t *testing.T) {
	a := tell(t)
	s := serveArchive(t, a, nil)
	doc := parsed(t, s.shows(t, "/collection?cluster=lab&collection=films", http.StatusOK, "A collection on lab"))
	rows := doc.rows("jobs")
	var want []string
	table, err := report.Query(t.Context(), a.reader(), "SELECT job_id FROM jobs WHERE cluster = 'lab' AND collection = 'films' ORDER BY recency DESC, nth LIMIT 20", nil)
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range table.Rows {
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, report.Printable(fmt.Sprint(row[0])))
	}
	var got []string
	for _, row := range rows {
		got = append(got, report.Printable(row[1]))
	}
	if len(want) < 5 || !slices.Equal(got, want) {
		t.Errorf("%q, the archive has %q", got, want)
	}
	for _, address := range []string{"/collection?cluster=lab&collection=absent", "/collection?cluster=absent&collection=films"} {
		s.shows(t, address, http.StatusNotFound)
	}
	s.shows(t, "/collection?collection=films", http.StatusBadRequest, "its cluster are needed")
}

func TestAllJobsHaveAPageWithFilters(t *testing.T) {
	a := tell(t)
	s := serveArchive(t, a, nil)
	for filter, where := range map[string]string{
		"": "TRUE", "state=failed": "outcome = 'failed'", "state=running&cluster=lab": "state = 'running' AND outcome = 'open' AND cluster = 'lab'", "state=open": "outcome = 'open'",
		"collection=films&cluster=lab": "collection = 'films' AND cluster = 'lab'", "state=completed&limit=1000": "outcome = 'completed'",
	} {
		table, err := report.Query(t.Context(), a.reader(), "SELECT job_id FROM jobs WHERE "+where+" ORDER BY recency DESC, nth, cluster LIMIT 50", nil)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		rows := parsed(t, s.shows(t, "/jobs?"+filter, http.StatusOK)).rows("jobs")
		for row, err := range table.Rows {
			if err != nil {
				t.Fatal(err)
			}
			if n >= len(rows) || report.Printable(rows[n][1]) != report.Printable(fmt.Sprint(row[0])) {
				t.Fatalf("%s: row %d is not %q", filter, n, row[0])
			}
			n++
		}
		if n == 0 || n != len(rows) {
			t.Errorf("%s: %d rows, the archive has %d", filter, len(rows), n)
		}
	}
	s.shows(t, "/jobs?state=fluffy", http.StatusBadRequest, "is not one of")
}

// TestAReportIsPagedThrough follows the link to the next rows.
func TestAReportIsPagedThrough(t *testing.T) {
	a := tell(t)
	s := serveArchive(t, a, nil)
	for address, name := range map[string]string{"/jobs?limit=7": "jobs", "/reports/failures?limit=4": "failures", "/runs?limit=5": "runs"} {
		file := "/reports/" + name + ".csv?limit=0"
		all := strings.Count(s.get(t, file).Body.String(), "\r\n") - 1
		seen := map[string]bool{}
		var last string
		pages := 0
		for next := address; next != ""; pages++ {
			doc := parsed(t, s.shows(t, next, http.StatusOK))
			for _, row := range doc.rows(name) {
				last = strings.Join(row, "|")
				if seen[last] {
					t.Errorf("%s: %s comes twice", next, last)
				}
				seen[last] = true
			}
			next = ""
			for _, link := range doc.all("a") {
				if link.attribute("rel") == "next" {
					next = link.attribute("href")
				}
			}
		}
		if len(seen) != all || pages < 3 {
			t.Errorf("%s: %d rows on %d pages, %d in all", address, len(seen), pages, all)
		}
	}
	s.shows(t, "/jobs?limit=7&skip=7", http.StatusOK, "Rows 8 to 14.", `rel="prev"`)
	s.shows(t, "/jobs?skip=5000", http.StatusOK, "Nothing was found", `rel="prev"`)
	for _, wrong := range []string{"-1", "many", "100001"} {
		s.shows(t, "/jobs?skip="+wrong, http.StatusBadRequest, "skip is a number of rows")
	}
}

func TestAPageRefreshesItselfWhenItIsAskedTo(t *testing.T) {
	s := serveArchive(t, tell(t), nil)
	for address, stop := range map[string]string{
		"/": "/", "/clusters/lab": "/clusters/lab", "/jobs?state=open&cluster=": "/jobs?state=open", "/runs": "/runs", "/job?job=job-lab3": "/job?job=job-lab3",
		"/reports/failures?cluster=lab": "/reports/failures?cluster=lab",
	} {
		w := s.get(t, address)
		if w.Header().Get("Refresh") != "" {
			t.Errorf("%s refreshes itself unasked", address)
		}
		on := ""
		for _, a := range parsed(t, w.Body.String()).all("a") {
			if a.text() == "Refresh it every minute" {
				on = a.attribute("href")
			}
		}
		w = s.get(t, on)
		off := ""
		for _, a := range parsed(t, w.Body.String()).all("a") {
			if a.text() == "Stop" {
				off = a.attribute("href")
			}
		}
		if w.Code != http.StatusOK || w.Header().Get("Refresh") != "60" || off != stop {
			t.Errorf("%s: %d at %s, which refreshes itself after %q, and stops at %s", address, w.Code, on, w.Header().Get("Refresh"), off)
		}
	}
	for _, wrong := range []string{"1", "0", "-60", "now", "60; url=https://example.com", "999999"} {
		if w := s.get(t, "/?refresh="+url.QueryEscape(wrong)); w.Code != http.StatusBadRequest || w.Header().Get("Refresh") != "" {
			t.Errorf("refresh %q: %d, %q", wrong, w.Code, w.Header().Get("Refresh"))
		}
	}
}

func TestTabsSayWhatTheyShow(t *testing.T) {
	s := serveArchive(t, tell(t), nil)
	for address, want := range map[string]string{
		"/": "3 in trouble · Import jobs in archive.db", "/clusters/lab": "lab · Import jobs in archive.db", "/jobs": "Jobs · Import jobs in archive.db",
		"/job?job=job-lab3": "job-lab3 · Import jobs in archive.db", "/nothing": "No such page",
	} {
		if got := parsed(t, s.get(t, address).Body.String()).all("title")[0].text(); got != want {
			t.Errorf("%s: %q", address, got)
		}
	}
}

func TestAClusterThatIsNotSyncedIsNoTrouble(t *testing.T) {
	a := tell(t)
	s := serveArchive(t, a, func(s *Site) { s.Synced = []string{"lab"} })
	doc := parsed(t, s.shows(t, "/", http.StatusOK, "1 of 3 clusters is in trouble: 1 stale."))
	rows := doc.rows("overview")
	if rows[0][0] != "lab" || rows[1][1] != "not synced" || rows[2][1] != "not synced" {
		t.Errorf("%q", rows)
	}
	s.shows(t, "/clusters/"+url.PathEscape(unkindCluster), http.StatusOK, "is not synced: the settings lack it, or switch it off")
	none := serveArchive(t, a, func(s *Site) { s.Synced = []string{} })
	none.shows(t, "/", http.StatusOK, "0 clusters are well, 3 are not synced.")
}

// TestLandmarksHaveNamesOfTheirOwn is what a screen reader needs to tell them apart.
func TestLandmarksHaveNamesOfTheirOwn(t *testing.T) {
	s := serveArchive(t, tell(t), nil)
	for _, address := range []string{"/", "/clusters/lab", "/collection?cluster=lab&collection=films", "/job?cluster=lab&job=" + url.QueryEscape(unkind[3]), "/jobs?limit=3&skip=3", "/gaps", "/job?job=job"} {
		doc := parsed(t, s.shows(t, address, http.StatusOK))
		seen := map[string]bool{}
		for n := range doc.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			e := document{n}
			name := e.attribute("aria-label") + e.attribute("aria-labelledby")
			landmark := slices.Contains([]string{"main", "nav", "form", "section"}, n.Data) || e.attribute("role") == "region"
			if key := n.Data + " " + name; landmark && seen[key] {
				t.Errorf("%s: two landmarks are %q", address, key)
			} else if landmark {
				seen[key] = true
			}
		}
		if len(seen) < 3 {
			t.Errorf("%s has %v", address, seen)
		}
	}
}

func TestWhatIsLargeIsCompressedForThoseWhoAsk(t *testing.T) {
	s := serveArchive(t, tell(t), nil)
	for address, large := range map[string]bool{
		"/": true, "/jobs": true, "/reports/runs.csv": true, "/assets/page.css": true, "/reports/timeline.csv?job=job-lab7": false, "/nothing": false, "/healthz": false,
	} {
		plain := s.get(t, address)
		r := request(t, "GET", address)
		r.Header.Set("Accept-Encoding", "br;q=1, gzip;q=0.5")
		w := s.ask(r)
		if plain.Header().Get("Content-Encoding") != "" || (w.Header().Get("Content-Encoding") == "gzip") != large {
			t.Errorf("%s: %q, asked %q", address, plain.Header().Get("Content-Encoding"), w.Header().Get("Content-Encoding"))
		}
		if !large {
			continue
		}
		size := w.Body.Len()
		unpacked, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(unpacked)
		if err != nil || !bytes.Equal(got, plain.Body.Bytes()) || size*2 > len(got) || w.Header().Get("Vary") != "Accept-Encoding" || plain.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %d bytes of %d, %v, %v", address, size, len(got), err, w.Header())
		}
	}
	for accepted, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "identity": false, "gzip;q=0": false, "gzip; q=0.0, *": false, "*": true, "*;q=0": false, "br, *;q=0.1": true, "deflate,gzip ": true,
	} {
		if takesGzip(accepted) != want {
			t.Errorf("%q", accepted)
		}
	}
}

func TestSpreadsheetsGetWorkbooks(t *testing.T) {
	a := tell(t)
	a.story.Lists(dbtest.Listed("=1+1", db.Failed))
	a.now = a.story.Now
	s := serveArchive(t, a, func(s *Site) { s.Workbook = export.XLSX() })
	page := s.shows(t, "/reports/failures?cluster=lab", http.StatusOK, ">CSV</a>", ">Excel workbook</a>")
	link := regexp.MustCompile(`href="([^"]*\.xlsx[^"]*)"`).FindStringSubmatch(page)
	if link == nil {
		t.Fatal("the page has no link to a workbook")
	}
	w := s.get(t, html.UnescapeString(link[1]))
	if w.Code != http.StatusOK || !bytes.HasPrefix(w.Body.Bytes(), []byte("PK")) || w.Header().Get("Content-Disposition") != `attachment; filename="failures.xlsx"` ||
		w.Header().Get("Content-Type") != "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" {
		t.Errorf("%d, %v", w.Code, w.Header())
	}
	if csv := s.get(t, "/reports/failures.csv?cluster=lab").Body.String(); !strings.HasPrefix(csv, "\ufeffcluster,job_id") || !strings.Contains(csv, "lab,'=1+1,") {
		t.Errorf("%.300s", csv)
	}
	// Without a writer of workbooks there are none.
	serveArchive(t, a, nil).shows(t, "/reports/failures.xlsx", http.StatusNotFound)
}

func TestAWorkbookHasNoMoreRowsThanItMay(t *testing.T) {
	rows := func(n int) *report.Table {
		var all [][]any
		for i := range n {
			all = append(all, []any{i})
		}
		return report.Of([]string{"n"}, all)
	}
	for n, want := range map[int]string{0: "", 3: "", 4: tooManyRows(3).Error(), 9: tooManyRows(3).Error()} {
		got := ""
		for _, err := range atMost(rows(n), 3) {
			if err != nil {
				got = err.Error()
			}
		}
		if got != want {
			t.Errorf("%d rows: %q", n, got)
		}
	}
}
