package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"importarchive/db"
	"importarchive/queries"
)

// TestDocsNameWhatExists holds the documents to the program: every command and
// flag, every view with its columns, every file and every test that they name.
func TestDocsNameWhatExists(t *testing.T) {
	root := (&program{Env: System()}).commands()
	for _, doc := range []string{"README.md", "DESIGN.md", "CONTRIBUTING.md", "docs/bi.md"} {
		text := readDoc(t, doc)
		commandsExist(t, doc, text, root)
		filesExist(t, doc, text)
	}
	viewsAreWhole(t, readDoc(t, "README.md"))
}

// TestEveryCommandIsInTheReadme is the other way round.
func TestEveryCommandIsInTheReadme(t *testing.T) {
	text := readDoc(t, "README.md")
	for _, c := range (&program{Env: System()}).commands().Commands() {
		if !strings.Contains(text, "| `importarchive "+c.Name()+"` |") && c.Name() != "help" {
			t.Errorf("the README's table has no %s", c.Name())
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(text, "`--"+f.Name+"`") && f.Name != "help" {
				t.Errorf("the README's table has no --%s of %s", f.Name, c.Name())
			}
		})
	}
}

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	commandLine = regexp.MustCompile(`(?m)^(?:\$ )?importarchive ([a-z].*?)(?: +#.*)?$`)
	quoted      = regexp.MustCompile("`([^`\n]+)`")
	fileName    = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)*\.(go|sql|toml|md|txtar)$|^(sync|db|cli|report|queries|migrations)/[\w/.]+$`)
	viewRow     = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (`\\w+`(?: `\\w+`)*) \\|$")
)

func commandsExist(t *testing.T, doc, text string, root *cobra.Command) {
	for _, m := range commandLine.FindAllStringSubmatch(text, -1) {
		words := strings.Fields(m[1])
		c, rest, err := root.Find(words)
		if err != nil || c == root {
			t.Errorf("%s: there is no command %q", doc, m[1])
			continue
		}
		for _, w := range rest {
			if name, ok := strings.CutPrefix(w, "--"); ok && c.Flag(strings.SplitN(name, "=", 2)[0]) == nil {
				t.Errorf("%s: %s has no flag %s", doc, c.Name(), w)
			}
		}
	}
}

// filesExist looks for files by their whole path or, where a document speaks
// of a room, by their name anywhere. What a user makes is not looked for.
func filesExist(t *testing.T, doc, text string) {
	users := []string{"config.toml", "demo.db", "archive.db"}
	for _, m := range quoted.FindAllStringSubmatch(text, -1) {
		name := m[1]
		if !fileName.MatchString(name) || slices.Contains(users, name) || strings.Contains(name, "vN") {
			continue
		}
		if _, err := os.Stat(filepath.Join("..", name)); err == nil {
			continue
		}
		if strings.Contains(name, "/") {
			if found, _ := filepath.Glob(filepath.Join("..", name+"*")); len(found) == 0 {
				t.Errorf("%s: there is no %s", doc, name)
			}
			continue
		}
		found := false
		for _, pattern := range []string{"../*/", "../*/*/"} {
			matches, _ := filepath.Glob(pattern + name)
			found = found || len(matches) > 0
		}
		if !found {
			t.Errorf("%s: there is no %s", doc, name)
		}
	}
}

func viewsAreWhole(t *testing.T, text string) {
	st, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "archive.db"), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	documented := map[string]string{}
	for _, m := range viewRow.FindAllStringSubmatch(text, -1) {
		documented[m[1]] = strings.ReplaceAll(m[2], "`", "")
	}
	rows, err := st.Reader().Query(`SELECT v.name, group_concat(c.name, ' ') FROM sqlite_schema AS v, pragma_table_info(v.name) AS c
		WHERE v.type = 'view' AND v.name NOT LIKE 'archive_%' GROUP BY v.name`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	views := 0
	for ; rows.Next(); views++ {
		var name, columns string
		if err := rows.Scan(&name, &columns); err != nil {
			t.Fatal(err)
		}
		if documented[name] != columns {
			t.Errorf("the README says of the view %s:\n%s\nit has:\n%s", name, documented[name], columns)
		}
	}
	if views != len(documented) {
		t.Errorf("the README has %d views, the archive %d", len(documented), views)
	}
}

// TestEveryReportIsInTheReadme holds its table of reports to their headers.
func TestEveryReportIsInTheReadme(t *testing.T) {
	text := readDoc(t, "README.md")
	all, err := queries.Reports()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range all {
		var flags []string
		for _, p := range q.Parameters {
			flags = append(flags, "`--"+p.Name+"`")
		}
		row := regexp.MustCompile("(?m)^\\| `" + q.Name + "` \\| .+ \\| (.+) \\|$").FindStringSubmatch(text)
		if row == nil {
			t.Errorf("the README's table of reports has no %s", q.Name)
			continue
		}
		documented := strings.Fields(row[1])
		slices.Sort(documented)
		slices.Sort(flags)
		if !slices.Equal(documented, flags) {
			t.Errorf("the README says of the report %s: %v, it takes %v", q.Name, documented, flags)
		}
	}
}
