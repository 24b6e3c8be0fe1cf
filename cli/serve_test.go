package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Scripts run beside each other, and beside whatever runs on the machine: a
// service in one of them may not take the address that it has by default.
func TestNoScriptTakesTheDefaultAddress(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	runs := regexp.MustCompile(`(?m)^exec importarchive .*\brun &`)
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		if runs.Match(text) && !strings.Contains(string(text), "listen = ") {
			t.Errorf("%s runs a service, and its settings don't say where it listens: take $LISTEN, or \"\"", script)
		}
	}
}

func TestWhoMayAskIsReadAtEachUse(t *testing.T) {
	cfg := load(t, goodCluster+`
[serve]
listen = "0.0.0.0:8321"
token = "t0ken"
user = "operator"
password_file = "pages"
hosts = ["Archive.example.com."]
`, noEnv)
	a := accessOf(&cfg.Serve)
	if token, err := a.Token(); token != "t0ken" || err != nil {
		t.Errorf("%q, %v", token, err)
	}
	for text, want := range map[string]string{"pass word\n": "pass word", " two \r\n": " two ", "": "", "a\tb": ""} {
		if err := os.WriteFile("pages", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := a.Password(); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is read as %q, %v", text, got, err)
		}
	}
	if err := os.Remove("pages"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Password(); err == nil || !strings.Contains(err.Error(), `password_file "pages"`) {
		t.Error(err)
	}
	if a.User != "operator" || len(a.Hosts) != 1 || a.Hosts[0] != "archive.example.com" || a.Listen != "0.0.0.0:8321" {
		t.Errorf("%+v", a)
	}
}
