package main

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "importarchive/longtest"
)

const module = "importarchive"

// mayImport says for each package which of ours it may import. It is what
// keeps deciding free of I/O, remote free of the database, and reports free
// of how rows came to be.
var mayImport = map[string][]string{
	".":                     {"cli"},
	"cli":                   {"check", "config", "db", "db/rows", "db/sqlite", "db/store/dryrun", "db/store/prune", "page", "queries", "report", "report/export", "secret", "service", "status", "sync", "sync/remote", "sync/remote/simulator", "web"},
	"service":               {"check", "config", "db", "db/sqlite", "db/sqlite/files", "db/sqlite/rotation", "db/store/prune", "network", "notify", "report", "report/export", "status", "sync", "sync/remote", "timetable", "web", "web/health", "web/metrics"},
	"check":                 {"config", "db", "db/sqlite", "db/sqlite/files", "db/sqlite/rotation", "db/store", "db/store/clocks", "network", "queries", "report", "status", "sync/remote", "timetable"},
	"config":                {"db", "network", "notify", "regular", "report", "report/export", "secret", "sync/remote", "web"},
	"sync":                  {"db", "db/details", "sync/rejects", "sync/remote", "timetable"},
	"sync/rejects":          {"db"},
	"sync/remote":           {"db/details", "network", "secret", "sync/remote/answer"},
	"sync/remote/simulator": {"sync/remote/simulator/fate"},
	"db":                    {"db/details", "queries"},
	"db/store":              {"db", "db/rows"},
	"db/store/prune":        {"db", "db/rows", "db/store", "db/store/clocks"},
	"db/store/clocks":       {"db", "db/rows", "db/store"},
	"db/store/dryrun":       {"db", "db/store"},
	"db/sqlite":             {"db", "db/rows", "db/sqlite/files", "db/sqlite/stray", "db/store", "db/store/prune", "migrations", "queries"},
	"db/sqlite/rotation":    {"db/sqlite"},
	"db/sqlite/files":       {}, // what the system knows of a file
	"db/sqlite/stray":       {}, // bytes in, a verdict out
	"db/dbtest":             {"db", "db/sqlite", "db/store", "queries"},
	"db/dbtest/model":       {"db"},
	"timetable":             {},
	"migrations":            {},
	"longtest":              {},
	"queries":               {},
	"page":                  {"page/chart", "page/fleet", "page/life", "page/rowset", "queries", "report"},
	"page/chart":            {"report"},
	"page/fleet":            {"report"},
	"page/life":             {"page/chart", "page/rowset", "report"},
	"page/rowset":           {"queries", "report"},
	"report":                {"db/rows", "queries"},
	"report/export":         {"db/details", "db/store", "page", "queries", "regular", "report"},
	"notify":                {"db", "db/rows", "db/store", "db/store/clocks", "queries", "secret", "sync/remote"},
	"status":                {"config", "db", "db/rows", "db/store", "db/store/clocks", "queries", "timetable"},
	"web":                   {"page", "queries", "report"},
	"web/health":            {"status"},
	"web/metrics":           {"db", "db/rows", "db/store", "status"},
	"bench":                 {"db", "db/sqlite"}, // with bench/peers a module of its own
	"bench/peers":           {},
	"e2e":                   {},
	"packaging/gen":         {"cli"},

	"db/details":                 {}, // plain structs: what remote reads and db stores
	"db/rows":                    {}, // reads any query into a slice
	"network":                    {"regular", "secret"},
	"regular":                    {}, // reads files that a person names
	"secret":                     {},
	"sync/remote/answer":         {"db/details"},
	"sync/remote/simulator/fate": {},
}

// TestImports reads the files themselves: a test that asked `go list` would be
// served from the test cache after a change in another package.
func TestImports(t *testing.T) {
	for file := range goFiles(t) {
		pkg := path.Dir(filepath.ToSlash(file))
		allowed, known := mayImport[pkg]
		if !known {
			t.Errorf("%s: package %s is not in the architecture", file, pkg)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			name, _ := strconv.Unquote(i.Path.Value)
			if ours, ok := strings.CutPrefix(name, module+"/"); ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s, which %s may not", file, ours, pkg)
			}
			if pkg != "db/dbtest" && pkg != "longtest" && (name == "testing" || strings.HasPrefix(name, "testing/")) {
				t.Errorf("%s imports %s into the program", file, name)
			}
			if name == "C" {
				t.Errorf("%s uses cgo", file)
			}
		}
	}
}

// TestEveryPackageWithTestsKnowsTheFlagLong is what `go test ./... -long` needs.
func TestEveryPackageWithTestsKnowsTheFlagLong(t *testing.T) {
	knows := map[string]bool{}
	for file := range goFiles(t) {
		pkg := path.Dir(filepath.ToSlash(file))
		if !strings.HasSuffix(file, "_test.go") || pkg == "longtest" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		knows[pkg] = knows[pkg] || strings.Contains(string(text), `"`+module+`/longtest"`)
	}
	for pkg, imported := range knows {
		if !imported {
			t.Errorf("no test of package %s imports %s/longtest", pkg, module)
		}
	}
}

// The sizes that a reader can take. Only cli may be larger: each of its files is
// a command that shares nothing with its neighbours.
const (
	maxFile     = 300
	maxFunction = 60
	maxPackage  = 2000
	maxMain     = 30
)

func TestFilesFunctionsAndPackagesStaySmall(t *testing.T) {
	packages := map[string]int{}
	for file := range goFiles(t) {
		pkg := path.Dir(filepath.ToSlash(file))
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(pkg, "bench") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		limit, lines := maxFile, strings.Count(string(text), "\n")
		if file == "main.go" {
			limit = maxMain
		}
		if lines > limit {
			t.Errorf("%s has %d lines, more than %d", file, lines, limit)
		}
		packages[pkg] += lines
		longFunctions(t, file, text)
	}
	for pkg, lines := range packages {
		if lines > maxPackage && pkg != "cli" {
			t.Errorf("package %s has %d lines, more than %d", pkg, lines, maxPackage)
		}
	}
}

func longFunctions(t *testing.T, file string, text []byte) {
	t.Helper()
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if lines := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; lines > maxFunction {
			t.Errorf("%s: %s has %d lines, more than %d", file, f.Name.Name, lines, maxFunction)
		}
	}
}

// TestPrivateTablesAreNamedInDBAlone keeps the tables behind the views free to
// change. Tests may name them to damage an archive.
func TestPrivateTablesAreNamedInDBAlone(t *testing.T) {
	private := regexp.MustCompile(`\b(FROM|JOIN|INTO|UPDATE|TABLE)\s+archive_[a-z]`)
	for file := range goFiles(t) {
		pkg := path.Dir(filepath.ToSlash(file))
		if pkg == "db" || strings.HasPrefix(pkg, "db/") || strings.HasPrefix(pkg, "bench") || strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := private.Find(text); found != nil {
			t.Errorf("%s names a private table: %s", file, found)
		}
	}
}

// TestTheProjectSpeaksOfItselfAlone searches every text of the tree for paths of
// one machine and for marks of a tracker.
func TestTheProjectSpeaksOfItselfAlone(t *testing.T) {
	strange := []string{"/work" + "/", "/farm" + "/", "/root" + "/", "../sha" + "red", "TO" + "DO", "FIX" + "ME"}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || file == "dist" || entry.Name() == "fuzz" || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case entry.IsDir() || entry.Name() == ".git" || strings.Contains(file, ".db"): // .git is a file in a linked work tree
			return nil
		}
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for n := 1; lines.Scan(); n++ {
			for _, s := range strange {
				if strings.Contains(lines.Text(), s) {
					t.Errorf("%s:%d says %s", file, n, s)
				}
			}
		}
		return lines.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

func goFiles(t *testing.T) func(func(string) bool) {
	return func(yield func(string) bool) {
		err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(file, ".go") && !yield(file) {
				return filepath.SkipAll
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
