package remote

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestOverRealSockets has what only net/http's own transport does:
// compression, and connections that break.
func TestOverRealSockets(t *testing.T) {
	answers := map[int]service{
		1: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			respond(z, "a", "b")
			_ = z.Close()
		},
		2: func(w http.ResponseWriter, r *http.Request) { // half of it, then the connection is gone
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"code":200,"data":`)
		},
		3: func(w http.ResponseWriter, _ *http.Request) { respond(w, "c") },
		4: func(w http.ResponseWriter, _ *http.Request) { // small on the wire
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, strings.Repeat(" ", 1<<20))
			_ = z.Close()
		},
	}
	requests := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		answers[requests](w, r)
	}))
	defer server.Close()
	transport := server.Client().Transport.(*http.Transport)
	defer transport.CloseIdleConnections()

	c := testClient(transport, func(t *Target) { t.BaseURL, t.RetryFor = server.URL, 10*time.Minute })
	c.maxBody = 1000
	pages, err := readAll(t.Context(), c)
	if len(pages) != 2 || pages[0] != "1: a b, count 2, tries 1" || pages[1] != "2: c, count 1, tries 2" {
		t.Errorf("pages %q", pages)
	}
	if errText(err) != "page 3: protocol: HTTP 200: the answer is too large: more than 1000 bytes" {
		t.Error(err)
	}
}
