package main

import (
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"importarchive/cli"
	"importarchive/config"
	_ "importarchive/longtest"
)

// TestMain goes to the top of the tree, where all paths begin.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// directives returns the values of a unit's key, in their order.
func directives(unit, key string) []string {
	var values []string
	for _, m := range regexp.MustCompile(`(?m)^`+key+`=(.*)$`).FindAllStringSubmatch(unit, -1) {
		values = append(values, m[1])
	}
	return values
}

func directive(t *testing.T, unit, key string) string {
	t.Helper()
	values := directives(unit, key)
	if len(values) != 1 {
		t.Fatalf("the unit has %s %d times", key, len(values))
	}
	return values[0]
}

// contents are the files of a package: from where they come by where they go.
func contents(t *testing.T) map[string]string {
	files := map[string]string{}
	for _, m := range regexp.MustCompile(`\{src: ([^,]+), dst: ([^,]+),`).FindAllStringSubmatch(read(t, "packaging/nfpm.yaml"), -1) {
		files[m[2]] = m[1]
	}
	if len(files) < 12 {
		t.Fatalf("only %d files: %v", len(files), files)
	}
	return files
}

// takes says whether the program takes a command line.
func takes(t *testing.T, where string, words []string) {
	t.Helper()
	root := cli.Commands()
	c, rest, err := root.Find(words)
	if err != nil || c == root {
		t.Errorf("%s: there is no command in %q", where, words)
		return
	}
	if err := c.ParseFlags(rest); err != nil {
		t.Errorf("%s: %q: %v", where, words, err)
	}
	if left := c.Flags().Args(); len(left) > 0 {
		t.Errorf("%s: %q: %s takes no %q", where, words, c.Name(), left)
	}
}

func TestTheUnitNamesWhatThePackageBrings(t *testing.T) {
	unit, files := read(t, "packaging/importarchive.service"), contents(t)
	start := strings.Fields(directive(t, unit, "ExecStart"))
	takes(t, "ExecStart", start[1:])
	credential, key, _ := strings.Cut(directive(t, unit, "LoadCredential"), ":")
	for _, file := range []string{start[0], start[slices.Index(start, "--config")+1], key} {
		if files[file] == "" {
			t.Errorf("the unit names %s, which no package brings", file)
		}
	}
	user := directive(t, unit, "User")
	if made := strings.Fields(read(t, "packaging/importarchive.sysusers")); made[0] != "u" || made[1] != user {
		t.Errorf("the unit runs as %s, and %v is made", user, made)
	}
	state := "/var/lib/" + directive(t, unit, "StateDirectory")
	if at := directive(t, unit, "WorkingDirectory"); at != state {
		t.Errorf("it works in %s and may write to %s", at, state)
	}
	dir := t.TempDir()
	if err := write(dir, "config.example.toml"); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(filepath.Join(dir, "config.toml"), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	if path.Dir(cfg.Archive.Path) != state {
		t.Errorf("the archive is at %s, and only %s can be written to", cfg.Archive.Path, state)
	}
	if _, err := cfg.Clusters[0].Key(); !strings.Contains(err.Error(), "/run/credentials/importarchive.service/"+credential) {
		t.Errorf("the settings don't have the credential %s: %v", credential, err)
	}
	for _, key := range []string{"NoNewPrivileges", "ProtectSystem", "PrivateTmp", "RestrictAddressFamilies", "MemoryDenyWriteExecute", "WatchdogSec"} {
		directive(t, unit, key)
	}
	if prevents := directives(unit, "RestartPreventExitStatus"); prevents != nil {
		t.Errorf("a crash, which is exit code 2 of Go, may be one of %v", prevents)
	}
	if directive(t, unit, "Type") != "notify" || directives(unit, "SystemCallFilter")[0] != "@system-service" {
		t.Error("it is another kind of unit")
	}
}

func TestPackagesTakeWhatExists(t *testing.T) {
	made := t.TempDir()
	if err := write(made, "config.example.toml"); err != nil {
		t.Fatal(err)
	}
	for _, from := range contents(t) {
		if from == "dist/importarchive" { // the program itself
			continue
		}
		pattern := from
		if rest, ok := strings.CutPrefix(from, "dist/"); ok {
			pattern = filepath.Join(made, rest)
		}
		if found, _ := filepath.Glob(pattern); len(found) == 0 {
			t.Errorf("there is no %s", from)
		}
	}
	for _, m := range regexp.MustCompile(`: (packaging/\w+\.sh)`).FindAllStringSubmatch(read(t, "packaging/nfpm.yaml"), -1) {
		if out, err := exec.Command("sh", "-n", m[1]).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", m[1], err, out)
		}
	}
}

func TestTheContainerStartsWhatExists(t *testing.T) {
	docker := read(t, "Dockerfile")
	words := regexp.MustCompile(`"([^"]+)"`)
	list := func(pattern string) []string {
		line := regexp.MustCompile(`(?m)` + pattern).FindString(docker)
		var all []string
		for _, m := range words.FindAllStringSubmatch(line, -1) {
			all = append(all, m[1])
		}
		if len(all) == 0 {
			t.Fatalf("no %s", pattern)
		}
		return all
	}
	entry, health := list("^ENTRYPOINT .*"), list("^HEALTHCHECK .*")
	takes(t, "CMD", append(entry[1:], list("^CMD .*")...))
	takes(t, "HEALTHCHECK", health[1:])
	if health[0] != entry[0] || !strings.Contains(docker, "/out/importarchive "+entry[0]+"\n") {
		t.Errorf("%s and %s are to be started", entry[0], health[0])
	}
	if version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))[1]; !strings.Contains(docker, "FROM golang:"+version+" ") {
		t.Errorf("it is not built with Go %s", version)
	}
	compose := read(t, "compose.yaml")
	for _, target := range []string{":/data\n", ":/etc/importarchive:ro\n", "secrets: [zilliz]"} {
		if !strings.Contains(compose, target) {
			t.Errorf("compose.yaml lacks %q", target)
		}
	}
	for _, is := range []string{"\nFROM scratch\n", "\nUSER 65532:65532\n", "\nVOLUME /data\n", "IMPORTARCHIVE_CONFIG=/etc/importarchive/config.toml\n"} {
		if !strings.Contains(docker, is) {
			t.Errorf("the Dockerfile lacks %q", is)
		}
	}
}

func TestEveryCommandHasAManPageWithItsFlags(t *testing.T) {
	dir := t.TempDir()
	if err := manPages(dir); err != nil {
		t.Fatal(err)
	}
	pages := 0
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		if !c.IsAvailableCommand() && c.HasParent() || c.Name() == "help" {
			return
		}
		pages++
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1.gz"
		packed, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			return
		}
		defer packed.Close()
		unpacked, err := gzip.NewReader(packed)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(unpacked)
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.ReplaceAll(string(text), `\-`, "-")
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(plain, "--"+f.Name) {
				t.Errorf("%s does not have --%s", name, f.Name)
			}
		})
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(cli.Commands())
	if pages < 20 {
		t.Errorf("only %d pages", pages)
	}
}

func TestCompletionsAreWritten(t *testing.T) {
	dir := t.TempDir()
	if err := completions(dir); err != nil {
		t.Fatal(err)
	}
	for shell, has := range map[string]string{"bash": "__start_importarchive", "fish": "complete -c importarchive", "zsh": "#compdef importarchive"} {
		if text := read(t, filepath.Join(dir, "importarchive."+shell)); !strings.Contains(text, has) {
			t.Errorf("the completion for %s lacks %s", shell, has)
		}
	}
}
