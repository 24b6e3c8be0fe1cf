package report

import (
	"strings"
	"testing"

	"importarchive/queries"
)

func TestMarkdownShowsATextAsItIs(t *testing.T) {
	for s, want := range map[string]string{
		"plain_name ü 日本":                "plain_name ü 日本",
		"first_seen_at":                  "first_seen_at",
		"_x_ __init__ a _b_":             `\_x\_ \_\_init\_\_ a \_b\_`,
		"a|b\\|c":                        `a\|b\\\|c`,
		"two\r\nlines":                   `two\\r\\nlines`,
		"<script>&amp;*bold*`c`[l](u)~$": "\\<script\\>\\&amp;\\*bold\\*\\`c\\`\\[l\\](u)\\~\\$",
		"\x1b[2J \u202e bad \xff":        `\\x1b\[2J \\u202e bad \\xff`,
	} {
		if got := markdownText(s); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

func TestMarkdownKnowsNumbersWithoutSeeingRows(t *testing.T) {
	table := Of([]string{"a", "b", "c"}, nil)
	table.Described = []queries.Column{{Name: "a", Type: queries.Integer}, {Name: "b", Type: queries.Day}, {Name: "c", Type: queries.Real}}
	if got, want := written(t, "markdown", table, Options{}), "| a | b | c |\n| ---: | --- | ---: |\n"; got != want {
		t.Errorf("%q", got)
	}
}

func TestLongMarkdownIsWhole(t *testing.T) {
	text := written(t, "markdown", queried(t, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) SELECT i FROM n`, nil), Options{})
	if lines := strings.Split(text, "\n"); len(lines) != 1503 || lines[1] != "| ---: |" || lines[1501] != "| 1500 |" {
		t.Errorf("%d lines, %q", len(lines), lines[len(lines)-2])
	}
}

// FuzzMarkdown checks that, whatever a cell holds, its row stays one line with as
// many cells, a terminal obeys nothing in it, and the text reads back.
func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{"", "a|b", `\`, `\|`, "a\r\n|b", "\x1b[2J", "\xff", "_a_b_", "`|`", "<br>", " "} {
		f.Add(s, "x")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		text := written(t, "markdown", Of([]string{"a", "b"}, [][]any{{one, two}}), Options{})
		lines := strings.Split(text, "\n")
		if len(lines) != 4 || lines[3] != "" || Printable(lines[2]) != lines[2] {
			t.Fatalf("%q", text)
		}
		cells := markdownCells(lines[2])
		if len(cells) != 2 || cells[0] != Printable(one) || cells[1] != Printable(two) {
			t.Fatalf("%q and %q became %q: %s", one, two, cells, lines[2])
		}
	})
}

// markdownCells reads a row: a backslash takes its mark's meaning, a bar
// without one ends a cell, and a space stands on each side of one.
func markdownCells(line string) []string {
	var cells []string
	var cell strings.Builder
	marked := false
	for _, r := range strings.TrimPrefix(line, "|") {
		switch {
		case !marked && r == '\\':
			marked = true
			continue
		case !marked && r == '|':
			cells = append(cells, strings.TrimSuffix(cell.String()[1:], " "))
			cell.Reset()
		case marked && !strings.ContainsRune(markdownMarks, r):
			cell.WriteRune('\\') // stands for itself there, and must not
			cell.WriteRune(r)
		default:
			cell.WriteRune(r)
		}
		marked = false
	}
	return cells
}
