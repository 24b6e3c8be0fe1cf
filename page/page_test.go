package page

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/page/rowset"
	"importarchive/queries"
	"importarchive/report"
)

// hostile texts would be markup in a page that does not escape, or look other than
// they read.
var hostile = []string{
	`<script>document.title = 'owned'</script>`, `</td></table><img src=x onerror="alert(1)">`, `" onmouseover="alert(1)`,
	`'><svg onload=alert(1)>`, `{{.}} ${1} <!-- --> ]]>`, "two\nlines\x00 and \u202ebackwards", `javascript:alert(1)`, `</title></style></script>`,
}

// emptyArchive returns a file, the store that writes it, and a reader.
func emptyArchive(t *testing.T) (string, *sqlite.Archive) {
	t.Helper()
	path := dbtest.Fresh(t)
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return path, st
}

// livedArchive has two clusters that lived for eight days: jobs of every end,
// reasons of every kind, gaps, and jobs that never end. It returns the time at
// which the story ends too.
func livedArchive(t *testing.T) (*sql.DB, time.Time) {
	t.Helper()
	_, st := emptyArchive(t)
	ends := []db.State{db.Completed, db.Completed, db.Completed, db.Failed, db.Cancelled, db.Running}
	var s *dbtest.Story
	failed := 0
	for number, name := range []string{"prod <b>", "lab"} {
		s = dbtest.Tell(t, st, name)
		s.Cluster.Expected = 4 * time.Hour
		var listed []db.Job
		for look := range 48 {
			for i := range listed {
				if j := &listed[i]; j.State == db.Pending && i%7 != number {
					j.State = ends[(look+i)%len(ends)]
					if j.State == db.Failed {
						j.Reason = hostile[failed%len(hostile)]
						failed++
					}
				}
			}
			if look > 10 { // no longer listed, some before their end was seen
				listed = listed[2:]
			}
			for i := range 2 + look%2 {
				j := dbtest.Listed(fmt.Sprintf("%s-%d", strings.ToLower(name[:3]), 10*look+i), db.Pending)
				j.Collection = []string{"films", "books", ""}[(look+i)%3]
				listed = append(listed, j)
			}
			if look == 20 || look == 33 {
				s.Wait(13 * time.Hour)
			}
			s.Lists(listed...)
			s.Wait(4*time.Hour - 5*time.Minute)
		}
	}
	return st.Reader, s.Now.Add(time.Minute)
}

func pageOf(t *testing.T, reader report.Reader, now time.Time, title string) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(t.Context(), &b, reader, now, title); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// element is a part of a parsed page.
type element struct{ *html.Node }

func parsed(t *testing.T, page string) element {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return element{doc}
}

// all returns the elements below of this name.
func (e element) all(name string) (found []element) {
	for n := range e.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			found = append(found, element{n})
		}
	}
	return found
}

func (e element) attribute(name string) string {
	for _, a := range e.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func (e element) text() string {
	var b strings.Builder
	for n := range e.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

func (e element) is(class string) bool {
	return slices.Contains(strings.Fields(e.attribute("class")), class)
}

// sheets returns each table's columns and cells by its report's name.
func (e element) sheets() map[string][][]string {
	sheets := map[string][][]string{}
	for _, table := range e.all("table") {
		var rows [][]string
		for i, tr := range table.all("tr") {
			var row []string
			for _, cell := range append(tr.all("th"), tr.all("td")...) {
				said := cell.text()
				if i == 0 {
					said = cell.attribute("data-column")
				}
				row = append(row, said)
			}
			rows = append(rows, row)
		}
		sheets[table.attribute("data-report")] = rows
	}
	return sheets
}

func TestThePageHasTheArchivesNumbers(t *testing.T) {
	t.Parallel()
	reader, now := livedArchive(t)
	sheets := parsed(t, pageOf(t, reader, now, "Imports")).sheets()
	window := map[string]any{"since": now.AddDate(0, 0, -30).Format(time.DateOnly), "until": now.AddDate(0, 0, 1).Format(time.DateOnly)}
	for name, values := range map[string]map[string]any{
		"overview": nil, "success-rate": window, "durations": window, "stuck": nil, "gaps": {"limit": 1000}, "retention": nil,
		"failures": {"limit": pageRows}, "lost": {"limit": pageRows}, "collections": nil,
	} {
		sheet := sheets[name]
		if len(sheet) < 2 {
			t.Errorf("%s: the page has no such table", name)
			continue
		}
		q := queries.Report(name)
		g, err := rowset.Read(t.Context(), reader, q, values, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		g = g.First(pageRows)
		if name == "overview" || name == "retention" { // the page has them in another order
			slices.SortFunc(sheet[1:], func(a, b []string) int { return strings.Compare(a[0], b[0]) })
		}
		if len(g.Rows) != len(sheet)-1 {
			t.Errorf("%s: %d rows on the page, %d in the archive", name, len(sheet)-1, len(g.Rows))
			continue
		}
		for i, row := range g.Rows {
			for at, column := range sheet[0] {
				if column == "hours" || column == "seconds" && g.Text(row, "ended_at") == "" {
					continue // grows while the test runs
				}
				if want := shown(g.Text(row, column)); sheet[i+1][at] != want {
					t.Errorf("%s, row %d: %s is %q on the page, %q in the archive", name, i, column, sheet[i+1][at], want)
				}
			}
		}
	}
}

func TestTheDaysOnThePageAreTheSumsOfTheirClusters(t *testing.T) {
	t.Parallel()
	reader, now := livedArchive(t)
	doc := parsed(t, pageOf(t, reader, now, "Imports"))
	table, err := report.Query(t.Context(), reader, `SELECT utc_day, sum(appeared), sum(completed), sum(failed), sum(cancelled), sum(lost)
		FROM days GROUP BY utc_day ORDER BY utc_day DESC`, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"utc_day", "appeared", "completed", "failed", "cancelled", "lost"}}
	drawn := map[string]string{} // the counts above 0 that the chart should show
	for row, err := range table.Rows {
		if err != nil {
			t.Fatal(err)
		}
		var cells []string
		for i, v := range row {
			cells = append(cells, report.Spell(v))
			if i > 0 && report.Spell(v) != "0" {
				drawn[report.Spell(row[0])+" "+want[0][i]] = report.Spell(v)
			}
		}
		want = append(want, cells)
	}
	got := doc.sheets()["daily"]
	if len(got) < 5 || !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the table of days is\n%v, want\n%v", got, want)
	}
	for _, day := range doc.all("g") {
		for _, shape := range append(day.all("rect"), day.all("line")...) {
			kind := strings.TrimPrefix(shape.attribute("class"), "bar ")
			if kind == "hit" {
				continue
			}
			key := day.attribute("data-day") + " " + kind
			if drawn[key] == "" || shape.attribute("data-value") != drawn[key] {
				t.Errorf("%s is drawn as %s, and is %q", key, shape.attribute("data-value"), drawn[key])
			}
			delete(drawn, key)
		}
	}
	if len(drawn) > 0 {
		t.Errorf("not drawn: %v", drawn)
	}
}

// onlyText fails where a page has markup that is not of its templates.
func onlyText(t *testing.T, doc element) {
	t.Helper()
	for _, name := range []string{"img", "iframe", "object", "embed", "form", "base", "b", "foreignobject"} {
		for _, e := range doc.all(name) {
			if name != "b" || e.Parent.Data != "li" {
				t.Errorf("there is <%s>: %s", name, e.text())
			}
		}
	}
	if n := len(doc.all("script")) + len(doc.all("style")); n != 2 {
		t.Errorf("there are %d scripts and styles", n)
	}
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "srcset" ||
				a.Key == "href" && !strings.HasPrefix(a.Val, "#") && a.Val != "data:," {
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
		}
	}
}

func TestHostileTextIsOnlyText(t *testing.T) {
	t.Parallel()
	reader, now := livedArchive(t)
	for _, title := range hostile {
		doc := parsed(t, pageOf(t, reader, now, title))
		onlyText(t, doc)
		if got := doc.all("h1")[0].text(); got != report.Printable(title) {
			t.Errorf("the title %q is shown as %q", title, got)
		}
		if text := doc.all("main")[0].text(); !strings.Contains(text, hostile[0]) || !strings.Contains(text, `two`+"\n"+`lines\x00 and \u202ebackwards`) {
			t.Error("a reason is not shown as it is")
		}
	}
}

func TestThePageOfAnEmptyArchiveSaysThatItIsEmpty(t *testing.T) {
	_, st := emptyArchive(t)
	doc := parsed(t, pageOf(t, st.Reader, time.Date(2026, 5, 9, 0, 0, 0, 0, time.UTC), ""))
	sections := doc.all("section")
	if len(sections) != 10 {
		t.Errorf("%d sections", len(sections))
	}
	for _, s := range sections {
		empty := 0
		for _, p := range s.all("p") {
			if p.is("empty") && strings.Contains(p.text(), " ") {
				empty++
			}
		}
		if empty != 1 || len(s.all("svg"))+len(s.all("table")) > 0 {
			t.Errorf("%s is not told in words", s.attribute("id"))
		}
	}
	if !strings.Contains(doc.text(), "Nothing has been archived yet") || doc.all("h1")[0].text() != "Import archive" {
		t.Error("the page doesn't say that there is nothing")
	}
}

func TestAPageAllowsOnlyItsOwnStyleAndScript(t *testing.T) {
	_, st := emptyArchive(t)
	for _, page := range []string{
		pageOf(t, st.Reader, time.Date(2026, 5, 9, 0, 0, 0, 0, time.UTC), "Imports"),
		asHTML(t, queried(t, every, nil), report.Options{Title: "Every value"}),
	} {
		doc := parsed(t, page)
		policy := ""
		for _, meta := range doc.all("meta") {
			if meta.attribute("http-equiv") == "Content-Security-Policy" {
				policy = meta.attribute("content")
			}
		}
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") {
			t.Error(policy)
		}
		for _, name := range []string{"style", "script"} {
			sum := sha256.Sum256([]byte(doc.all(name)[0].text()))
			if !strings.Contains(policy, fmt.Sprintf("%s-src 'sha256-%s'", name, base64.StdEncoding.EncodeToString(sum[:]))) {
				t.Errorf("the page's own %s is not allowed", name)
			}
		}
	}
}

func TestATableIsAPageOfItsOwn(t *testing.T) {
	doc := parsed(t, asHTML(t, queried(t, every, nil), report.Options{Title: "Every <value>", About: "Some are unkind."}))
	onlyText(t, doc)
	if doc.all("h1")[0].text() != "Every <value>" || doc.all("title")[0].text() != "Every <value>" {
		t.Error("the title is not shown")
	}
	rows := doc.sheets()["Every <value>"]
	i := 1
	for row, err := range queried(t, every, nil).Rows {
		if err != nil {
			t.Fatal(err)
		}
		for at, v := range row {
			if want := shown(report.Spell(v)); rows[i][at] != want {
				t.Errorf("row %d: %q, want %q", i, rows[i][at], want)
			}
		}
		i++
	}
	if i != len(rows) {
		t.Errorf("%d rows, want %d", len(rows)-1, i-1)
	}
}
