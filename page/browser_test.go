package page

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"importarchive/longtest"
	"importarchive/report"
)

// shape is a shape as the browser lays it out.
type shape struct {
	Kind, Day     string
	Value         int64
	Width, Height float64
}

// seenPage is what testdata/browser.mjs saw.
type seenPage struct {
	Opened               int
	Requests, Complaints []string
	Page, Phone          struct {
		Tables map[string]struct {
			Columns []string
			Rows    [][]*string
		}
		Bars, Appeared, Lanes []shape
		Images                []string
		Overflow              float64
		Controls              int
		Words                 string
	}
	Light, Dark, Print struct {
		Ratio        float64
		Text, Ground string
	}
	Sorted map[string][]struct {
		Order  string
		Sorts  int
		Values []string
	}
	Keyboard struct {
		Presses                    int
		Clicked, Outlined, Entered string
	}
	Filtered struct {
		Wanted, Said string
		Shown        []string
		None, All    int
	}
	Unfolded float64
	Cut      []string // tables that scroll sideways on a desk
	Plain    struct {
		Words          string
		Controls, Bars int
	}
	Pages, Printed int
}

// browser opens a page. It keeps its pictures in the directory that the
// environment variable PICTURES names.
func browser(t *testing.T, page string) *seenPage {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err == nil {
		_, err = exec.LookPath("node")
	}
	if err == nil {
		_, err = os.Stat("../.ci/node/node_modules/playwright-core")
	}
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI needs chromium, node, and playwright-core in .ci/node: ", err)
		}
		t.Skip("this needs chromium, node, and playwright-core in .ci/node: ", err)
	}
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"testdata/browser.mjs", chromium, file}
	if pictures := os.Getenv("PICTURES"); pictures != "" {
		args = append(args, pictures)
	}
	cmd := exec.CommandContext(t.Context(), "node", args...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	seen := new(seenPage)
	if err := json.Unmarshal(out, seen); err != nil {
		t.Fatal(err)
	}
	return seen
}

func TestABrowserShowsThePage(t *testing.T) {
	longtest.Only(t)
	reader, now := livedArchive(t)
	page := pageOf(t, reader, now, "Imports")
	seen := browser(t, page)

	t.Run("and asks for nothing else", func(t *testing.T) {
		if len(seen.Complaints) > 0 {
			t.Error(seen.Complaints)
		}
		for _, request := range seen.Requests {
			if request != seen.Requests[0] || !strings.HasPrefix(request, "file:") {
				t.Errorf("it asked for %s", request)
			}
		}
		if len(seen.Requests) != seen.Opened || seen.Opened < 5 {
			t.Errorf("%d requests of a page that was opened %d times", len(seen.Requests), seen.Opened)
		}
	})
	t.Run("with every bar", func(t *testing.T) { seen.drawn(t) })
	t.Run("with the numbers that were written", func(t *testing.T) { seen.written(t, page) })
	t.Run("and sorts every column both ways", func(t *testing.T) { seen.sorts(t) })
	t.Run("and filters", func(t *testing.T) {
		f := seen.Filtered
		if len(f.Shown) == 0 || f.None != 0 || f.All != len(seen.Page.Tables["failures"].Rows) || !strings.Contains(f.Said, " of ") {
			t.Errorf("%+v", f)
		}
		for _, row := range f.Shown {
			if !strings.Contains(row, f.Wanted) {
				t.Errorf("%q is shown for %q", row, f.Wanted)
			}
		}
	})
	t.Run("in the light, in the dark and on paper", func(t *testing.T) {
		for name, l := range map[string]float64{"light": seen.Light.Ratio, "dark": seen.Dark.Ratio, "print": seen.Print.Ratio} {
			if l < 4.5 {
				t.Errorf("%s: a text has a contrast of %.1f: %q, %q, %q", name, l, seen.Light.Text, seen.Dark.Text, seen.Print.Text)
			}
		}
		if seen.Light.Ground == seen.Dark.Ground || seen.Print.Ground != "rgb(255, 255, 255)" {
			t.Errorf("grounds are %s, %s, %s", seen.Light.Ground, seen.Dark.Ground, seen.Print.Ground)
		}
		if seen.Pages < 2 || seen.Printed != 0 {
			t.Errorf("%d pages of paper with %d controls", seen.Pages, seen.Printed)
		}
	})
	t.Run("on a phone", func(t *testing.T) {
		if seen.Phone.Overflow > 0 || seen.Unfolded > 0 || seen.Page.Overflow > 0 {
			t.Errorf("it is %v, unfolded %v pixels too wide, %v on a desk", seen.Phone.Overflow, seen.Unfolded, seen.Page.Overflow)
		}
		if len(seen.Phone.Bars) != len(seen.Page.Bars) {
			t.Error("not all bars are drawn")
		}
	})
	t.Run("on a desk, with all columns", func(t *testing.T) {
		if len(seen.Cut) > 0 {
			t.Errorf("%v are wider than 1280 pixels allow", seen.Cut)
		}
	})
	t.Run("to a keyboard", func(t *testing.T) {
		k := seen.Keyboard
		if k.Clicked != "ascending" || k.Entered != "descending" || k.Outlined != "solid" || k.Presses >= 200 {
			t.Errorf("%+v", k)
		}
	})
	t.Run("without scripts", func(t *testing.T) {
		if seen.Plain.Controls != 0 || seen.Plain.Bars != len(seen.Page.Bars) || seen.Page.Controls == 0 {
			t.Errorf("%d controls, %d bars", seen.Plain.Controls, seen.Plain.Bars)
		}
		for _, words := range []string{"Freshness", "failed jobs, newest first", `<script>document.title = 'owned'</script>`} {
			if !strings.Contains(seen.Plain.Words, words) {
				t.Errorf("%q is not there", words)
			}
		}
	})
}

func (l *seenPage) drawn(t *testing.T) {
	if len(l.Page.Bars) < 12 || len(l.Page.Appeared) < 6 || len(l.Page.Lanes) < 10 {
		t.Errorf("%d bars, %d marks, %d in lanes", len(l.Page.Bars), len(l.Page.Appeared), len(l.Page.Lanes))
	}
	for _, s := range append(l.Page.Bars, append(l.Page.Lanes, l.Phone.Bars...)...) {
		if s.Width < 1 || s.Height < 1 {
			t.Errorf("%+v can't be seen", s)
		}
	}
	sums := map[string]int64{}
	days := l.Page.Tables["daily"]
	for _, row := range days.Rows {
		for i, name := range days.Columns[1:] {
			n, _ := strconv.ParseInt(*row[i+1], 10, 64)
			sums[name] += n
		}
	}
	for _, s := range l.Page.Bars {
		sums[s.Kind] -= s.Value
	}
	for _, s := range l.Page.Appeared {
		sums["appeared"] -= s.Value
	}
	for name, left := range sums {
		if left != 0 {
			t.Errorf("the chart differs from its table by %d %s", left, name)
		}
	}
	for _, name := range l.Page.Images {
		if len(strings.TrimSpace(name)) < 10 {
			t.Errorf("a screen reader says of a chart only %q", name)
		}
	}
}

func (l *seenPage) written(t *testing.T, page string) {
	for name, sheet := range parsed(t, page).sheets() {
		there := l.Page.Tables[name]
		if !slices.Equal(there.Columns, sheet[0]) || len(there.Rows) != len(sheet)-1 {
			t.Errorf("%s: %v with %d rows", name, there.Columns, len(there.Rows))
			continue
		}
		for i, row := range there.Rows {
			for at, cell := range row {
				if got := sheet[i+1][at]; cell == nil && got != "" || cell != nil && *cell != got {
					t.Errorf("%s, row %d: %q", name, i, got)
				}
			}
		}
	}
}

// sorts checks that numbers are sorted as numbers, and missing values are last.
func (l *seenPage) sorts(t *testing.T) {
	numbers := 0
	for column, turns := range l.Sorted {
		for i, turn := range turns {
			if want := []string{"ascending", "descending"}[i]; turn.Order != want || turn.Sorts != 1 {
				t.Errorf("%s says it is %s", column, turn.Order)
			}
			values, missing := turn.Values, slices.Index(turn.Values, "")
			if missing >= 0 {
				if strings.Join(values[missing:], "") != "" {
					t.Errorf("%s: what is missing is not last: %q", column, values)
				}
				values = values[:missing]
			}
			var sizes []float64
			for _, text := range values {
				if f, err := strconv.ParseFloat(text, 64); err == nil {
					sizes = append(sizes, f)
				}
			}
			if len(sizes) < len(values) || len(sizes) < 2 {
				continue
			}
			numbers++
			if i == 1 {
				slices.Reverse(sizes)
			}
			if !slices.IsSorted(sizes) {
				t.Errorf("%s is not sorted: %q", column, turn.Values)
			}
		}
		if slices.Equal(turns[0].Values, turns[1].Values) && slices.ContainsFunc(turns[0].Values, func(v string) bool { return v != turns[0].Values[0] && v != "" }) &&
			!slices.Contains(turns[0].Values, "") {
			t.Errorf("%s is the same both ways", column)
		}
	}
	if numbers < 20 {
		t.Errorf("only %d columns of numbers were sorted", numbers)
	}
}

func TestABrowserShowsATable(t *testing.T) {
	longtest.Only(t)
	seen := browser(t, asHTML(t, queried(t, every, nil), report.Options{Title: "Every value", About: "Some of them unkind."}))
	if len(seen.Complaints) > 0 || len(seen.Page.Tables["Every value"].Rows) != 6 {
		t.Errorf("%v, %+v", seen.Complaints, seen.Page.Tables)
	}
	if seen.Phone.Overflow > 0 || seen.Light.Ratio < 4.5 || seen.Dark.Ratio < 4.5 {
		t.Errorf("%v too wide, contrast %.1f and %.1f", seen.Phone.Overflow, seen.Light.Ratio, seen.Dark.Ratio)
	}
	seen.sorted(t, "Every value.jobs", []string{"-1", "0", "1", "1234567", "9007199254740993", ""})
}

func (l *seenPage) sorted(t *testing.T, column string, want []string) {
	t.Helper()
	if turns := l.Sorted[column]; len(turns) != 2 || !slices.Equal(turns[0].Values, want) {
		t.Errorf("%s: %+v", column, turns)
	}
}
