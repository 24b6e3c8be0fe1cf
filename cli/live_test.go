package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"importarchive/db/sqlite"
)

func TestLiveAsksTheServiceThatRuns(t *testing.T) {
	status, asked := http.StatusOK, ""
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.URL.Path
		w.WriteHeader(status)
		fmt.Fprintln(w, "the archive can't be read")
	}))
	defer service.Close()
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(service.URL, "http://"))
	archive := filepath.Join(t.TempDir(), "archive.db")
	live := func(listen string, more ...string) (int, string) {
		t.Helper()
		writeConfig(t, "archive.path = '"+archive+"'\n[serve]\ntoken = \"for-all-but-health\"\nlisten = "+fmt.Sprintf("%q", listen)+goodCluster)
		var out strings.Builder
		code := Main(context.Background(), &Env{
			Args: append([]string{"status", "--live"}, more...), Stdout: &out, Stderr: &out, LookupEnv: noEnv, Now: time.Now,
			Transport: refusing{}, // what goes to the clusters is not for this
		})
		return code, out.String()
	}
	if code, out := live("127.0.0.1:" + port); code != exitFailed || asked != "" || !strings.Contains(out, "no service keeps the archive") {
		t.Errorf("without a service of this archive: exit code %d, asked for %s: %s", code, asked, out)
	}
	release, err := sqlite.HoldService(t.Context(), archive, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for _, listen := range []string{"127.0.0.1:" + port, ":" + port, "0.0.0.0:" + port, "localhost:" + port} {
		if code, out := live(listen); code != exitDone || asked != "GET /healthz" {
			t.Errorf("%s: exit code %d, asked for %s: %s", listen, code, asked, out)
		}
	}
	status = http.StatusServiceUnavailable
	if code, out := live("127.0.0.1:" + port); code != exitFailed || !strings.Contains(out, "503 Service Unavailable: the archive can't be read") {
		t.Errorf("exit code %d: %s", code, out)
	}
	service.Close()
	if code, out := live("127.0.0.1:" + port); code != exitFailed || !strings.Contains(out, "/healthz") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if code, out := live(""); code != exitUsage || !strings.Contains(out, "serve.listen is off") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if code, _ := live("127.0.0.1:"+port, "--json"); code != exitUsage {
		t.Errorf("exit code %d", code)
	}
}

type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.ErrClosedPipe }

func TestAnAddressToListenAtBecomesOneToAsk(t *testing.T) {
	for listen, want := range map[string]string{
		":80": "127.0.0.1:80", "0.0.0.0:80": "127.0.0.1:80", "[::]:80": "[::1]:80", "[::1]:80": "[::1]:80",
		"10.0.0.7:80": "10.0.0.7:80", "archive.example:80": "archive.example:80",
	} {
		if got := reachable(listen); got != want {
			t.Errorf("%s is asked at %s, want %s", listen, got, want)
		}
	}
}
