package web

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"importarchive/longtest"
)

// looked is the output of testdata/browser.mjs.
type looked struct {
	Requests, Complaints []string
	Pages                map[string]struct {
		Status, Inline, Unnamed, Narrow, Bars int
		Heading, Styled                       string
		Overflow, Phone, Dark                 float64
		Light                                 struct {
			Ratio float64
			Text  string
		}
	}
	Printed struct{ Controls, Rows int }
	Sorted  struct {
		Order string
		Rows  [][]string
	}
	File   struct{ Name, Text string }
	Search struct {
		Before        bool
		Said, Heading string
	}
	Plain struct {
		Address, Chosen, Wrong, Job, Cluster string
		Rows                                 [][]string
		Transitions                          int
	}
}

// needBrowser returns the browser's path, and skips where one is missing.
func needBrowser(t *testing.T) string {
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
	return chromium
}

// browse opens pages in a browser. It keeps screenshots if the environment variable
// PICTURES names a directory.
func browse(t *testing.T, origin, job string, paths []string) *looked {
	t.Helper()
	chromium := needBrowser(t)
	list, err := json.Marshal(paths)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"testdata/browser.mjs", chromium, origin, job, string(list)}
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
	seen := new(looked)
	if err := json.Unmarshal(out, seen); err != nil {
		t.Fatal(err)
	}
	return seen
}

func TestABrowserShowsTheServedPages(t *testing.T) {
	longtest.Only(t)
	a := tell(t)
	r := run(t, a, nil)
	paths := []string{
		"/", "/clusters/lab", "/clusters/prod%2F%3Cb%3E%20%22&%3F%23%252F", "/job?cluster=lab&job=..%2F..%2F..%2Fetc%2Fpasswd", "/job?job=..", "/runs", "/gaps",
		"/reports", "/reports/failures", "/reports/timeline", "/jobs?limit=10", "/collection?cluster=lab&collection=films", "/job?job=job", "/?refresh=60", "/reports/as-of?at=2026-05-01+18:00&gone=true", "/nothing", "/reports/daily?days=many",
	}
	seen := browse(t, r.origin, "job-lab3", paths)

	t.Run("asking no other host", func(t *testing.T) {
		for _, request := range seen.Requests {
			if !strings.HasPrefix(request, r.origin+"/") {
				t.Errorf("it asked for %s", request)
			}
		}
		for _, complaint := range seen.Complaints {
			// A browser also complains about pages with status 40x.
			if !strings.Contains(complaint, "responded with a status of 40") {
				t.Error(complaint)
			}
		}
	})
	t.Run("in the light, in the dark and on a phone", func(t *testing.T) {
		for _, path := range paths {
			p := seen.Pages[path]
			if p.Inline > 0 || p.Unnamed > 0 || p.Narrow > 0 || p.Styled != "flex" || p.Heading == "" {
				t.Errorf("%s: %+v", path, p)
			}
			if p.Overflow > 0 || p.Phone > 0 {
				t.Errorf("%s is %v pixels too wide, %v on a phone", path, p.Overflow, p.Phone)
			}
			if p.Light.Ratio < 4.5 || p.Dark < 4.5 {
				t.Errorf("%s: a contrast of %.1f (%q), %.1f in the dark", path, p.Light.Ratio, p.Light.Text, p.Dark)
			}
		}
		for _, path := range []string{"/", "/clusters/lab", paths[3], "/gaps"} {
			if seen.Pages[path].Bars < 3 {
				t.Errorf("%s has %d bars", path, seen.Pages[path].Bars)
			}
		}
		if a, b := seen.Pages["/nothing"].Status, seen.Pages["/reports/daily?days=many"].Status; a != 404 || b != 400 {
			t.Errorf("%d, %d", a, b)
		}
	})
	t.Run("sorting with its script", func(t *testing.T) {
		var ids []string
		for _, row := range seen.Sorted.Rows {
			ids = append(ids, row[1])
		}
		// All but those that a collator orders otherwise than we do.
		ids = slices.DeleteFunc(ids, func(id string) bool { return !strings.HasPrefix(id, "job-lab") })
		if seen.Sorted.Order != "ascending" || len(ids) < 5 || !slices.IsSorted(ids) {
			t.Errorf("%s %q", seen.Sorted.Order, ids)
		}
	})
	t.Run("searching all where a table is cut", func(t *testing.T) {
		if got := seen.Search; got.Before || got.Said != "0 of the 8 rows here." || got.Heading != "job-lab3" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("on paper", func(t *testing.T) {
		if seen.Printed.Controls > 0 || seen.Printed.Rows < 5 {
			t.Errorf("%+v", seen.Printed)
		}
	})
	t.Run("giving files", func(t *testing.T) {
		if want := csvOf(t, a, "failures", map[string]any{"limit": int64(0)}); seen.File.Name != "failures.csv" || seen.File.Text != want {
			t.Errorf("%s has\n%q, the archive\n%q", seen.File.Name, seen.File.Text, want)
		}
	})
	t.Run("and all of it without a script", func(t *testing.T) {
		p := seen.Plain
		if len(p.Rows) != 2 || p.Rows[0][0] != "lab" || p.Chosen != "lab" || !strings.Contains(p.Address, "cluster=lab") {
			t.Errorf("the form gave %q at %s", p.Rows, p.Address)
		}
		if p.Wrong != `limit "many" is not a whole number` || p.Job != "job-lab3" || p.Transitions < 1 || p.Cluster != "lab" {
			t.Errorf("%+v", p)
		}
	})
}
