package web

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"importarchive/page"
	"importarchive/queries"
)

// FuzzSite checks that for any path and method the answer is neither an internal
// error nor a file of the disk, changes nothing, and has the headers that guard a
// page.
func FuzzSite(f *testing.F) {
	all := queries.Reports()
	given := url.Values{
		"cluster": {"lab"}, "collection": {"films"}, "job": {".."}, "since": {"2026-05-01"}, "until": {"1h"}, "days": {"7"}, "hours": {"1"},
		"limit": {"3"}, "from": {"2d"}, "to": {"1h"}, "at": {"2026-05-01 18:00"}, "state": {"failed"}, "gone": {"true"},
	}
	for i := range all {
		some := url.Values{}
		for _, p := range all[i].Parameters {
			some.Set(p.Name, given.Get(p.Name))
			f.Add("GET", page.AddressOf(all[i].Name), url.Values{p.Name: given[p.Name]}.Encode())
		}
		f.Add("GET", page.AddressOf(all[i].Name), some.Encode())
		f.Add("GET", page.AddressOf(all[i].Name)+".csv", some.Encode())
	}
	for _, path := range []string{
		"/", "/runs", "/gaps", "/reports", "/job", "/clusters/lab", "/clusters/" + url.PathEscape(unkindCluster), "/assets/page.css", "/healthz", "/readyz", "/metrics",
		"/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/assets/../../secret.txt", "/reports/..%2f..%2fsecret", "/reports/view%2Fjobs", "*", "/\x00",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "DELETE"} {
			f.Add(method, path, "cluster=lab&job=job-lab3")
		}
	}
	f.Add("GET", "/job", "job=%00%ff&cluster=%F0%9F%99%82")
	f.Add("GET", "/reports/failures", "limit=9223372036854775807&since=99999d")
	f.Add("GET", "/reports/daily", "days=100000&until=0001-01-01")

	a := tell(f)
	s := serveArchive(f, a, nil)
	const mark = "a-file-of-the-disk"
	dir := f.TempDir()
	f.Chdir(dir)
	if err := os.WriteFile(filepath.Join(dir, "secret.txt"), []byte(mark), 0o600); err != nil {
		f.Fatal(err)
	}
	before := version(f, a)
	f.Fuzz(func(t *testing.T, method, path, query string) {
		target := path
		if query != "" {
			target += "?" + query
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n")))
		if err != nil || r.Host != "localhost" {
			return // the server's own refusal, or another host's business
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r.WithContext(t.Context()))
		guarded(t, target, w)
		body := w.Body.String()
		switch {
		case w.Code >= 500:
			t.Errorf("%s %q: %d\n%s", method, target, w.Code, s.log)
		case strings.Contains(body, mark) || strings.Contains(body, "root:x:0"):
			t.Errorf("%s %q: a file", method, target)
		case r.Method != http.MethodGet && r.Method != http.MethodHead && (w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") == ""):
			t.Errorf("%s %q: %d", method, target, w.Code)
		case w.Code != 200 && w.Code != 400 && w.Code != 404 && w.Code != 405:
			t.Errorf("%s %q: %d", method, target, w.Code)
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			onlyText(t, target, parsed(t, body))
		}
		if after := version(t, a); after != before {
			t.Errorf("%s %q changed the archive", method, target)
		}
	})
}

// version moves on when a job, a transition or a run is written.
func version(t testing.TB, a *told) (n int64) {
	t.Helper()
	if err := a.reader().QueryRow("SELECT (SELECT count(*) FROM jobs) + (SELECT max(id) FROM transitions) * 1000000 + (SELECT max(id) FROM runs) * 1000000000").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
