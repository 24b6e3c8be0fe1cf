package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func secret(value string) func() (string, error) {
	return func() (string, error) { return value, nil }
}

func TestAServerAnswersOnlyToItsOwnNames(t *testing.T) {
	t.Parallel()
	a := tell(t)
	for _, row := range []struct {
		listen  string
		yes, no []string
	}{
		{
			"127.0.0.1:8321",
			[]string{"localhost", "localhost:8321", "LOCALHOST:99", "127.0.0.1:8321", "[::1]:8321", "[::1]", "archive.example.com", "Archive.Example.com:443", "archive.example.com."},
			[]string{"", "evil.example", "evil.example:8321", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.7:8321", "archive.example.com.evil.example", "[fe80::1]", "[", ":8321", "@localhost"},
		},
		{
			"archive-host:8321",
			[]string{"archive-host", "archive-host:8321", "10.0.0.7:8321", "[fe80::1]:8321", "127.0.0.1", "localhost:8321", "archive.example.com"},
			[]string{"", "evil.example", "evil.example:8321", "archive-host.evil.example"},
		},
		{"0.0.0.0:8321", []string{"10.0.0.7", "localhost"}, []string{"", "evil.example"}},
		{":8321", []string{"10.0.0.7:8321", "localhost"}, []string{"", ":8321", "evil.example"}},
	} {
		s := serveArchive(t, a, func(s *Site) { s.Access = Access{Listen: row.listen, Hosts: []string{"archive.example.com"}} })
		for want, hosts := range map[int][]string{http.StatusOK: row.yes, http.StatusMisdirectedRequest: row.no} {
			for _, host := range hosts {
				r := request(t, "GET", "/reports")
				r.Host = host
				w := s.ask(r)
				if guarded(t, host, w); w.Code != want {
					t.Errorf("listening at %s, asked as %q: %d, not %d", row.listen, host, w.Code, want)
				}
			}
		}
	}
}

func TestOnlyThisMachineIsLoopback(t *testing.T) {
	for listen, want := range map[string]bool{
		"127.0.0.1:8321": true, "127.9.9.9:1": true, "[::1]:8321": true, "localhost:8321": true, "LocalHost:0": true, "[::ffff:127.0.0.1]:1": true,
		"0.0.0.0:8321": false, ":8321": false, "[::]:8321": false, "10.0.0.7:8321": false, "localhost.example.com:1": false, "example.com:8321": false, "": false, "127.0.0.1": false,
	} {
		if Loopback(listen) != want {
			t.Errorf("%q: %v", listen, !want)
		}
	}
}

func TestNothingButGetAndHeadDoesAnything(t *testing.T) {
	s := serveArchive(t, tell(t), nil)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "QUERY", "M-SEARCH"} {
		for _, path := range []string{"/", "/reports/failures", "/healthz", "/metrics", "/assets/page.css", "/nothing"} {
			w := s.ask(request(t, method, path))
			if guarded(t, path, w); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d, Allow %q", method, path, w.Code, w.Header().Get("Allow"))
			}
		}
	}
	for _, path := range []string{"/", "/reports/failures.csv", "/assets/page.js", "/nothing"} {
		got, head := s.get(t, path), s.ask(request(t, "HEAD", path))
		if head.Code != got.Code || head.Header().Get("Content-Type") != got.Header().Get("Content-Type") {
			t.Errorf("HEAD %s: %d %v", path, head.Code, head.Header())
		}
	}
}

func TestEveryPathButHealthNeedsAccess(t *testing.T) {
	t.Parallel()
	a := tell(t)
	well := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	const basic, bearer = `Basic realm="importarchive", charset="UTF-8"`, `Bearer realm="importarchive"`
	token, user := Access{Token: secret("t0ken")}, Access{User: "operator", Password: secret("pass word")}
	both := Access{Token: secret("t0ken"), User: "operator", Password: secret("pass word")}
	asUser := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	with := func(header string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", header) }
	}
	for _, row := range []struct {
		name    string
		access  Access
		request func(*http.Request)
		want    int
		asks    []string
	}{
		{"no access rule", Access{}, nil, 200, nil},
		{"nothing for a token", token, nil, 401, []string{bearer}},
		{"the token", token, with("Bearer t0ken"), 200, nil},
		{"the token, in other letters", token, with("bearer  t0ken "), 200, nil},
		{"a wrong token", token, with("Bearer t0ken2"), 401, []string{bearer}},
		{"an empty token", token, with("Bearer "), 401, []string{bearer}},
		{"the token as a password", token, asUser("operator", "t0ken"), 401, []string{bearer}},
		{"nothing for a user", user, nil, 401, []string{basic}},
		{"the user", user, asUser("operator", "pass word"), 200, nil},
		{"another user", user, asUser("Operator", "pass word"), 401, []string{basic}},
		{"another password", user, asUser("operator", "pass"), 401, []string{basic}},
		{"no password", user, asUser("operator", ""), 401, []string{basic}},
		{"no base64", user, with("Basic !!!"), 401, []string{basic}},
		{"the password as a token", user, with("Bearer pass word"), 401, []string{basic}},
		{"either, nothing", both, nil, 401, []string{basic, bearer}},
		{"either, the token", both, with("Bearer t0ken"), 200, nil},
		{"either, the user", both, asUser("operator", "pass word"), 200, nil},
	} {
		s := serveArchive(t, a, func(s *Site) {
			row.access.Listen = "127.0.0.1:8321" // it is asked for on loopback too
			s.Access, s.Healthz, s.Readyz, s.Metrics = row.access, well, well, well
		})
		for _, path := range []string{"/", "/job?job=x", "/reports/failures.csv", "/assets/page.css", "/readyz", "/metrics", "/nothing"} {
			r := request(t, "GET", path)
			if row.request != nil {
				row.request(r)
			}
			w := s.ask(r)
			allowed := w.Code != http.StatusUnauthorized
			if guarded(t, path, w); allowed != (row.want == 200) || !slices.Equal(w.Header().Values("WWW-Authenticate"), row.asks) {
				t.Errorf("%s, %s: %d, asked for %q", row.name, path, w.Code, w.Header().Values("WWW-Authenticate"))
			}
		}
		r := request(t, "GET", "/healthz")
		if row.request != nil {
			row.request(r)
		}
		if row.access.MayKnow(r) != (row.want == 200) {
			t.Errorf("%s: who may know the reasons is %v", row.name, row.want != 200)
		}
		if w := s.get(t, "/healthz"); w.Code != 200 || w.Body.String() != "ok\n" {
			t.Errorf("%s: /healthz is %d", row.name, w.Code)
		}
		if strings.Contains(s.log.String(), "t0ken") || strings.Contains(s.log.String(), "pass") {
			t.Error("a secret is in the log")
		}
	}
}

func TestASecretIsReadAtEachUse(t *testing.T) {
	a := tell(t)
	value, broken := "first", error(nil)
	s := serveArchive(t, a, func(s *Site) {
		s.Access.Token = func() (string, error) { return value, broken }
	})
	ask := func(token string) int {
		r := request(t, "GET", "/reports")
		r.Header.Set("Authorization", "Bearer "+token)
		return s.ask(r).Code
	}
	if ask("first") != 200 || ask("second") != 401 {
		t.Error("the first token is not the one")
	}
	value = "second"
	if ask("first") != 401 || ask("second") != 200 {
		t.Error("the token did not change")
	}
	// A token file that can't be read denies every request, and does not fill the log.
	value, broken = "", errors.New("token_file \"x\": no such file")
	for range 3 {
		if got := ask(""); got != http.StatusServiceUnavailable {
			t.Errorf("%d", got)
		}
	}
	if n := strings.Count(s.log.String(), "token_file"); n != 1 {
		t.Errorf("it was said %d times:\n%s", n, s.log)
	}
	a.now = a.now.Add(2 * time.Minute)
	ask("")
	if n := strings.Count(s.log.String(), "token_file"); n != 2 {
		t.Errorf("it was said %d times", n)
	}
}

func TestPagesThatNobodyGaveAreNotThere(t *testing.T) {
	s := serveArchive(t, tell(t), nil)
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		s.shows(t, path, http.StatusNotFound)
	}
}
