package cli

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden parts of testdata")

// noEnv is an environment without any variable.
func noEnv(string) (string, bool) { return "", false }

// writeConfig writes a config.toml to a directory of its own, and goes there.
func writeConfig(t testing.TB, text string) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("config.toml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

const goodCluster = `
[[clusters]]
name = "own"
api = "milvus-v2"
base_url = "http://localhost:19530"
`
