package main

import (
	"bytes"
	"cmp"
	"flag"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"importarchive/cli"
	"importarchive/queries"
)

var update = flag.Bool("update", false, "write the generated parts of the documents anew")

// documents returns the text of every document by its path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	files := []string{"README.md", "DESIGN.md", "CONTRIBUTING.md", "CHANGELOG.md"}
	for _, pattern := range []string{"docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, found, err)
		}
		files = append(files, found...)
	}
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.ToSlash(file)] = string(text)
	}
	return texts
}

var (
	fence     = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	codeSpan  = regexp.MustCompile("`([^`\n]+)`")
	link      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading   = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	generated = regexp.MustCompile(`(?s)<!-- begin (.+?) -->.*?<!-- end .+? -->`)
)

func TestDocumentsFitTheirLimits(t *testing.T) {
	for file, text := range documents(t) {
		limit := 320
		switch {
		case file == "README.md":
			limit = 120
		case file == "DESIGN.md":
			limit = 200
		case file == "docs/archive.md" || file == "docs/reports.md":
			limit = 800 // mostly generated
		case path.Dir(file) == "docs/decisions" && path.Base(file) != "README.md":
			limit = 40
		}
		if lines := strings.Count(text, "\n"); lines > limit {
			t.Errorf("%s has %d lines, more than %d", file, lines, limit)
		}
		for line := range strings.Lines(fence.ReplaceAllString(text, "")) {
			line = strings.TrimRight(line, "\n")
			if utf8.RuneCountInString(line) > 100 && !strings.HasPrefix(line, "|") && !link.MatchString(line) {
				t.Errorf("%s: this line is longer than 100 columns:\n%s", file, line)
			}
		}
	}
}

func TestDocumentsLinkToWhatExists(t *testing.T) {
	texts := documents(t)
	for file, text := range texts {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			to := file
			if target != "" {
				to = path.Join(path.Dir(file), target)
			}
			if _, err := os.Stat(filepath.FromSlash(to)); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
			} else if anchor != "" && !slices.Contains(anchors(texts[to]), anchor) {
				t.Errorf("%s links to %s: there is no such heading", file, m[1])
			}
		}
	}
}

// anchors returns the names under which a browser finds the headings of a document.
func anchors(text string) (all []string) {
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		name := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, strings.ReplaceAll(name, " ", "-"))
	}
	return all
}

var (
	commandLine = regexp.MustCompile(`(?m)^(?:\$ |sudo -u \w+ )?importarchive ([a-z-].*?)(?: +#.*)?$`)
	fileName    = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)*\.(go|sql|toml|md|txtar|json|yml)$`)
	usersFiles  = []string{"config.toml", "demo.db", "archive.db", "manifest.json"}
)

func TestDocumentsNameWhatExists(t *testing.T) {
	root := cli.Commands()
	root.InitDefaultCompletionCmd()
	for file, text := range documents(t) {
		commandsExist(t, file, text, root)
		for _, m := range codeSpan.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			if name := m[1]; fileName.MatchString(name) && !slices.Contains(usersFiles, name) && !fileExists(name) {
				t.Errorf("%s: there is no %s", file, name)
			}
		}
	}
}

func commandsExist(t *testing.T, file, text string, root *cobra.Command) {
	t.Helper()
	for _, m := range commandLine.FindAllStringSubmatch(text, -1) {
		words := strings.Fields(m[1])
		c, rest, err := root.Find(words)
		if err != nil || c == root {
			t.Errorf("%s: there is no command %q", file, m[1])
			continue
		}
		for _, w := range rest {
			if name, ok := strings.CutPrefix(w, "--"); ok && c.Flag(strings.SplitN(name, "=", 2)[0]) == nil {
				t.Errorf("%s: %s has no flag %s", file, c.Name(), w)
			}
		}
	}
}

// fileExists takes a path from the top of the tree or the name of a file that
// lies anywhere in it.
func fileExists(name string) bool {
	for _, pattern := range []string{"", "*/", "*/*/", "*/*/*/"} {
		if found, _ := filepath.Glob(pattern + name); len(found) > 0 {
			return true
		}
	}
	return false
}

// TestDocumentsShowSettingsThatLoad runs the program with each block of settings.
func TestDocumentsShowSettingsThatLoad(t *testing.T) {
	block := regexp.MustCompile("(?ms)^```toml\n(.*?)^```$")
	cluster := "\n[[clusters]]\nname = \"a\"\napi = \"milvus-v2\"\nbase_url = \"https://milvus.example.com\"\n"
	blocks := 0
	for file, text := range documents(t) {
		for _, m := range block.FindAllStringSubmatch(text, -1) {
			blocks++
			settings := "archive = { path = '" + filepath.ToSlash(filepath.Join(t.TempDir(), "none.db")) + "' }\n" + m[1]
			if !strings.Contains(settings, "[[clusters]]") {
				settings += cluster
			}
			config := filepath.Join(t.TempDir(), "config.toml")
			if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
				t.Fatal(err)
			}
			var said bytes.Buffer
			code := cli.Main(t.Context(), &cli.Env{
				Args: []string{"--config", config, "jobs"}, Stdout: &said, Stderr: &said, Now: time.Now,
				LookupEnv: func(name string) (string, bool) { return "https://example.com/" + name, name != "NO_COLOR" },
			})
			if code != 1 || !strings.Contains(said.String(), "no archive") {
				t.Errorf("%s: with these settings `jobs` ends with %d\n%s\n%s", file, code, m[1], said.String())
			}
		}
	}
	if blocks < 5 {
		t.Errorf("only %d blocks of settings", blocks)
	}
}

// TestDocumentsHaveASampleOfEachReport holds the samples, which are of the demo
// and so of no fixed day, to the columns of the reports.
func TestDocumentsHaveASampleOfEachReport(t *testing.T) {
	text := documents(t)["docs/reports.md"]
	all := queries.Reports()
	for _, q := range all {
		sample := regexp.MustCompile(`(?m)^\$ importarchive report ` + q.Name + `(?: .*)?\n(.*)$`).FindStringSubmatch(text)
		if sample == nil {
			t.Errorf("docs/reports.md has no sample of %s", q.Name)
			continue
		}
		var columns []string
		for _, c := range q.Columns {
			columns = append(columns, c.Name)
		}
		if shown := strings.Fields(sample[1]); !slices.Equal(shown, columns) {
			t.Errorf("the sample of %s has the columns\n%v, the report has\n%v", q.Name, shown, columns)
		}
	}
}

// TestTheDesignDocumentNamesEveryPackage holds its table of packages to the
// tree. A package below another may go without a name.
func TestTheDesignDocumentNamesEveryPackage(t *testing.T) {
	text := documents(t)["DESIGN.md"]
	named := func(pkg string) bool {
		return regexp.MustCompile(`(?m)^\| (.+, )?` + regexp.QuoteMeta(pkg) + `(, .+)? \|`).MatchString(text)
	}
	for file := range goFiles(t) {
		if pkg := path.Dir(filepath.ToSlash(file)); pkg != "." && !named(pkg) && !named(path.Dir(pkg)) {
			t.Errorf("the table of packages in DESIGN.md has no %s", pkg)
		}
	}
}

// TestTheDesignDocumentDrawsTheImports holds the arrows of its picture: what they
// lead to is what the packages of the program may import.
func TestTheDesignDocumentDrawsTheImports(t *testing.T) {
	_, picture, _ := strings.Cut(documents(t)["DESIGN.md"], "\ngraph TD\n")
	picture, _, _ = strings.Cut(picture, "```")
	labels, arrows := map[string]string{}, map[string][]string{}
	for _, m := range regexp.MustCompile(`(\w+)\[([^\]]+)\]`).FindAllStringSubmatch(picture, -1) {
		labels[m[1]] = m[2]
	}
	for line := range strings.Lines(regexp.MustCompile(`\[[^\]]+\]`).ReplaceAllString(picture, "")) {
		var from []string
		for group := range strings.SplitSeq(line, "-->") {
			var to []string
			for id := range strings.SplitSeq(group, "&") {
				id = strings.TrimSpace(id)
				to = append(to, cmp.Or(labels[id], id))
			}
			for _, pkg := range from {
				arrows[pkg] = append(arrows[pkg], to...)
			}
			from = to
		}
	}
	leadsTo := func(from, to string) bool {
		todo, seen := []string{from}, map[string]bool{}
		for ; len(todo) > 0; todo = todo[1:] {
			for _, next := range arrows[todo[0]] {
				if next == to {
					return true
				}
				if !seen[next] {
					seen[next], todo = true, append(todo, next)
				}
			}
		}
		return false
	}
	arrows["."] = arrows["main.go"]
	delete(arrows, "main.go")
	for from, all := range arrows {
		for _, to := range all {
			if !slices.Contains(mayImport[from], to) {
				t.Errorf("DESIGN.md draws an arrow from %s to %s, which it may not import", from, to)
			}
		}
	}
	for from := range arrows {
		for _, to := range mayImport[from] {
			if !leadsTo(from, to) {
				t.Errorf("in DESIGN.md no arrow leads from %s to %s", from, to)
			}
		}
	}
}

// TestTheReadmeLeadsEverywhere holds what a newcomer needs: two commands that
// set everything up, and every document one link away.
func TestTheReadmeLeadsEverywhere(t *testing.T) {
	texts := documents(t)
	readme := texts["README.md"]
	for _, command := range []string{"\ngo run . demo", "\ngo test ./..."} {
		if !strings.Contains(readme, command) {
			t.Errorf("the README has no line that begins with %q", command[1:])
		}
	}
	for file := range texts {
		if path.Dir(file) != "docs/decisions" && file != "README.md" && !strings.Contains(readme, "]("+file) {
			t.Errorf("the README has no link to %s", file)
		}
	}
}
