package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"importarchive/longtest"
	"importarchive/report"
)

// These tests run the recipes of the pages for BI, on an archive that has ids of Milvus
// only.

var biPages = []string{"docs/bi.md", "docs/recipes.md"}

// recipe is a fenced block of a page, or a line of a table of readers.
type recipe struct {
	place    string // page:line
	language string // of the block; what runs the line
	code     string
	tried    bool // else only read
	allIDs   bool // its output must have the ids of all jobs
}

func recipes(t *testing.T) (all []recipe) {
	t.Helper()
	for _, page := range biPages {
		all = append(all, recipesOf(t, page)...)
	}
	return all
}

// recipesOf returns all recipes of a page. Of a block, the nearest word before it in
// its section says whether it was tried.
func recipesOf(t *testing.T, page string) (all []recipe) {
	t.Helper()
	word, block := "", (*recipe)(nil)
	for i, line := range strings.Split(readDoc(t, page), "\n") {
		place := fmt.Sprintf("%s:%d", page, i+1)
		language, fence := strings.CutPrefix(line, "```")
		switch {
		case block != nil && fence:
			all = append(all, *block)
			block = nil
		case block != nil:
			block.code += line + "\n"
		case fence:
			if block = (&recipe{place: place, language: language, tried: word == "tried"}); word == "" && language != "toml" && language != "" {
				t.Errorf("%s: nothing says whether this was tried or only read", place)
			}
		case strings.HasPrefix(line, "## "):
			word = ""
		case strings.HasPrefix(line, "| ") && strings.Contains(line, "`"):
			all = append(all, row(t, place, line))
		default:
			for _, m := range triedOrRead.FindAllStringSubmatch(line, -1) {
				word = strings.ToLower(m[1])
			}
		}
	}
	return all
}

var (
	triedOrRead = regexp.MustCompile(`(?i)\*\*(tried|read)\*\*`)
	ofTable     = regexp.MustCompile(`^\| ([^|]*) \| ([^|]*) \| (tried|read) \|$`)
)

// row returns the recipe of a line of the table.
func row(t *testing.T, place, line string) recipe {
	t.Helper()
	m := ofTable.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("%s: this says neither tried nor read: %s", place, line)
	}
	r := recipe{place: place, language: "sh", code: strings.Trim(m[2], "`"), tried: m[3] == "tried", allIDs: true}
	switch reader, _, _ := strings.Cut(m[1], " "); {
	case !r.tried:
		r.language = ""
	case reader == "pandas":
		r.language, r.code = "python", "import pandas as pd\nprint('\\n'.join("+r.code+"))"
	case reader == "DuckDB":
		r.language = "sql duckdb"
	}
	return r
}

// runners run a recipe in a folder and return what it prints.
var runners = map[string]func(t *testing.T, folder, code string) string{
	"sql":        runSQL,
	"sql duckdb": runDuckDB,
	"sh": func(t *testing.T, folder, code string) string {
		return run(t, folder, "bash", "-eu", "-o", "pipefail", "-c", code)
	},
	"python": func(t *testing.T, folder, code string) string {
		return run(t, folder, "/usr/bin/python3", "-c", code) // Debian's, which has its packages
	},
	"java": func(t *testing.T, folder, code string) string {
		name := regexp.MustCompile(`class (\w+)`).FindStringSubmatch(code)[1] + ".java"
		if err := os.WriteFile(filepath.Join(folder, name), []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
		return run(t, folder, "java", "-cp", "/usr/share/java/sqlite-jdbc.jar", name)
	},
}

func run(t *testing.T, folder, program string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, args...)
	c.Dir = folder
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Errorf("%v\n%s%s", err, out, stderr.String())
	}
	return string(out)
}

func runSQL(t *testing.T, folder, code string) string {
	if strings.Contains(code, "archive_") {
		t.Error("this reads a table that is not public")
	}
	table, err := report.Query(t.Context(), openReader(t, filepath.Join(folder, "archive.db")), code, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for row, err := range table.Rows {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&out, row...)
	}
	return out.String()
}

func runDuckDB(t *testing.T, folder, code string) string {
	require, err := filepath.Abs("../.ci/node/package.json")
	if err != nil {
		t.Fatal(err)
	}
	const script = `const duckdb = require('node:module').createRequire(process.argv[1])('@duckdb/node-api');
		(async () => {
			const connection = await (await duckdb.DuckDBInstance.create(':memory:')).connect();
			const result = await connection.runAndReadAll(process.argv[2]);
			for (const row of result.getRowsJson()) console.log(JSON.stringify(row));
		})().catch((e) => { console.error(e); process.exit(1); });`
	return run(t, folder, "node", "-e", script, "--", require, code)
}

func TestEachRecipeSaysWhetherItWasTriedAndThoseRun(t *testing.T) {
	tried := 0
	for _, r := range recipes(t) {
		sample := r.language == "" && strings.HasPrefix(r.code, "$ ") || r.language == "toml"
		if _, runs := runners[r.language]; runs != r.tried && !sample {
			t.Errorf("%s: tried is %v, and the test runs it: %v", r.place, r.tried, runs)
		}
		if r.tried {
			tried++
		}
	}
	if tried < 30 {
		t.Errorf("only %d recipes are tried", tried)
	}
}

func TestTheStatementsOfThePageForBIRun(t *testing.T) {
	folder := t.TempDir()
	copyFile(t, milvusArchive(t), filepath.Join(folder, "archive.db"))
	for _, r := range recipes(t) {
		if r.language == "sql" {
			keepsIDs(t, &r, runSQL(t, folder, r.code))
		}
	}
}

// silent are recipes that write a file, or set something.
var silent = regexp.MustCompile(`^SET |\.(xlsx|csv)$|--out (new|export)`)

// keepsIDs refuses an output that has an id of no job, and one that lacks ids which
// the recipe promises.
func keepsIDs(t *testing.T, r *recipe, out string) {
	t.Helper()
	found, truth := idsIn(out), milvusIDs()
	for _, id := range found {
		if !slices.Contains(truth, id) {
			t.Errorf("%s gives %s, which is the id of no job", r.place, id)
		}
	}
	if r.allIDs && !slices.Equal(found, truth) {
		t.Errorf("%s gives %d ids, not %d:\n%.300s", r.place, len(found), len(truth), out)
	}
}

func TestTheRecipesThatWereTriedKeepTheIDsOfMilvus(t *testing.T) {
	longtest.Only(t)
	t.Parallel()
	needReaders(t)
	folder := recipeFolder(t)
	for _, r := range recipes(t) {
		if r.tried {
			t.Run(strings.ReplaceAll(r.place, "/", " "), func(t *testing.T) {
				out := runners[r.language](t, folder, r.code)
				keepsIDs(t, &r, out)
				if out == "" && !silent.MatchString(strings.TrimSpace(r.code)) && r.language != "sql" {
					t.Errorf("it gives nothing:\n%s", r.code)
				}
				if strings.Contains(r.code, "file_size") && !strings.Contains(out, "6442450944") {
					t.Errorf("it does not give the size of a file of 6 GiB:\n%s", out)
				}
			})
		}
	}
}

// needReaders skips a test where a reader is missing.
func needReaders(t *testing.T) {
	t.Helper()
	for _, c := range [][]string{
		{"/usr/bin/python3", "-c", "import pandas, openpyxl, sqlalchemy, pyodbc"},
		{"node", "-e", "require('../.ci/node/node_modules/@duckdb/node-api')"},
		{"bash", "-c", "type sqlite3 sqlite-utils csvsql jq isql java && test -e /usr/share/java/sqlite-jdbc.jar"},
	} {
		if out, err := exec.CommandContext(t.Context(), c[0], c[1:]...).CombinedOutput(); err != nil {
			missing(t, strings.Join(c, " "), string(out), err)
		}
	}
}
