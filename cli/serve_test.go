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
