package remote

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"importarchive/sync/remote/answer"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected verdicts in testdata")

// TestSampleAnswersGetTheirVerdict reads testdata/answers/DIALECT/NAME.STATUS.*
// and compares what we make of each with NAME.STATUS.want. A new sample is a
// new file; -update writes its verdict, which is then for a person to read. Each
// is read as a first page, unless its name says that it is past the end.
func TestSampleAnswersGetTheirVerdict(t *testing.T) {
	checkSamples(t, "answers", func(d *Dialect, name string, status int, body []byte) string {
		page := 1
		if strings.Contains(name, "past-the-end") {
			page = 2
		}
		return verdict(d.read(page, status, body))
	})
}

type judge func(d *Dialect, name string, status int, body []byte) string

func checkSamples(t *testing.T, folder string, judge judge) {
	for _, name := range DialectNames() {
		d, _ := DialectNamed(name)
		files, err := filepath.Glob(filepath.Join("testdata", folder, name, "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no samples for %s: %v", name, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, ".want") {
				continue
			}
			t.Run(name+"/"+filepath.Base(file), func(t *testing.T) { checkSample(t, d, file, judge) })
		}
	}
}

func checkSample(t *testing.T, d *Dialect, file string, judge judge) {
	stem := strings.TrimSuffix(file, filepath.Ext(file))
	status, err := strconv.Atoi(strings.TrimPrefix(filepath.Ext(stem), "."))
	if err != nil {
		t.Fatalf("no HTTP status in the name: %v", err)
	}
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := judge(d, filepath.Base(stem), status, body)
	if *update {
		if err := os.WriteFile(stem+".want", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(stem + ".want")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
}

// verdict shows a listing or an error with nothing left out.
func verdict(l answer.Listing, failure *Error) string {
	var b strings.Builder
	if failure != nil {
		retry := "final"
		if failure.retryable() {
			retry = "worth another try"
		}
		fmt.Fprintf(&b, "%s\n%s\n", failure, retry)
		return b.String()
	}
	fmt.Fprintf(&b, "count %d\n", l.Count)
	for _, j := range l.Jobs {
		b.WriteString(showJob(j) + "\n")
	}
	for _, r := range l.Rejects {
		fmt.Fprintf(&b, "reject %q: %s\n", r.Reason, r.Raw)
	}
	if l.Forgotten > 0 {
		fmt.Fprintf(&b, "forgotten %d\n", l.Forgotten)
	}
	return b.String()
}

func showJob(j Job) string {
	text := fmt.Sprintf("job %q collection=%q state=%q", j.ID, j.Collection, j.RawState)
	if j.Progress != nil {
		text += fmt.Sprintf(" progress=%v", *j.Progress)
	}
	if j.Reason != "" {
		text += fmt.Sprintf(" reason=%q", j.Reason)
	}
	if j.Extra != "" {
		text += " extra=" + j.Extra
	}
	return text
}

func TestDeepNestingIsAnErrorAndNotAStackOverflow(t *testing.T) {
	d, _ := DialectNamed("zilliz-v1")
	deep := func(depth int) []byte {
		return []byte(`{"code":200,"data":{"tasks":[{"jobId":"job-1","x":` +
			strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}]}}`)
	}
	if l, failure := d.read(1, 200, deep(9000)); failure != nil || len(l.Jobs) != 1 || len(l.Jobs[0].Extra) != 18008 {
		t.Errorf("9000 deep: %d jobs, %v", len(l.Jobs), failure)
	}
	if _, failure := d.read(1, 200, deep(1_000_000)); failure == nil || failure.Kind != Protocol {
		t.Errorf("a million deep: %v", failure)
	}
}
