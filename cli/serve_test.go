package cli

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// Scripts run beside each other, and beside whatever runs on the machine. A
// service in one of them must not take the address that it has by default.
func TestNoScriptTakesTheDefaultAddress(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	starts := regexp.MustCompile(`(?m)^(service\b|(exec|exits \d) importarchive (.* )?run\b)`)
	for _, script := range scripts {
		archive, err := txtar.ParseFile(script)
		if err != nil {
			t.Fatal(err)
		}
		if !starts.Match(archive.Comment) {
			continue
		}
		for _, f := range archive.Files {
			text := string(f.Data)
			if strings.Contains(text, "[[clusters]]") && !strings.Contains(text, "listen = ") {
				t.Errorf("%s: the service of this script may take the default address, because %s does not set listen: set it to $LISTEN, or \"\"", script, f.Name)
			}
		}
	}
}
