package sqlite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A process that may open few files says so, whichever file of an archive is one too
// many, and whether the system or SQLite says that it can't be opened.
func TestTooManyOpenFilesAreNamed(t *testing.T) {
	t.Parallel()
	const advice = "too many files are open; raise LimitNOFILE of the unit, or ulimit -n"
	refused, opened := 0, 0
	for n := 8; n <= 24 && opened < 2; n++ {
		path := filepath.Join(t.TempDir(), "archive.db")
		c := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -n "$0" && exec "$@"`, strconv.Itoa(n), os.Args[0], path)
		c.Env = append(os.Environ(), childVariable+"=leave a run open")
		out, _ := c.CombinedOutput() // its status says no more than its words
		switch said := string(out); {
		case said == "done\n":
			opened++
		case strings.HasPrefix(said, "runtime: "): // too few for Go itself
		case strings.HasPrefix(said, "error: archive "+path+": ") && strings.Contains(said, advice):
			refused++
		default:
			t.Errorf("with %d files: %s", n, said)
		}
	}
	if refused < 3 || opened < 2 {
		t.Errorf("%d were refused and %d opened", refused, opened)
	}
}
