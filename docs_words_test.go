package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"importarchive/cli"
	"importarchive/queries"
)

// Words of an older glossary, and words that hide who does what. The glossary
// in DESIGN.md has what they are called instead.
var (
	goneWords = regexp.MustCompile(`(?i)\b(nobody|somebody|whoever|whom|anybody else|tombstones?|parcels?|companions?|patience|prefetch\w*|looked)\b` +
		`|(?i)\b(a|an|the|this|that|each|every|no|newest|last|first|next|one|two|three|which|between|its|our|by|from|of) looks?\b` +
		`|(?i)\b(is|are|was|were) told\b|(?i)\b(was|were|been) looking\b`)
	// hiddenActors are the words that comments must not use either.
	hiddenActors = regexp.MustCompile(`(?i)\b(nobody|somebody|whoever|whom|anybody else|told of|looked (at|for))\b` +
		`|(?i)\b(is|are|was|were|be|been|being) (told|looked|heard)\b` +
		`|(?i)\b(a|each|every|no|newest|last|first|next|two|three|which|between) looks?\b`)
	goneNames = []string{"Nobody", "Somebody", "Whoever", "Tombstone", "Tombstones", "Parcel", "Parcels", "Companion", "Patience", "Prefetch", "Look", "Looks", "Looked"}
)

func TestDocumentsHaveNoWordsThatWentAway(t *testing.T) {
	texts := documents(t)
	for _, file := range []string{"docs/alerts.yml", "docs/grafana-archive.json", "docs/grafana-service.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[file] = string(text)
	}
	for file, text := range texts {
		own := generated.ReplaceAllString(text, "") // the tests of the sources check what is generated
		for _, word := range goneWords.FindAllString(own, -1) {
			t.Errorf("%s says %q", file, word)
		}
	}
}

func TestHelpSettingsAndNamesHaveNoWordsThatWentAway(t *testing.T) {
	var uses []string
	say := func(where, text string) {
		for _, word := range goneWords.FindAllString(text, -1) {
			uses = append(uses, where+": "+word)
		}
	}
	var help func(c *cobra.Command)
	help = func(c *cobra.Command) {
		say(c.CommandPath(), c.Short+"\n"+c.Long+"\n"+c.Example)
		c.LocalFlags().VisitAll(func(f *pflag.Flag) { say(c.CommandPath()+" --"+f.Name, f.Name+" "+f.Usage) })
		for _, sub := range c.Commands() {
			if sub.Parent().Name() != "report" { // these are the headers below
				help(sub)
			}
		}
	}
	help(cli.Commands())
	for kind, all := range map[string][]queries.Query{"report": queries.Reports(), "view": queries.Views()} {
		for _, q := range all {
			where := kind + " " + q.Name
			say(where, q.Title+"\n"+q.About)
			for _, p := range q.Parameters {
				say(where+" "+p.Name, p.About)
			}
			for _, c := range q.Columns {
				say(where+" "+c.Name, strings.ReplaceAll(c.Name, "_", " ")+"\n"+c.About)
			}
		}
	}
	example, err := os.ReadFile("config.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	say("config.example.toml", string(example))
	for file := range goFiles(t) {
		for _, name := range exportedNames(t, file) {
			for _, word := range regexp.MustCompile(`[A-Z][a-z0-9]*`).FindAllString(name, -1) {
				if slices.Contains(goneNames, word) && !strings.Contains(name, "Lookup") {
					uses = append(uses, filepath.ToSlash(file)+": "+name)
				}
			}
		}
	}
	for _, use := range uses {
		t.Error(use)
	}
}

// TestCommentsNameWhoActs reads the comments of the program and of its tests,
// and all SQL, whose comments are documents too.
func TestCommentsNameWhoActs(t *testing.T) {
	for file := range goFiles(t) {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, comment := range parsed.Comments {
			for _, word := range hiddenActors.FindAllString(comment.Text(), -1) {
				t.Errorf("%s: a comment says %q", file, word)
			}
		}
	}
	for _, pattern := range []string{"migrations/*.sql", "queries/*.sql", "queries/*/*.sql"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, word := range hiddenActors.FindAllString(string(text), -1) {
				t.Errorf("%s says %q", file, word)
			}
		}
	}
}

// exportedNames returns the exported functions, methods, types, values and fields
// of a file of the program.
func exportedNames(t *testing.T, file string) (names []string) {
	if strings.HasSuffix(file, "_test.go") {
		return nil
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			names = append(names, n.Name.Name)
			return false
		case *ast.TypeSpec:
			names = append(names, n.Name.Name)
		case *ast.ValueSpec:
			for _, name := range n.Names {
				names = append(names, name.Name)
			}
		case *ast.Field:
			for _, name := range n.Names {
				names = append(names, name.Name)
			}
		case *ast.FuncLit:
			return false
		}
		return true
	})
	return slices.DeleteFunc(names, func(name string) bool { return !ast.IsExported(name) })
}
