package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"importarchive/cli"
	"importarchive/queries"
)

// TestDocumentsSayWhatTheProgramSays holds the parts between <!-- begin … -->
// and <!-- end … --> to what they are made from. With -update it writes them.
func TestDocumentsSayWhatTheProgramSays(t *testing.T) {
	parts := map[string]string{"commands": commandTable(), "settings": settingsTables(t), "views": viewTables(t)}
	reports := queries.Reports()
	list := "| report | answers | parameters |\n|---|---|---|\n"
	for _, q := range reports {
		parts["report "+q.Name] = wrapped(q.About) + "\n\n" + parameterTable(q) + columnTable(q)
		list += fmt.Sprintf("| [%s](#%s) | %s | %s |\n", q.Name, q.Name, q.About, flags(q))
	}
	parts["reports"] = list

	found := map[string]bool{}
	for file, text := range documents(t) {
		want := generated.ReplaceAllStringFunc(text, func(block string) string {
			name := generated.FindStringSubmatch(block)[1]
			part, ok := parts[name]
			if !ok {
				t.Errorf("%s: nothing is made for <!-- begin %s -->", file, name)
				return block
			}
			found[name] = true
			return "<!-- begin " + name + " -->\n\n" + strings.TrimSpace(part) + "\n\n<!-- end " + name + " -->"
		})
		switch {
		case want == text:
		case *update:
			if err := os.WriteFile(file, []byte(want), 0o666); err != nil {
				t.Error(err)
			}
		default:
			t.Errorf("%s is not what it is made from; run go test . -run Document -update", file)
		}
	}
	for name := range parts {
		if !found[name] {
			t.Errorf("no document has <!-- begin %s -->", name)
		}
	}
}

func commandTable() string {
	root := cli.Commands()
	root.InitDefaultCompletionCmd()
	table := "| command | does | flags |\n|---|---|---|\n"
	for _, c := range root.Commands() {
		if c.Name() == "help" || c.Hidden {
			continue
		}
		var names []string
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && !f.Hidden {
				names = append(names, "`--"+f.Name+"`")
			}
		})
		table += fmt.Sprintf("| `importarchive %s` | %s | %s |\n", c.Use, c.Short, strings.Join(names, " "))
	}
	return table
}

func viewTables(t *testing.T) (text string) {
	views := queries.Views()
	for _, v := range views {
		text += "### " + v.Name + "\n\n" + wrapped(v.About) + "\n\n" + columnTable(v) + "\n"
	}
	return text
}

func columnTable(q queries.Query) string {
	table := "| column | type | means |\n|---|---|---|\n"
	for _, c := range q.Columns {
		kind := string(c.Type)
		if c.Nullable {
			kind += "?"
		}
		table += fmt.Sprintf("| `%s` | %s | %s |\n", c.Name, kind, cell(c.About))
	}
	return table
}

func parameterTable(q queries.Query) string {
	if len(q.Parameters) == 0 {
		return ""
	}
	table := "| parameter | default | means |\n|---|---|---|\n"
	for _, p := range q.Parameters {
		given := p.Default
		if p.Required {
			given = "required"
		}
		table += fmt.Sprintf("| `--%s` | %s | %s |\n", p.Name, given, cell(p.About))
	}
	return table + "\n"
}

func flags(q queries.Query) string {
	var names []string
	for _, p := range q.Parameters {
		names = append(names, "`--"+p.Name+"`")
	}
	return strings.Join(names, " ")
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

var quotedText = regexp.MustCompile(`"[^"]*"`)

var exampleKey = regexp.MustCompile(`^(# )?([a-z_]+) = (.*)$`)

// settingsTables reads the example settings, which a test of the settings holds
// to what the program takes: a comment describes the key or the table below it.
func settingsTables(t *testing.T) (text string) {
	example, err := os.ReadFile("config.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	var about []string
	table, shared := "", map[string]bool{}
	for line := range strings.Lines(string(example)) {
		line = strings.TrimSpace(line)
		m := exampleKey.FindStringSubmatch(line)
		switch {
		case line == "":
			about = nil
		case strings.HasPrefix(line, "["):
			table = line
			text += "\n## " + strings.Trim(line, "[]") + "\n\n"
			if about != nil {
				text += wrapped(strings.Join(about, " ")) + "\n\n"
			}
			text += "Table `" + line + "`.\n\n| key | default | means |\n|---|---|---|\n"
			about = nil
		case m == nil:
			about = append(about, strings.TrimSpace(strings.TrimPrefix(line, "#")))
		default:
			comment, key, value := m[1] != "", m[2], "`"+m[3]+"`"
			means := quotedText.ReplaceAllString(cell(strings.Join(about, " ")), "`$0`") // else * is emphasis
			switch {
			case table == "[[clusters]]" && shared[key]:
				value, means = "as in `[sync]`", "Overrides `[sync]` for this cluster."
			case m[3] != "false" && (comment || table == "[[clusters]]"):
				value, means = "", means+" Example: "+value+"."
			}
			if means == "" {
				t.Errorf("config.example.toml says nothing of %s in %s", key, table)
			}
			shared[key] = shared[key] || table == "[sync]"
			text += fmt.Sprintf("| `%s` | %s | %s |\n", key, value, means)
			about = nil
		}
	}
	return text
}

// wrapped breaks a paragraph into lines of at most 98 columns.
func wrapped(text string) string {
	lines, width := "", 0
	for _, word := range strings.Fields(text) {
		switch n := utf8.RuneCountInString(word); {
		case width == 0:
			lines, width = word, n
		case width+1+n > 98:
			lines, width = lines+"\n"+word, n
		default:
			lines, width = lines+" "+word, width+1+n
		}
	}
	return lines
}
